"""Supernets: networks that contain every architecture of a space with shared weights."""
