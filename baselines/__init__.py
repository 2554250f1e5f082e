"""Published search algorithms, one per file, under their usual names."""
