"""Live experiments: search, retrain the architecture found, evaluate it once on the test split."""
