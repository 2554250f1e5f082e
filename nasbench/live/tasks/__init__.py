"""Tasks: a data set with a fixed train / search / test split, a metric, an augmentation and a source. One a file."""
