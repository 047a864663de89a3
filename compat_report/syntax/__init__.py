"""From a notebook's cells to facts: what they import, install and use, at which line."""
