//! The gateway: HTTP edge, MCP surface, Aurora client, health probes.
