"""Files kept for ever: which arrive, when they were exported, their rows, the ledger of files, and `raw.*`.

Belongs here: the inbox, the file store, loading. Does not belong here: how a cell is read (formats/, casting/).
"""
