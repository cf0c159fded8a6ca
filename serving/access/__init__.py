"""Who may ask: networks, keys with scopes and rates, the database role of each key; size limits of what is sent."""
