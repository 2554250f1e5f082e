"""The claims: one family of theorems a module."""
