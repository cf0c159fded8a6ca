"""Benchmarks of training that anyone can run. Each compares with a named baseline in the same run."""
