"""Prediction intervals: calibrated by split conformal on backtest residuals.

conformal.py calibrates: quantiles of pooled, scaled residuals. bounds.py applies it to every model, cutoff and level of
a hierarchy. With tier `prophet` a file has Prophet's own intervals instead (prophet_map/quantiles.py).
Does not belong here: point forecasts, or the errors that widths are learned from (backtesting).
"""
