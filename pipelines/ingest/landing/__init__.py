"""Landing: which files arrive, when they were exported, reading each once, and loading `raw.*`.

Belongs here: the inbox, the plan of a run, landing and loading. Does not belong here: how a cell is read (formats/,
casting/), the store and the ledger (files/).
"""
