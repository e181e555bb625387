"""Scenarios on what drives bookings: fewer wins, fewer new deals, other prices, through the parts of the pipeline.

What is booked already stays; what open deals bring moves with win rate and price, what later deals bring with the rate
at which deals are created as well. The served number moves by as much, in proportion, as the pipeline's mean does.
What deals are not behind by themselves follows (`carried`): pieces and margin as revenue does, customers as bookings.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from forecasts.config import Scenario
from forecasts.output import schemas
from forecasts.selection.weights import NUMBERS, coherent

KEY = ["unique_id", "period_start"]
NODE = ["level", "member", "freq", "period_start"]
BASE, INFLOW = "base", "opportunity_inflow"
# What follows which metric, and whether a price moves it. A price moves margin by its whole amount: costs stay.
FOLLOWS = {"quantity": "revenue", "margin": "revenue", "new_customers": "bookings"}
PRICED = "margin"


def with_drivers(
    values: pl.DataFrame, series: pl.DataFrame, pipeline: pl.DataFrame, scenarios: Sequence[Scenario]
) -> pl.DataFrame:
    """The values with the scenarios that have drivers moved. pipeline: schemas.PIPELINE of the metric's series."""
    for scenario in scenarios:
        if scenario.drivers:
            values = _moved(values, series, _factors(pipeline, scenario.drivers), scenario.name)
    return values


def carried(
    values: pl.DataFrame, series: pl.DataFrame, pipelines: pl.DataFrame, scenarios: Sequence[Scenario]
) -> pl.DataFrame:
    """The values with what follows bookings and revenue moved as well, in the scenarios that have drivers.

    pipelines: schemas.PIPELINE of bookings and revenue. A member without deals of its own stays, but for the sum.
    """
    names = series.select("unique_id", "metric", "level", "member", "freq")
    for scenario in scenarios:
        if scenario.drivers:
            factors = _following(values, names, pipelines, scenario.drivers)
            values = _moved(values, series, factors, scenario.name)
    return values


def _following(
    values: pl.DataFrame, names: pl.DataFrame, pipelines: pl.DataFrame, drivers: Mapping[str, float]
) -> pl.DataFrame:
    """Per series and period the factor of everything that follows a metric with deals behind it, or their creation."""
    volume = {name: value for name, value in drivers.items() if name != "price"}
    both = _factors(pipelines, volume).join(_factors(pipelines, drivers).rename({"_factor": "_all"}), on=KEY)
    base = (
        values.filter((pl.col("scenario") == BASE) & pl.col("is_served"))
        .select(*KEY, "yhat")
        .join(names, on="unique_id")
    )
    leads = both.join(base, on=KEY).select(*NODE, _leads="metric", _leads_yhat="yhat", _factor="_factor", _all="_all")
    rows = base.with_columns(_leads=pl.col("metric").replace_strict(FOLLOWS, default=None, return_dtype=pl.String))
    rows = rows.join(leads, on=[*NODE, "_leads"], maintain_order="left", validate="m:1")
    gained = (pl.col("_all") - pl.col("_factor")) * pl.col("_leads_yhat") / pl.col("yhat")
    is_priced = (pl.col("metric") == PRICED) & (pl.col("yhat") > 0)
    follows = rows.select(*KEY, _factor=pl.col("_factor") + pl.when(is_priced).then(gained).otherwise(0.0))
    created = pl.lit(drivers.get("creation_rate", 1.0))
    return pl.concat([follows, base.filter(metric=INFLOW).select(*KEY, _factor=created)])


def _factors(pipeline: pl.DataFrame, drivers: Mapping[str, float]) -> pl.DataFrame:
    """Per series and period, once: the pipeline's mean with the drivers over that without; 1 of nothing expected."""
    per_win = drivers.get("win_rate", 1.0) * drivers.get("price", 1.0)
    later = per_win * drivers.get("creation_rate", 1.0)
    changed = pl.col("booked") + pl.col("existing") * per_win + pl.col("new") * later
    factor = pl.when(pl.col("mean") > 0).then(changed / pl.col("mean")).otherwise(1.0)
    return pipeline.select(*KEY, _factor=factor).unique(KEY, keep="first", maintain_order=True)


def _moved(values: pl.DataFrame, series: pl.DataFrame, factors: pl.DataFrame, name: str) -> pl.DataFrame:
    is_here = (pl.col("scenario") == name) & pl.col("unique_id").is_in(factors["unique_id"].unique().implode())
    names = series.select("unique_id", "metric", "level", "freq")
    rows = values.filter(is_here).join(factors, on=KEY, how="left", maintain_order="left", validate="m:1")
    rows = rows.with_columns(pl.col(NUMBERS) * pl.col("_factor").fill_null(1.0))
    rows = coherent(rows.join(names, on="unique_id", maintain_order="left"), ["period_start"])
    return pl.concat([values.filter(~is_here), schemas.conform(rows, schemas.VALUES)])
