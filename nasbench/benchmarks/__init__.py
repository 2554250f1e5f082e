"""Benchmarks: the search problem and, separate from it, the oracle with test scores."""
