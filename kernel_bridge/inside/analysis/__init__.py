"""What a cell does, read from its source: nothing here runs any of it."""
