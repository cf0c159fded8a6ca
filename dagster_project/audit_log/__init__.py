"""Reading the server's log into `raw_audit`; called by the ingest asset.

`sources.py` finds the log files: on this machine (`files.py`), at AWS (`rds.py`, `rds_api.py`), through SQL
(`server_log.py`). `records.py` and `csvlog.py` find the records of one, `formats.py` reads a record, `progress.py`
knows how far a file has been read, `ingest.py` loads what is new, and `balance.py` counts it all again.
"""
