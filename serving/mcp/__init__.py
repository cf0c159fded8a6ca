"""The API as an MCP server: its tools at /mcp, and a process on standard input and output that passes calls on."""
