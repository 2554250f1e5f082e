"""Searchers that share weights: one published algorithm a file, all driven by the same loop."""
