"""Judge a wheel by its bytes alone: whether it would install, link and start."""
