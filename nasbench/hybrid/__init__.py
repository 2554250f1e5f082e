"""The hybrid optimizer: relaxation, evolution, surrogate, scheduler."""
