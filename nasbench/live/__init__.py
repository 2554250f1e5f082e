"""Live search: architectures that are trained. The only package of the suite that imports torch."""
