"""Tables of pandas as Arrow, the same in a kernel with pyarrow and in one with nanoarrow alone."""
