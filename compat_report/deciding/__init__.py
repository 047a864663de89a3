"""Which kernel a notebook is to be opened with, and all that follows from where it runs."""
