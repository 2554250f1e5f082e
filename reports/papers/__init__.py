"""Published tables beside reproduced ones: one paper a file, data and protocol alone; the rest runs and judges them."""
