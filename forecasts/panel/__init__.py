"""A panel of series before any model sees it: a long table as arrays of equal steps, and the regressors of its periods.

Dates to periods and back: frequency.py. Rows to arrays: batch.py. Festivals and working days: calendar.py; their effect
on models without regressors: festival_effects.py. External figures as published at a cutoff: regressors.py.
Does not belong here: models; reading a file (forecasts/files.py, pipelines/ingest).
"""
