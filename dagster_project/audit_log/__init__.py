"""Reading the server's log into `raw_audit`; called by the ingest asset.

`records.py` finds the records of a file, `formats.py` reads one, `ingest.py` loads what is new.
"""
