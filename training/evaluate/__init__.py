"""Judging a model on held-out pairs by running its SQL in the sandbox."""
