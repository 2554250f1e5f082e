"""Training one network: batches, recipe, loop, checkpoints."""
