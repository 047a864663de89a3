"""What a platform and a kernel have: the standard library, the lock file, the indexes."""
