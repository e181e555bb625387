"""Prophet's model solved in batch: posterior modes, forecasts and intervals for very many series at once.

Belongs here: from a long frame and a Prophet specification to forecasts of the same model.
Does not: backtests, pools, calibrated intervals, other models (forecasts/), reading or writing files of a warehouse.
Method and limits: docs/prophet_map.md.
"""

from forecasts.prophet_map.engine import Fit, fit, fit_predict
from forecasts.prophet_map.specification import Holiday, Regressor, Seasonality, Specification, SpecificationError

__all__ = ["Fit", "Holiday", "Regressor", "Seasonality", "Specification", "SpecificationError", "fit", "fit_predict"]
