"""`almanac bench forecast`: accuracy, honesty and cost of the forecast tiers, each beside its peers in the same run.

Options (`--set name=value`): dataset (m3_monthly, m4_weekly260, tourism, carparts), every (each how many-th series,
1 for all), tiers and peers (comma-separated, `none` for none), speed (yes: batch Prophet beside stock Prophet and
prophet-batch), scale (10000,100000,1000000: series of the Parquet run).
Peers get the same series one by one, as a user of the library would fit them; CPU seconds include their intervals.
"""

import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.bench import forecast_prophet
from pipelines.bench.forecast_sets import Holdout, load

COLUMNS = ["unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_95", "hi_95"]


def run(
    dataset: str = "m3_monthly",
    every: str = "20",
    tiers: str = "prophet,default",
    peers: str = "seasonal_naive,dot,ets,ces,median",
    speed: str = "no",
    scale: str = "",
) -> dict[str, Any]:
    """One table: a row per tier and peer. mase, rmsse, msis_95: lower is better; coverage: the nearer the better."""
    holdout = load(dataset).every(int(every))
    _, started = timed(lambda: _warm(_listed(tiers), _listed(peers)))
    table = [_tier(holdout, tier) for tier in _listed(tiers)]
    table += _peers(holdout, _listed(peers))
    figures: dict[str, Any] = {
        "dataset": dataset,
        "series": holdout.test["unique_id"].n_unique(),
        "start_cpu_s": round(started, 1),
    }
    figures["table"] = table
    if speed == "yes":
        figures["speed"] = forecast_prophet.speed()
    if scale:
        figures["scale"] = forecast_prophet.scale(tuple(int(size) for size in _listed(scale)))
    return figures


def _warm(tiers: list[str], peers: list[str]) -> pl.DataFrame:
    """Import and compile everything once; the cost is reported as `start_cpu_s`, not in the models' seconds."""
    few = load("m3_monthly").every(700)
    for tier in tiers:
        _tier(few, tier)
    _peers(few, peers)
    return few.test


def _listed(words: str) -> list[str]:
    return [word for word in words.split(",") if word and word != "none"]


def _tier(holdout: Holdout, tier: str) -> dict[str, Any]:
    from forecasts import config
    from forecasts.files import forecast_file

    def forecast() -> pl.DataFrame:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "in.parquet", Path(folder) / "out.parquet"
            holdout.train.write_parquet(source)
            forecast_file(source, target, config.for_tier(tier), horizon=holdout.horizon, freq=holdout.freq)
            return pl.read_parquet(target)

    found, seconds = timed(forecast)
    return {"model": f"almanac {tier}", **scores(holdout, found, seconds)}


def _peers(holdout: Holdout, names: list[str]) -> list[dict[str, Any]]:
    from pipelines.bench.forecast_peers import forecast_with, median_of

    rows, kept, spent = [], {}, {}
    parts = ("ets", "ces", "dot")
    for name in [*(n for n in names if n != "median"), *(parts if "median" in names else ())]:
        if name in kept:
            continue
        kept[name], spent[name] = timed(lambda name=name: forecast_with(name, holdout))  # type: ignore[misc]
        if name in names:
            rows.append({"model": f"peer {name}", **scores(holdout, kept[name], spent[name])})
    if "median" in names:
        median = median_of([kept[name] for name in parts])
        seconds = sum(spent[name] for name in parts)
        rows.append({"model": "peer median(ets, ces, dot)", **scores(holdout, median, seconds)})
    return rows


def timed(work: Callable[[], pl.DataFrame]) -> tuple[pl.DataFrame, float]:
    """What the work returns, and the CPU seconds of this process and its children."""
    before = _cpu()
    result = work()
    return result, _cpu() - before


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def scores(holdout: Holdout, found: pl.DataFrame, seconds: float) -> dict[str, Any]:
    """The figures of one forecast against the holdout; series without a forecast are counted, not scored."""
    from forecasts import metrics
    from forecasts.frequency import Frequency

    season, steps = Frequency(holdout.freq).season, holdout.horizon
    table = holdout.test.sort("unique_id", "ds").join(found.select(COLUMNS), on=["unique_id", "ds"], how="left")
    array = {name: table[name].to_numpy().astype(float).reshape(-1, steps) for name in ["y", *COLUMNS[2:]]}
    past = holdout.train.sort("unique_id", "ds").group_by("unique_id", maintain_order=True).agg("y")["y"]
    scale = np.array([metrics.scale_of(y.to_numpy().astype(float), season) for y in past])
    squared = np.array([metrics.squared_scale_of(y.to_numpy().astype(float)) for y in past])
    y, yhat = array["y"], array["yhat"]
    figures = {
        "smape": metrics.smape(y, yhat),
        "mase": metrics.mase(y, yhat, scale),
        "rmsse": metrics.rmsse(y, yhat, squared),
        "bias": metrics.bias(y, yhat),
        "coverage_80": metrics.coverage(y, array["lo_80"], array["hi_80"]),
        "coverage_95": metrics.coverage(y, array["lo_95"], array["hi_95"]),
        "msis_95": metrics.msis(y, array["lo_95"], array["hi_95"], scale),
    }
    means = {name: _rounded(values) for name, values in figures.items()}
    unanswered = int(np.isnan(yhat).any(axis=1).sum())
    return {"cpu_s_per_series": round(seconds / len(y), 5), **means, "unanswered": unanswered}


def _rounded(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), 4) if len(known) else None
