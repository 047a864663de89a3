"""Looking after an index: export, backup and restore, verification."""
