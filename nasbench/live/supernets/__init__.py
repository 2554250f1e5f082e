"""A network that holds every architecture of a space on one set of weights."""
