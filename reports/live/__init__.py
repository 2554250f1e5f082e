"""Reports of live studies: architectures that were trained. Reads files alone and imports no torch."""
