"""Backtests: what each model would have forecast in the past, and the errors of those forecasts.

Cutoffs and forecasts after them: rolling_origin.py. Error metrics (MASE, RMSSE, coverage ...): metrics.py. Series in
partitions: partitions.py; where they run (this process, a pool, Ray, Dask, Spark): execution.py.
Does not belong here: choosing between models (selection/pool.py), interval widths (uncertainty/conformal.py).
"""
