"""What a study becomes: statistics, tables, figures, published results beside reproduced ones."""
