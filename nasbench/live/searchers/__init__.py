"""Weight-sharing searchers: one published algorithm per file, all driven by the same loop."""
