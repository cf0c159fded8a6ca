"""The embedded warehouse: a local PostgreSQL from a pip wheel, driven through its own initdb and pg_ctl.

`server.py` is the face (start, stop, status, remove); each other module has one concern. Called by the command line
(`python -m dagster_project.embedded`), by `dagster_project.warehouse` and by the tests.
"""
