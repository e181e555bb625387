"""Reconciliation: forecasts of a hierarchy that add up, and scenarios carried through it.

Which series add up to which: hierarchy.py. OLS, WLS and MinT: reconcile.py, applied by coherence.py to the future and
to every cutoff. Shocks and what-ifs: scenarios.py.
Does not belong here: the forecast of a single series.
"""
