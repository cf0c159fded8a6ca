"""Benchmarks of the road from log to corpus; results that were measured are under `results/`."""
