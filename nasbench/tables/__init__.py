"""Tables of measured architectures: memory-mapped arrays with a manifest."""
