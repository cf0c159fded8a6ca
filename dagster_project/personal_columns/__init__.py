"""Which columns of a business hold what is personal: by their names and by what sampled values look like.

Used by `dagster_project.scaffold`, which suggests tags, and by the check that no personal column goes untagged.
"""
