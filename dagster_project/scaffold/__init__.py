"""`make scaffold SCHEMA=…`: writes the sources' YAML and the sandbox models of a user's own business schemas."""
