"""What micropip would install for a set of requirements, or why it would not."""
