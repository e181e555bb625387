"""Files kept for ever: which arrive, when they were exported, their rows, the ledger of files, and `raw.*`.

Belongs here: the inbox, the file store, loading. Does not belong here: how a cell is read (formats/, casting/).
Reads quarantine/ and erasure/ for the rows that are not loaded; neither of them imports this package but its store.
"""
