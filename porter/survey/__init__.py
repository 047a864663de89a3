"""What the files of a source tell of it: its name, its build system, what it is compiled against."""
