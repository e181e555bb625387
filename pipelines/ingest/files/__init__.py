"""The permanent store of files and the ledger of their outcomes, shared by landing, quarantine and erasure.

Belongs here: paths in landing/ of a home, writing rows and refused rows as Parquet, rows of the file ledger. Does not
belong here: deciding what is read (landing/), validating it (casting/).
"""
