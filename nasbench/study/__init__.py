"""Plan, runner and trace store."""
