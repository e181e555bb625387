"""`almanac bench forecast`: accuracy, interval coverage and cost of the forecast tiers and of their peers in one run.

Without options it runs on samples, in some twenty minutes on two cores, reports its progress on standard error and
prints the tables of docs/forecasting.md there. `--set full=1` takes every series and larger speed samples.
Options (`--set name=value`; lists are comma-separated, `none` for none):

- sets: m3_monthly, m4_weekly260, tourism (bottom series), tourism_hierarchy (all 425 nodes), carparts, company
- home: the home whose published series are the set `company`; without it a sample company is generated
- every: n for every n-th series, 1 for all; without it a sample of some 25 series per set
- tiers, peers: what is measured; the slowest peers get a smaller sample; every row has its number of series
- parts: table, speed (batch Prophet, stock Prophet and prophet-batch), objectives (compared with Stan's), scale
- scale: series of the Parquet runs; small=yes: a tenth of the speed and objective samples

Peers get the series one by one, as a user of the library would fit them; CPU seconds include their intervals.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

from pipelines.bench import forecast_prophet
from pipelines.bench.forecast_company import published_home
from pipelines.bench.forecast_hierarchy import hierarchy_rows
from pipelines.bench.forecast_rows import Measured, tier_row, warm
from pipelines.bench.forecast_scores import timed
from pipelines.bench.forecast_sets import company, load
from pipelines.bench.forecast_tables import as_line, as_tables

SETS = "m3_monthly,m4_weekly260,tourism,tourism_hierarchy,carparts,company"
PEERS = "seasonal_naive,dot,ets,ces,median,prophet_stock,prophet_batch,arima"
SAMPLE = 25  # series of a set, without `every`
OBJECTIVES = 30  # series per set and mode, compared with Stan's

Row = dict[str, Any]
Job = tuple[str, str, Callable[[], list[Row]]]  # part of the figures, label, the work


def run(
    sets: str = SETS,
    home: str = "",
    every: str = "",
    tiers: str = "prophet,default,thorough",
    peers: str = PEERS,
    parts: str = "table,speed,objectives,scale",
    scale: str = "10000,100000,1000000",
    small: str = "no",
    full: str = "no",
) -> dict[str, Any]:
    """The table (a row per set and tier or peer), speed, objectives and scale.

    mase, rmsse, msis_95: lower is better; coverage: closer to its level is better.
    """
    is_full, is_small = full in ("1", "yes"), small == "yes"
    figures: dict[str, Any] = {part: [] for part in _listed(parts)}
    with ExitStack() as stack:
        jobs = list(_part_jobs(_listed(parts), _listed(scale), is_full, is_small))
        if "table" in figures:
            seconds = timed(lambda: warm(_listed(tiers), _listed(peers)))[1]
            figures["start_cpu_s"] = round(seconds, 1)
            every = "1" if is_full and not every else every
            jobs = [*_table_jobs(_listed(sets), home, every, _listed(tiers), _listed(peers), is_full, stack), *jobs]
        for part, rows in _run_jobs(jobs):
            figures[part] += rows
    print(as_tables(figures), file=sys.stderr)
    return figures


def _run_jobs(jobs: list[Job]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of every job as it ends, printed one by one, so that a stopped run keeps its results."""
    began = time.monotonic()
    for number, (part, label, work) in enumerate(jobs, 1):
        minutes, seconds = divmod(int(time.monotonic() - began), 60)
        print(f"{minutes:4d}:{seconds:02d}  {number} of {len(jobs)}: {label}", file=sys.stderr, flush=True)
        rows = work()
        for row in rows:
            print(f"         {as_line(part, row)}", file=sys.stderr, flush=True)
        yield part, rows


def _table_jobs(
    sets: list[str], home: str, every: str, tiers: list[str], peers: list[str], is_full: bool, stack: ExitStack
) -> Iterator[Job]:
    for name in sets:
        if name == "tourism_hierarchy":
            hierarchy_tiers = [tier for tier in tiers if tier == "default" or (is_full and tier != "prophet")]
            for tier in hierarchy_tiers:
                yield "table", f"{name}: {tier}", partial(_hierarchy, name, tier)
            continue
        series = company(published_home(home, stack)) if name == "company" else load(name)
        count = series.test["unique_id"].n_unique()
        measured = Measured(series.every(int(every) if every else max(1, count // SAMPLE)), peers, is_full)
        for tier in tiers:
            yield "table", f"{name}: tier {tier}", partial(_with_set, name, partial(tier_row, measured.holdout, tier))
        for peer in measured.peers:
            yield "table", f"{name}: peer {peer}", partial(_with_set, name, partial(measured.row, peer))


def _with_set(name: str, work: Callable[[], Row]) -> list[Row]:
    return [{"set": name, **work()}]


def _hierarchy(name: str, tier: str) -> list[Row]:
    return [{"set": name, **row} for row in hierarchy_rows(tier)]


def _part_jobs(parts: list[str], sizes: list[str], is_full: bool, is_small: bool) -> Iterator[Job]:
    if "speed" in parts:
        counts = (
            (10_000, 2_000, 2, 30) if is_small else (100_000, 20_000, 20, 300) if is_full else (50_000, 10_000, 8, 100)
        )
        for case in forecast_prophet.cases():
            yield "speed", f"speed: {case.label}", partial(forecast_prophet.speed, case, *counts)
    if "objectives" in parts:
        for name in ("m3_monthly", "m4_weekly260", "tourism", "carparts"):
            for mode in ("additive", "multiplicative"):
                label = f"objectives against Stan's: {name}, {mode}"
                yield "objectives", label, partial(_objectives, name, mode, is_full, is_small)
    if "scale" in parts:
        yield "scale", "scale, Parquet to Parquet", partial(_scale, tuple(int(size) for size in sizes))


def _objectives(name: str, mode: Any, is_full: bool, is_small: bool) -> list[Row]:
    train = load(name).train
    sample = OBJECTIVES // 10 if is_small else OBJECTIVES
    every = 1 if is_full else max(1, train["unique_id"].n_unique() // sample)
    return [{"set": name, **forecast_prophet.objectives(train, mode, every)}]


def _scale(sizes: tuple[int, ...]) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        return forecast_prophet.scale(sizes, folder)


def _listed(words: str) -> list[str]:
    return [word for word in words.split(",") if word and word != "none"]
