"""Claims held against the runs of finished studies."""
