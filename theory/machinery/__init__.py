"""Verification: claims and mutants, their registry, statistical checks, and a test bed."""
