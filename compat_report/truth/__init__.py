"""What becomes of notebooks that are run in the real runtime, beside what was foretold."""
