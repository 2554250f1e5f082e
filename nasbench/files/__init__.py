"""Files: atomic writing, bounded reading, locks, and portable names."""
