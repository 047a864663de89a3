"""The report over a whole company: many notebooks, read side by side, each once."""
