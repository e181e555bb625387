"""One model per file, found by folder: the class carries its name.

Belongs here: how a batch of series becomes point forecasts. Does not: choosing between models, intervals, sums.
Heavy libraries are imported inside methods, so that listing the models costs nothing.
"""
