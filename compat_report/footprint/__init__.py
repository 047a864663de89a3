"""How much memory a notebook needs, and how much data it moves."""
