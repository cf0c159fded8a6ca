"""The long-running services, Dagster's UI and daemon and the API: started in the background, stopped, cleaned up.

`python -m dagster_project.services up|down|clean`, called by the Makefile.
"""
