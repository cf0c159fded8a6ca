"""Dagster resources of our own; bound in `defs/resources.py`."""
