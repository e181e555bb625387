"""One model per file, discovered by folder: the class has a `name`.

Belongs here: how a batch of series becomes point forecasts. Does not: choosing between models (selection/pool.py),
intervals (uncertainty/), reconciliation.
Heavy libraries are imported inside methods, so that listing the models costs nothing.
"""
