"""Federated architecture search: clients keep their data and exchange weights and theta through Flower."""
