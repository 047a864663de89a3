"""What a Pyodide release gets from an index: its files, its lock files, resolved sets of wheels."""
