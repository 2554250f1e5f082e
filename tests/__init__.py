"""Tests; a package, so that `python -m tests.fuzz` is this one and not one that a dependency installs."""
