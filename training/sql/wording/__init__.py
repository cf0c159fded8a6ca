"""The rules by which `training.sql.verbalize` says a query in English."""
