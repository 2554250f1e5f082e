"""What the suite itself costs, measured beside the orders that theory states."""
