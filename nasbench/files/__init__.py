"""Files: written whole or not at all, read with bounds, one writer at a time, names that every file system can hold."""
