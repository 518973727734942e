//! The McpToken types, and nothing else.
