"""Domain reference models without architecture search."""
