"""Results of the engine: tables of forecasts and accuracy (frames.py, columns in schemas.py), importance, and charts.

Belongs here: shaping and drawing results (forecasts/tables.yml describes the columns). Does not: computing a forecast.
"""
