"""The crates of a Rust project, and what cargo needs to compile them without a registry."""
