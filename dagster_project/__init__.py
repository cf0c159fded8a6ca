"""Orchestration: the Dagster project, the embedded warehouse, the sample business, and what `make` runs."""
