"""How far off a forecast may be: conformal intervals, their bounds, and the metrics that judge both.

Belongs here: widths and errors. Does not: point forecasts.
"""
