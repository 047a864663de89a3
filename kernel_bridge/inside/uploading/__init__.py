"""`%%dataframe`: what its cell says, and a frame's way to the bridge in chunks."""
