"""Training of a network: batches, recipe, training loop, checkpoints."""
