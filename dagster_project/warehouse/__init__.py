"""The warehouse: its settings, and the roles, schemas and grants that everything else relies on.

`entry.open_warehouse` makes a warehouse ready (embedded or the user's own); `settings.Warehouse.load`
reads where it is.
"""
