"""Whether what deals bring has skill, in the frames of a run: the rule of skill.py on long tables.

The candidate is the combination, whatever the others' errors are; the pipeline alone is judged as evidence.
"""

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import polars as pl

from forecasts.backtesting import metrics
from forecasts.config import Backtest
from forecasts.output import schemas
from forecasts.panel.frequency import Frequency
from forecasts.selection.segments import PEERS
from forecasts.selection.skill import Verdict, bands, verdict_of

SERIES_POOL, PIPELINE, POOL = "series_pool", "pipeline", "pool"
KEY = ["unique_id", "period_start"]
PAST = ["unique_id", "cutoff", "period_start", "horizon"]
GROUP = ["metric", "freq", "level"]
Verdicts = Sequence[tuple[str, Verdict]]  # with the frequency


def judged(
    combined: pl.DataFrame, peers: pl.DataFrame, groups: pl.DataFrame, history: pl.DataFrame, rules: Backtest
) -> Verdicts:
    """The verdicts per group and band of horizons.

    combined: one row per series, cutoff and period with y, yhat of the combination and yhat_pipeline. peers:
    schemas.BACKTEST. groups: GROUP and the horizon of each. history: unique_id, ds, y; its steps scale the errors.
    """
    errors = _errors(combined, peers, history)
    verdicts = []
    for metric, freq, level, horizon in groups.select(*GROUP, "horizon").rows():
        own = errors.filter(metric=metric, freq=freq, level=level)
        arrays = {name: _array(own.filter(model=name), own, horizon) for name in (POOL, PIPELINE, *PEERS)}
        for band in bands(rules.bands, horizon):
            verdicts += [
                (freq, verdict_of(arrays, name, f"{metric}|{level}", band, rules)) for name in (POOL, PIPELINE)
            ]
    return verdicts


def _errors(combined: pl.DataFrame, peers: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """GROUP, PAST, model and the absolute error over the series' scale, where the combination has one."""
    if combined.is_empty():
        shape = dict.fromkeys((*GROUP, "unique_id", "model"), pl.String)
        return pl.DataFrame(schema={**shape, "cutoff": pl.Date, "horizon": pl.Int64, "error": pl.Float64})
    actuals = combined.select(*GROUP, *PAST, "y")
    rows = pl.concat([
        peers.filter(pl.col("model").is_in(PEERS)).select(*PAST, "yhat", "model"),
        combined.select(*PAST, "yhat", model=pl.lit(POOL)),
        combined.select(*PAST, yhat="yhat_pipeline", model=pl.lit(PIPELINE)),
    ])  # fmt: skip
    rows = rows.join(actuals, on=PAST).join(_scales(actuals, history), on=["unique_id", "cutoff"])
    return rows.with_columns(error=(pl.col("y") - pl.col("yhat")).abs() / pl.col("scale"))


def _scales(actuals: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """unique_id, cutoff, scale: the usual change in a season of what was known at the cutoff."""
    histories = {name: part for (name,), part in history.sort("ds").group_by("unique_id")}
    rows = []
    for name, freq, cutoff in actuals.select("unique_id", "freq", "cutoff").unique(maintain_order=True).rows():
        frequency, own = Frequency(freq), histories[name]
        ends = frequency.ends(frequency.index(own["ds"].cast(pl.Date).to_numpy()))
        before = own["y"].to_numpy()[ends <= np.datetime64(cutoff)]
        rows.append((name, cutoff, metrics.scale_of(before, frequency.season)))
    shape = {"unique_id": pl.String, "cutoff": pl.Date, "scale": pl.Float64}
    return pl.DataFrame(rows, schema=shape, orient="row")


def _array(rows: pl.DataFrame, of: pl.DataFrame, horizon: int) -> np.ndarray:
    """(cutoffs, series, steps) of the errors, NaN where there is none; cutoffs and series are those of `of`."""
    cutoffs, ids = of["cutoff"].unique().sort().to_physical(), of["unique_id"].unique().sort()
    out = np.full((max(1, len(cutoffs)), max(1, len(ids)), horizon), np.nan)
    at = (rows["cutoff"].to_physical(), rows["unique_id"], rows["horizon"].to_numpy() - 1)
    out[cutoffs.search_sorted(at[0]), ids.search_sorted(at[1]), at[2]] = rows["error"].to_numpy()
    return out


def served_steps(verdicts: Verdicts) -> pl.DataFrame:
    """Per group and step: is_combined, whether the combination is served; _skill; _reason, what it gained."""
    rows = [
        (metric, freq, level, step, not verdict.is_peer_served, verdict.skill, _gained(verdict))
        for freq, verdict in verdicts
        if verdict.model == POOL
        for metric, level in [verdict.group.split("|")]
        for step in range(verdict.first_step, verdict.last_step + 1)
    ]
    shape = {"metric": pl.String, "freq": pl.String, "level": pl.String, "horizon": pl.Int64}
    more = {"is_combined": pl.Boolean, "_skill": pl.String, "_reason": pl.String}
    return pl.DataFrame(rows, schema={**shape, **more}, orient="row")


def _gained(verdict: Verdict) -> str:
    return (
        f"with what deals bring a gain of {verdict.gain:.3f} beside {verdict.peer} {verdict.first_step} to "
        f"{verdict.last_step} periods ahead at {verdict.n_origins} cutoffs, {verdict.error_words}"
    )


def with_skill(skill: pl.DataFrame, verdicts: Verdicts) -> pl.DataFrame:
    """`forecast.skill` with the verdicts on combination and pipeline; the one on the series' pool goes by its name."""
    if not verdicts:
        return skill
    rows = [
        asdict(verdict)
        | {"freq": freq, "segment": "regular", **dict(zip(("metric", "level"), verdict.group.split("|"), strict=True))}
        for freq, verdict in verdicts
    ]
    names = {"first_step": "first_horizon", "last_step": "last_horizon"}
    new = schemas.conform(pl.DataFrame(rows, infer_schema_length=None).rename(names), schemas.SKILL)
    new = schemas.without_infinities(new)
    groups = new.select(GROUP).unique()
    own = skill.join(groups, on=GROUP, how="semi", maintain_order="left").with_columns(as_series_pool())
    return pl.concat([skill.join(groups, on=GROUP, how="anti", maintain_order="left"), own, new])


def as_series_pool() -> pl.Expr:
    """The model's name where deals are weighed in: the pool of series gives its own up to the combination."""
    return pl.when(pl.col("model") == POOL).then(pl.lit(SERIES_POOL)).otherwise("model").alias("model")
