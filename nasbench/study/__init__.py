"""Studies: configuration, runner and results store."""
