"""Prophet's model solved in batch: posterior modes, forecasts and intervals for very many series at once.

Entry points: engine.py (`fit`, `fit_predict`); parquet.py for files larger than memory. Dates are read in panel.py;
Prophet's own intervals are computed in quantiles.py. Method and limits: docs/prophet_map.md.
Does not belong here: backtests, pools, calibrated intervals, other models, files of a warehouse.
"""

from forecasts.prophet_map.engine import Fit, fit, fit_predict
from forecasts.prophet_map.specification import Holiday, Regressor, Seasonality, Specification, SpecificationError

__all__ = ["Fit", "Holiday", "Regressor", "Seasonality", "Specification", "SpecificationError", "fit", "fit_predict"]
