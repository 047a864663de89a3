"""Porter builds, tests and ships Python wheels for Pyodide."""

__version__ = "0.1.0"
