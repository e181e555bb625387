"""Forecasts of any long table of periods: models, backtests, pools, intervals, hierarchies, and where they run.

Belongs here: everything between a history (`unique_id, ds, y`) and the forecast rows.
Does not: reading or writing a warehouse, schedules, the ledger, anything of `pipelines`; no DuckDB, no Dagster.
A cluster worker needs this folder and nothing else of the product.
"""
