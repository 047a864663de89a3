"""Frames that come in chunks, and the jobs on the compute tier that make datasets of them.

An upload's chunks lie in the spool until its job, on Dask, has written them into a target as one
Parquet dataset, which is seen whole or not at all.
"""
