"""How far off a forecast may be: conformal intervals and their bounds.

Belongs here: widths. Does not: point forecasts, or the errors that widths are learned from (backtesting).
"""
