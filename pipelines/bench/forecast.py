"""`almanac bench forecast`: accuracy, honesty and cost of the forecast tiers, each beside its peers in the same run.

Options (`--set name=value`; lists are comma-separated, `none` for none):

- sets: m3_monthly, m4_weekly260, tourism (bottom series), tourism_hierarchy (all 425 nodes), carparts, company
- home: the home whose published series are the set `company`
- every: each how many-th series, 1 for all; without it a sample of some 60 series per set
- tiers, peers: what is measured; the slowest peers see a further sample; every row says on how many series it stands
- parts: table, speed (batch Prophet beside stock Prophet and prophet-batch), objectives (beside Stan's), scale
- scale: series of the Parquet runs; small=yes: a tenth of the speed and objective samples

Peers get the series one by one, as a user of the library would fit them; CPU seconds include their intervals.
"""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.bench import forecast_prophet
from pipelines.bench.forecast_hierarchy import hierarchy_rows
from pipelines.bench.forecast_scores import scores, timed
from pipelines.bench.forecast_sets import Holdout, company, load

SETS = "m3_monthly,m4_weekly260,tourism,tourism_hierarchy,carparts"
PEERS = "seasonal_naive,dot,ets,ces,median,prophet_stock,prophet_batch,arima"
SAMPLE = 60  # series of a set, unless `every` says otherwise
FURTHER = {"prophet_stock": 2, "prophet_batch": 2, "arima": 6}  # of those, each how many-th a slow peer is given
FAR = 30  # ... and arima where a season has more than 24 periods: half a minute a series
MEDIAN = ("ets", "ces", "dot")


def run(
    sets: str = SETS,
    home: str = "",
    every: str = "",
    tiers: str = "prophet,default,thorough",
    peers: str = PEERS,
    parts: str = "table,speed,objectives,scale",
    scale: str = "10000,100000,1000000",
    small: str = "no",
) -> dict[str, Any]:
    """The table (a row per set and tier or peer), speed, objectives and scale.

    mase, rmsse, msis_95: lower is better; coverage: the nearer to its level the better.
    """
    figures: dict[str, Any] = {}
    wanted, tenth = _listed(parts), small == "yes"
    if "table" in wanted:
        _, started = timed(lambda: _warm(_listed(tiers), _listed(peers)))
        figures["start_cpu_s"] = round(started, 1)
        figures["table"] = [
            row for name in _listed(sets) for row in _set_rows(name, home, every, _listed(tiers), _listed(peers))
        ]
    if "speed" in wanted:
        figures["speed"] = forecast_prophet.speed(10_000, 2_000, 2, 30) if tenth else forecast_prophet.speed()
    if "objectives" in wanted:
        figures["objectives"] = [
            row for name in ("m3_monthly", "m4_weekly260", "tourism", "carparts") for row in _objectives(name, tenth)
        ]
    if "scale" in wanted:
        figures["scale"] = forecast_prophet.scale(tuple(int(size) for size in _listed(scale)))
    return figures


def _set_rows(name: str, home: str, every: str, tiers: list[str], peers: list[str]) -> list[dict[str, Any]]:
    if name == "tourism_hierarchy":
        return [{"set": name, **row} for tier in tiers if tier != "prophet" for row in hierarchy_rows(tier)]
    whole = company(Path(home)) if name == "company" else load(name)
    count = whole.test["unique_id"].n_unique()
    holdout = whole.every(int(every) if every else max(1, count // SAMPLE))
    rows = [_tier(holdout, tier) for tier in tiers] + _peers(holdout, peers)
    return [{"set": name, **row} for row in rows]


def _objectives(name: str, tenth: bool) -> list[dict[str, Any]]:
    train = load(name).train
    every = max(1, train["unique_id"].n_unique() // (10 if tenth else 100))
    modes = ("additive", "multiplicative")
    return [{"set": name, **forecast_prophet.objectives(train, mode, every)} for mode in modes]  # type: ignore[arg-type]


def _warm(tiers: list[str], peers: list[str]) -> pl.DataFrame:
    """Import and compile everything once; the cost is reported as `start_cpu_s`, not in the models' seconds."""
    few = load("m3_monthly").every(700)
    for tier in tiers:
        _tier(few, tier)
    _peers(few, [peer for peer in peers if peer != "arima"])
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


def _further(name: str, holdout: Holdout) -> int:
    from forecasts.frequency import Frequency

    slow = name == "arima" and Frequency(holdout.freq).season > 24
    return FAR if slow else FURTHER.get(name, 1)


def _peers(holdout: Holdout, names: list[str]) -> list[dict[str, Any]]:
    from pipelines.bench.forecast_peers import forecast_with, median_of

    rows, kept, spent = [], {}, {}
    for name in [*(n for n in names if n != "median"), *(MEDIAN if "median" in names else ())]:
        if name in kept:
            continue
        part = holdout.every(_further(name, holdout))
        kept[name], spent[name] = timed(lambda name=name, part=part: forecast_with(name, part))  # type: ignore[misc]
        if name in names:
            rows.append({"model": f"peer {name}", **scores(part, kept[name], spent[name])})
    if "median" in names:
        median = median_of([kept[name] for name in MEDIAN])
        seconds = sum(spent[name] for name in MEDIAN)
        rows.append({"model": "peer median(ets, ces, dot)", **scores(holdout, median, seconds)})
    return rows
