"""What a notebook has under its names, taken out of one kernel and put into another.

Both kernels are the same person's, with the same notebook open; nobody else's bytes are read back:
`pickle` runs what it is told to, and is used between these two alone. What comes from elsewhere
(`kernel_bridge.inside.frames`) is never unpickled.
"""
