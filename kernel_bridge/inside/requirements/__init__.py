"""What a cell imports and the kernel has not: which that is, and how a browser's kernel gets it."""
