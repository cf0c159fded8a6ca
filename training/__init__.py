"""The library and the command line that train, judge and release the text-to-SQL adapters.

Knows nothing of Dagster or FastAPI; both call it. Importing it, or `training.sql`, never imports torch.
"""
