"""Importers, one per source."""
