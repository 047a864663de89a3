"""What comes in: a form is read, its file checked, and seen by all or by nobody."""
