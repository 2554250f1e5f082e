"""What answers a query: the search side and, apart from it, the test side."""
