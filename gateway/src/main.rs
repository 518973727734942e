//! Parses the configuration and starts the library.
fn main() {}
