"""What people and BI tools see: the served file, Parquet, the status file, and what a run says when it ends.

Belongs here: writing aside and swapping in, masking of personal data, comments of tables and columns. Does not belong
here: any figure that is not in a table already.
"""
