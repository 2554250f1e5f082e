"""Claims about optimizers, each with a check that can fail: one family of theorems per module."""
