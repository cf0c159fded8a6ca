"""The API: questions in, SQL (and rows) out, with the champion adapter. Run as: `python -m serving`."""

VERSION = "0.1.0"
