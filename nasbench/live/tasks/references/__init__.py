"""What each domain would use without a search."""
