"""How fast the API answers, and what the others on the same machine take. Run as: `python -m serving.benchmarks`."""
