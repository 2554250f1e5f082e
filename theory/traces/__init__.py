"""Predictions of claims compared with the runs of finished studies."""
