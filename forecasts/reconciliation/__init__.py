"""Forecasts that add up: the hierarchy of series, its reconciliation, and scenarios carried through it.

Belongs here: sums over levels. Does not: a single series.
"""
