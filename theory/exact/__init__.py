"""Exact distributions of search on a complete table: pure functions, no claims."""
