"""The machinery of verification: claims and mutants, their registry, statistical checks, a test bed."""
