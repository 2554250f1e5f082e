"""A live search as a whole: search, train what was found, score it once on the test split."""
