"""Counting and fitting out of core: one pass turns a table of any length into one-byte codes.

Numbers come in as record batches (Parquet files, Arrow tables and readers, pandas frames). A first look at
some rows fixes the fine classes of each feature; one scan encodes every value to the code of its class
and counts goods and bads; merging, weight of evidence and the logistic fit then work on counts and
codes alone. Compiled kernels live here; scoring a single applicant never imports this room.
"""
