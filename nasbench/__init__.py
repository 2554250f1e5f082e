"""What can be searched, what answers, what runs; and the hybrid optimizer."""
