"""What is kept: the database and its schema, and the store of bytes."""
