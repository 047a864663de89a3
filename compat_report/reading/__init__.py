"""From what is named on a command line to notebooks: files found, bytes read, cells told apart."""
