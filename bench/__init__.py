"""Figures: Porter beside the tools it drives, measured in one run."""
