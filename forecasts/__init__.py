"""The forecast engine: from a long table (`unique_id, ds, y`) to forecasts, intervals, accuracy and their reasons.

run.py is the engine on one page; files.py runs it on a file; group.py orders the steps of one frequency:
    panel           dates to periods (frequency.py), arrays of series, calendars, external regressors
    models          one model per file (base.py: what a model is); engines/ and prophet_map/ compute them
    backtesting     rolling origins, error metrics, and where the work runs (processes, Ray, Dask, Spark)
    selection       which models serve a series: pool.py
    reconciliation  forecasts of a hierarchy that add up; scenarios
    uncertainty     intervals, calibrated in conformal.py
    deals           what open deals bring and what nobody has entered yet: chances, pipeline forecast
    output          result tables and charts; tables.yml describes their columns
A file's dates are read in files.py, those of exports in pipelines/ingest/casting/dates.py.
Does not belong here: a warehouse, schedules, the ledger (pipelines/ledger.py), reading exports; no DuckDB, no Dagster.
A cluster worker needs this folder and nothing else of the product.
"""
