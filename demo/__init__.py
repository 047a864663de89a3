"""What `make demo` ends with: an index with the built wheels, and a browser that tries one."""
