//! Decides what an McpToken needs. No I/O, no clock, no randomness.
