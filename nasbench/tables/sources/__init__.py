"""One importer a source."""
