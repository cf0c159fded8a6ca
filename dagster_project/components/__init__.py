"""Dagster components of our own."""
