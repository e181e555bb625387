"""Sample companies as their files tell of them: bookings at past month ends from what had been exported by then.

A home must have been built (`almanac demo --seed`, `ingest`, `build`). Its deals are forecast in all, and apart by
whether a system gives its stage history. A peer is the best one if it was so at the origins before. Beside them stands
what most companies do by hand: the weighted pipeline, stage probability x amount in the month of the expected close.
"""

from collections.abc import Mapping
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from forecasts import run
from forecasts.config import Backtest, Config, SeriesSet
from forecasts.deal_origins import forecast_deals, known_by
from forecasts.deals.panel import past_origins
from forecasts.deals.schema import WON
from forecasts.deals.settings import Settings as DealSettings
from forecasts.panel.frequency import Frequency
from forecasts.selection import weights
from pipelines import deal_ledger
from pipelines.home import warehouse
from pipelines.home.settings import load_settings

LAGS = (1, 2, 3, 6)
PEERS = ("seasonal_naive", "last_value", "mean_of_12", "series_pool")
OURS = ("pipeline", "pool")
WEIGHTED, BEST = "weighted_pipeline", "best_before"
PARTS = {"all": None, "with_history": "exact_history", "exports_only": "dated_exports"}
ID = "bookings|total||MS"


def measure_companies(homes: list[Path], origins: int) -> dict[str, Any]:
    """WAPE by part and lag, pooled over homes, of pipeline and pool beside every peer and the best one before."""
    out: dict[str, Any] = {"homes": len(homes), "origins": origins}
    for part, basis in PARTS.items():
        frames = [_company(home, basis, origins) for home in homes]
        out[part] = {f"lag_{lag}": _figures([frame.filter(horizon=lag) for frame in frames]) for lag in LAGS}
    return out


def _figures(frames: list[pl.DataFrame]) -> dict[str, Any]:
    """Pooled over companies; gains on the best peer before and on the weighted pipeline, with standard errors."""
    rows = pl.concat([_with_best(frame) for frame in frames]).drop_nulls()
    if rows.is_empty():
        return {"n": 0}
    actual = rows["y"].to_numpy()
    errors = {name: np.abs(actual - rows[name].to_numpy()) for name in (*OURS, *PEERS, WEIGHTED, BEST)}
    figures: dict[str, Any] = {"n": len(rows), **{k: round(e.sum() / actual.sum(), 4) for k, e in errors.items()}}
    for name, (peer, key) in product(OURS, ((BEST, "gain"), (WEIGHTED, "gain_on_weighted"))):
        away, base = errors[peer] - errors[name], errors[peer].mean()
        figures[f"{name}_{key}"] = round(float(away.mean() / base), 3)
        figures[f"{name}_{key}_se"] = round(float(away.std(ddof=1) / np.sqrt(len(away)) / base), 3)
    return figures


def _with_best(frame: pl.DataFrame) -> pl.DataFrame:
    """`best_before`: the forecast of the peer with the least error at cutoffs whose period had ended."""
    frame = frame.sort("cutoff")
    best = []
    for row in frame.iter_rows(named=True):
        over = frame.filter(pl.col("period_start").dt.month_end() <= row["cutoff"])
        errors = {name: (over["y"] - over[name]).abs().sum() for name in PEERS}
        best.append(row[min(errors, key=lambda name: errors[name]) if len(over) else "mean_of_12"])
    return frame.with_columns(best_before=pl.Series(best, dtype=pl.Float64))


def _company(home: Path, basis: str | None, origins: int) -> pl.DataFrame:
    """cutoff, horizon, period_start, y, OURS and PEERS of one home; cutoffs before the exports are left out."""
    settings = load_settings(home)
    inputs, as_of = deal_ledger.read_inputs(settings), warehouse.current_run(settings).as_of
    deals = inputs.deals if basis is None else inputs.deals.filter(basis=basis)
    seen = inputs.observations.join(deals, on="deal_id", how="semi")
    asked = DealSettings(draws=300)
    cutoffs = past_origins(Frequency("MS"), as_of, origins)
    forecast = forecast_deals(
        deals, seen, {}, as_of=as_of, cutoffs=cutoffs, settings=asked, seeds=inputs.seeds, scored=False
    )
    history = _months(deals, as_of)
    if forecast is None or forecast.past.is_empty():
        return _empty()
    ours = forecast.past.filter(unique_id=ID).select("cutoff", "horizon", "period_start", pipeline="yhat")
    both = _combined(ours, _peers(history, as_of, origins))
    weighed = pl.concat([weighted_pipeline(deals, seen, inputs.seeds, day) for day in both["cutoff"].unique().sort()])
    keys = ["cutoff", "period_start"]
    return both.join(weighed, on=keys, how="left", maintain_order="left").with_columns(pl.col(WEIGHTED).fill_null(0.0))


def weighted_pipeline(
    deals: pl.DataFrame, observations: pl.DataFrame, seeds: Mapping[str, float], day: date
) -> pl.DataFrame:
    """cutoff, period_start, weighted_pipeline: of the deals open at the end of a day, as they were known then.

    seeds: stage to its probability. A deal whose expected close has passed counts in the next month; one without an
    amount, a close or a stage in none.
    """
    shown, seen = known_by(deals, observations, day)
    last = seen.sort("deal_id", "known_on", maintain_order=True).group_by("deal_id", maintain_order=True).last()
    rows = shown.filter(pl.col("outcome").is_null()).select("deal_id").join(last, on="deal_id")
    chance = pl.col("stage_code").replace_strict(dict(seeds), default=None, return_dtype=pl.Float64)
    closes = pl.max_horizontal("expected_close_on", pl.lit(day).dt.offset_by("1d"))
    month = pl.when(pl.col("expected_close_on").is_not_null()).then(closes.dt.truncate("1mo"))
    rows = rows.select(period_start=month, **{WEIGHTED: chance * pl.col("amount")}).drop_nulls()
    sums = rows.group_by("period_start").agg(pl.col(WEIGHTED).sum()).sort("period_start")
    return sums.select(pl.lit(day).alias("cutoff"), "period_start", WEIGHTED)


def _months(deals: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Won amounts by month that has ended, as rows of `marts.series_history`."""
    won = deals.filter((pl.col("outcome") == WON) & pl.col("amount").is_not_null())
    sums = won.group_by(ds=pl.col("closed_on").dt.truncate("1mo")).agg(y=pl.col("amount").sum())
    rows = sums.sort("ds").upsample("ds", every="1mo").with_columns(pl.col("y").fill_null(0.0))
    return rows.filter(pl.col("ds").dt.month_end() <= as_of).select(
        unique_id=pl.lit(ID), metric=pl.lit("bookings"), level=pl.lit("total"), member=pl.lit(""),
        freq=pl.lit("MS"), ds="ds", y="y",
    )  # fmt: skip


def _peers(history: pl.DataFrame, as_of: date, origins: int) -> pl.DataFrame:
    """cutoff, horizon, y and PEERS at every cutoff that the series' pool was evaluated at."""
    plan = Config(series=(SeriesSet("bookings", ("total",)),), backtest=Backtest(evaluation=origins))
    tested = run.forecast(history, plan, as_of=as_of).backtest.filter(purpose="evaluation", model="pool")
    values = history.sort("ds")["y"].to_numpy()
    first, rows = history["ds"].min(), []
    for cutoff, horizon, y, pool in tested.select("cutoff", "horizon", "y", "yhat").rows():
        known = (cutoff.year - first.year) * 12 + cutoff.month - first.month + 1  # type: ignore[union-attr]
        past = values[:known]
        rows.append((cutoff, horizon, y, past[-12 + (horizon - 1) % 12], past[-1], past[-12:].mean(), pool))
    return pl.DataFrame(rows, schema=["cutoff", "horizon", "y", *PEERS], orient="row")


def _combined(ours: pl.DataFrame, peers: pl.DataFrame) -> pl.DataFrame:
    """With `pool`: pipeline and series pool, at each cutoff by the weight of those before."""
    both = ours.join(peers, on=["cutoff", "horizon"])
    pairs = both.select(
        "cutoff", "horizon", "period_start", "y", unique_id=pl.lit(ID), metric=pl.lit("bookings"), freq=pl.lit("MS"),
        level=pl.lit("total"), **{name: pl.col("series_pool") for name in weights.NUMBERS},
        **{f"{name}_pipeline": pl.col("pipeline") for name in weights.NUMBERS},
    )  # fmt: skip
    pool = weights.tested(pairs).select("cutoff", "horizon", pool="yhat")
    return both.join(pool, on=["cutoff", "horizon"]).select("cutoff", "horizon", "period_start", "y", *OURS, *PEERS)


def _empty() -> pl.DataFrame:
    numbers = dict.fromkeys(("y", *OURS, *PEERS, WEIGHTED), pl.Float64)
    return pl.DataFrame(schema={"cutoff": pl.Date, "horizon": pl.Int64, "period_start": pl.Date, **numbers})
