"""Who asks, how they say so, and what they may do."""
