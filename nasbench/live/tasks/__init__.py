"""Tasks: data sets with a fixed train / search / test split, a metric, an augmentation and a source; one per file."""
