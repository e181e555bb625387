"""The sheet of the review workbook on which people write their number beside the model's."""

from pipelines.report.served import Row, Served

FORECASTS = "forecasts"
FORECAST_COLUMNS = {
    "metric": "term:metric",
    "period_start": "month",
    "yhat": "figure",
    "lo_80": "figure",
    "hi_80": "figure",
    "model": "term:model",
}
FORECAST_ANSWERS = ("approved_amount", "reason", "decided_by", "decided_on")
_NEEDS = {
    "forecast.latest": ("unique_id", "period_start", "yhat", "lo_80", "hi_80", "model", "horizon", "scenario"),
    "forecast.series": ("unique_id", "metric", "level", "freq"),
}
_QUERY = """select metric, period_start, yhat, lo_80, hi_80, model
from forecast.latest
join forecast.series using (unique_id)
where level = 'total' and freq = 'MS' and scenario = 'base' and horizon <= 6
order by metric, period_start"""


def open_forecasts(served: Served) -> list[Row]:
    """The next six months of each monthly total; none where they are not served."""
    return served.rows(_QUERY) if all(served.has(table, *columns) for table, columns in _NEEDS.items()) else []
