"""Text to SQL on a public data set: load, train and judge on each of its splits. `command.py` is where it begins."""
