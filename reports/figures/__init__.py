"""Figures: one a module, each a function from evaluated results to a `Figure` of panels."""
