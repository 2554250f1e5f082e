"""The claims: one family of theorems per module."""
