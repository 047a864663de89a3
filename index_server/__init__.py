"""Serve wheels to micropip, pip, uv and the browser's runtime from one URL."""
