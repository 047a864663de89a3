"""Projects of the public index through this one, failing closed."""
