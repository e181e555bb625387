"""Files kept for ever and the ledger of what became of each: the store that landing, quarantine and erasure share.

Belongs here: paths in landing/ of a home, writing rows and refused rows as Parquet, rows of the file ledger. Does not
belong here: deciding what is read (landing/), judging it (casting/).
"""
