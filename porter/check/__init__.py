"""Run wheels in the real runtime."""
