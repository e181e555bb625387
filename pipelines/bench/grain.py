"""`almanac bench grain --set home=DIR`: thousands of weekly series of product and region through the path of every run.

Made sales go through the SQL of `series_history` (compiled in a home that has run) and the engine with the shipped
configuration; only the series are others. Demand is intermittent: most products sell in some weeks only. Each series
has a true mean per week, so that the forecast is judged by the truth, beside the mean of the last year, and by weeks
that were drawn from it, beside every model. Each size has a process of its own, so that its memory is its own.
"""

import json
import resource
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.home.settings import load_settings

AS_OF, WEEKS, HORIZON = date(2026, 11, 1), 156, 13  # a Sunday: every week is whole
REGIONS = 8
LEVEL = "product*region"
SEASON = 0.3  # share by which the mean of a series rises and falls over a year
KB_PER_GB = 1_048_576


def run(home: str, series: str = "2000,5000") -> dict[str, Any]:
    """One entry per number of series: processor seconds of each step, peak memory, error beside the peer's."""
    done = {}
    with TemporaryDirectory(prefix="almanac-grain-") as folder:
        out = Path(folder) / "figures.json"  # not what it prints: DuckDB draws the progress of long queries
        for number in series.split(","):
            call = f"from pipelines.bench import grain; grain.one({home!r}, {number}, {str(out)!r})"
            subprocess.run([sys.executable, "-P", "-c", call], check=True, stdout=subprocess.DEVNULL)
            done[number] = json.loads(out.read_text(encoding="utf-8"))
    return done


def one(home: str, number: int, out: str) -> None:
    """Write the figures of one size into a file."""
    from forecasts import config
    from forecasts.config import SeriesSet
    from forecasts.run import forecast

    rates = _rates(number)
    sold = _sales(rates)
    history, of_sql = _measured(lambda: _history(Path(home), sold))
    wanted = SeriesSet("quantity", (LEVEL,), "W-MON", HORIZON)
    plan = replace(config.load(), series=(wanted,), hierarchy=(), importance=False)
    issued, of_engine = _measured(lambda: forecast(history, plan, as_of=AS_OF))
    figures = {"rows": history.height, "zero_share": round(history["y"].eq(0).mean(), 3)}
    figures |= {"cpu_seconds_sql": of_sql, "cpu_seconds_engine": of_engine, **_memory()}
    figures |= {"segments": dict(issued.series.group_by("segment").len().sort("segment").iter_rows())}
    served = dict(issued.series.group_by("served_model").len().sort("len", descending=True).head(3).iter_rows())
    errors = {**_errors(issued.values, history, rates), "rmsse": _rmsse(issued, history, _ahead(rates))}
    figures |= {"served": served, "backtest_rows": issued.backtest.height, **errors}
    Path(out).write_text(json.dumps(figures), encoding="utf-8")


def _rates(number: int) -> pl.DataFrame:
    """One row per series: product, region, chance of a sale in a week, pieces of a sale, week of the year's peak."""
    rng = np.random.default_rng(12)
    names = [f"SKU {place // REGIONS:05d}" for place in range(number)]
    return pl.DataFrame({
        "product": names, "region": [f"R{place % REGIONS}" for place in range(number)],
        "chance": rng.beta(1.2, 2.5, number), "pieces": rng.lognormal(1, 0.8, number),
        "peak": rng.integers(0, 52, number),
    })  # fmt: skip


def _weekly(rates: pl.DataFrame, weeks: np.ndarray) -> np.ndarray:
    """The true chance of a sale, series x week."""
    wave = np.cos((weeks[None, :] - rates["peak"].to_numpy()[:, None]) * 2 * np.pi / 52)
    return np.clip(rates["chance"].to_numpy()[:, None] * (1 + SEASON * wave), 0, 1)


def _sales(rates: pl.DataFrame) -> pl.DataFrame:
    """Sales as `int_metric_days` has them: one row per series and day on which something was sold."""
    rng = np.random.default_rng(13)
    pieces = _pieces(rates, np.arange(-WEEKS, 0), rng)
    series, week = np.nonzero(pieces)
    first = np.datetime64(AS_OF - timedelta(days=7 * WEEKS - 1), "D")
    days = first + 7 * week + rng.integers(0, 5, len(week))
    return pl.DataFrame({
        "metric": "quantity", "happened_on": days, "region": rates["region"].to_numpy()[series],
        "product": rates["product"].to_numpy()[series], "y": pieces[series, week],
    })  # fmt: skip


def _pieces(rates: pl.DataFrame, weeks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pieces sold, series x week, 0 where nothing was."""
    is_sold = rng.random((len(rates), len(weeks))) < _weekly(rates, weeks)
    return np.where(is_sold, 1.0 + rng.poisson(rates["pieces"].to_numpy()[:, None], is_sold.shape), 0.0)


def _ids(rates: pl.DataFrame) -> pl.Series:
    return rates.select(pl.format("quantity|{}|{}*{}|W-MON", pl.lit(LEVEL), "product", "region")).to_series()


def _ahead(rates: pl.DataFrame) -> pl.DataFrame:
    """What will be sold after the day of the forecast: one row per series and week ahead."""
    pieces = _pieces(rates, np.arange(HORIZON), np.random.default_rng(14))
    step = np.tile(np.arange(1, HORIZON + 1), len(rates))
    return pl.DataFrame({"unique_id": _ids(rates).repeat_by(HORIZON).explode(), "horizon": step, "y": pieces.ravel()})


def _history(home: Path, sold: pl.DataFrame) -> pl.DataFrame:
    """Rows of `series_history` by the product's own SQL, as the ledger reads them."""
    compiled = load_settings(home).warehouse / "dbt_project" / "target" / "compiled" / "almanac" / "models"
    query = (compiled / "marts" / "series_history.sql").read_text(encoding="utf-8")
    with duckdb.connect() as connection:
        connection.register("sold", sold)
        connection.execute(f"""
            attach ':memory:' as work; create schema work.control; create schema work.intermediate;
            create schema work.policy; create schema work.marts;
            create table work.control.run as select date '{AS_OF}' as as_of;
            create table work.policy.series_levels as select 'quantity' as metric, '{LEVEL}' as level, '' as because;
            create table work.intermediate.int_metric_coverage as
                select 'quantity' as metric, date '{AS_OF}' as covered_to;
            create table work.intermediate.int_metric_days as
                select *, null::varchar as product_line, null::varchar as team from sold;
            create table work.marts.series_history as {query};
        """)
        return connection.execute("select * from work.marts.series_history order by unique_id, ds").pl()


def _measured(work: Any) -> tuple[Any, float]:
    """What the work returns, and its processor seconds, those of its processes too."""
    before = _seconds()
    result = work()
    return result, round(_seconds() - before, 1)


def _seconds() -> float:
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _memory() -> dict[str, float]:
    peaks = {"self": resource.RUSAGE_SELF, "largest_child": resource.RUSAGE_CHILDREN}
    return {f"peak_gb_{name}": round(resource.getrusage(who).ru_maxrss / KB_PER_GB, 2) for name, who in peaks.items()}


def _errors(values: pl.DataFrame, history: pl.DataFrame, rates: pl.DataFrame) -> dict[str, float]:
    """Mean absolute error over the mean, of the true weekly means ahead: the served forecast and last year's mean."""
    means = _weekly(rates, np.arange(HORIZON)) * (1 + rates["pieces"].to_numpy())[:, None]
    ids = _ids(rates)
    step = np.tile(np.arange(1, HORIZON + 1), len(ids))
    truth = pl.DataFrame({"unique_id": ids.repeat_by(HORIZON).explode(), "horizon": step, "mean": means.ravel()})
    served = values.filter(pl.col("is_served") & (pl.col("scenario") == "base")).select("unique_id", "horizon", "yhat")
    weekly = history.filter(pl.col("freq") == "W-MON")
    lately = (
        weekly.filter(pl.col("ds") > AS_OF - timedelta(days=364)).group_by("unique_id").agg(peer=pl.col("y").mean())
    )
    rows = truth.join(served.cast({"horizon": pl.Int64}), on=["unique_id", "horizon"]).join(lately, on="unique_id")
    wrong = {"served": pl.col("yhat"), "last_year": pl.col("peer")}
    return {
        f"wape_of_true_mean_{name}": round(
            rows.select((one - pl.col("mean")).abs().sum() / pl.col("mean").sum()).item(), 3
        )
        for name, one in wrong.items()
    }


def _rmsse(issued: Any, history: pl.DataFrame, ahead: pl.DataFrame) -> dict[str, Any]:
    """Mean RMSSE of the weeks ahead per segment and model, over the series that every model of it forecasts, and n."""
    from forecasts.backtesting.metrics import squared_scale_of

    known = history.filter(freq="W-MON").sort("unique_id", "ds").group_by("unique_id", maintain_order=True).agg("y")
    scales = known.select("unique_id", scale=pl.Series([squared_scale_of(np.array(y)) for y in known["y"]]))
    base = issued.values.filter(scenario="base").select("unique_id", "horizon", "model", "yhat", "is_served")
    rows = pl.concat([
        base.drop("is_served"),
        base.filter("is_served").select("unique_id", "horizon", pl.lit("served").alias("model"), "yhat"),
    ])  # fmt: skip
    segments = issued.series.select("unique_id", "segment")
    errors = rows.join(ahead, on=["unique_id", "horizon"]).join(scales, on="unique_id").join(segments, on="unique_id")
    each = errors.group_by("segment", "unique_id", "model").agg(
        rmsse=((pl.col("y") - pl.col("yhat")) ** 2).mean().sqrt() / pl.col("scale").first().sqrt()
    )
    return {name[0]: _means(part) for name, part in each.partition_by("segment", as_dict=True).items()}


def _means(each: pl.DataFrame) -> dict[str, float]:
    """Mean per model over the series that have all models, and their number."""
    shared = each.filter(pl.len().over("unique_id") == each["model"].n_unique())
    means = shared.group_by("model").agg(pl.col("rmsse").mean().round(4)).sort("rmsse")
    return {"n": shared["unique_id"].n_unique(), **dict(means.iter_rows())}
