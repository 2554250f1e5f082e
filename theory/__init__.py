"""Statements about optimizers, each a claim with a check that can fail: one family of theorems a module."""
