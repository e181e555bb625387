"""Scenarios on what drives bookings: fewer wins, fewer new deals, other prices, through the parts of the pipeline.

What is booked already stays; what open deals bring moves with win rate and price, what later deals bring with the rate
at which deals are created as well. The served number moves by as much, in proportion, as the pipeline's mean does.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from forecasts.config import Scenario
from forecasts.output import schemas
from forecasts.selection.weights import NUMBERS, coherent

KEY = ["unique_id", "period_start"]


def with_drivers(
    values: pl.DataFrame, series: pl.DataFrame, pipeline: pl.DataFrame, scenarios: Sequence[Scenario]
) -> pl.DataFrame:
    """The values with the scenarios that have drivers moved. pipeline: schemas.PIPELINE of the metric's series."""
    for scenario in scenarios:
        if scenario.drivers:
            values = _moved(values, series, _factors(pipeline, scenario.drivers), scenario.name)
    return values


def _factors(pipeline: pl.DataFrame, drivers: Mapping[str, float]) -> pl.DataFrame:
    """Per series and period: the pipeline's mean with the drivers over that without; 1 where nothing is expected."""
    per_win = drivers.get("win_rate", 1.0) * drivers.get("price", 1.0)
    later = per_win * drivers.get("creation_rate", 1.0)
    changed = pl.col("booked") + pl.col("existing") * per_win + pl.col("new") * later
    factor = pl.when(pl.col("mean") > 0).then(changed / pl.col("mean")).otherwise(1.0)
    return pipeline.select(*KEY, _factor=factor)


def _moved(values: pl.DataFrame, series: pl.DataFrame, factors: pl.DataFrame, name: str) -> pl.DataFrame:
    is_here = (pl.col("scenario") == name) & pl.col("unique_id").is_in(factors["unique_id"].unique().implode())
    names = series.select("unique_id", "metric", "level", "freq")
    rows = values.filter(is_here).join(factors, on=KEY, how="left", maintain_order="left")
    rows = rows.with_columns(pl.col(NUMBERS) * pl.col("_factor").fill_null(1.0))
    rows = coherent(rows.join(names, on="unique_id", maintain_order="left"), ["period_start"])
    return pl.concat([values.filter(~is_here), schemas.conform(rows, schemas.VALUES)])
