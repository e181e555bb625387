"""One world replayed: at every monthly origin the scores and forecasts of then, beside oracle, peers and what came."""

import sys
import time
from dataclasses import replace
from datetime import date

import polars as pl

from forecasts.deals.history import History
from forecasts.deals.panel import past_origins
from forecasts.deals.pipeline import forecast_pipeline
from forecasts.deals.scores import Scores, score_deals
from forecasts.deals.settings import Settings
from forecasts.deals.table import fit_table
from forecasts.panel.frequency import Frequency
from pipelines.bench.deals_figures import LAGS, WorldRows
from pipelines.bench.deals_oracle import Oracle, true_oracle
from pipelines.bench.deals_worlds import AS_OF, DealWorld, draw_world

LEVELS = {"region": "region", "product_line": "product_line", "team": "team", "rep": "rep"}
MONTHS = Frequency("MS")


def replay(seed: int, origins: int, draws: int) -> WorldRows:
    """Every origin whose furthest lag is over by the world's last day."""
    started, world = time.process_time(), draw_world(seed)
    days = sorted(past_origins(MONTHS, AS_OF, max(LAGS) - 1 + origins)[max(LAGS) - 1 :])
    oracle = true_oracle(world, days, max(LAGS))
    actual = _actual(world)
    parts = [_origin(world, oracle, day, actual, draws) for day in days]
    deals, forecasts = (pl.concat(frames, how="vertical_relaxed") for frames in zip(*parts, strict=True))
    seconds = time.process_time() - started
    print(f"         world {seed}: {origins} origins, {seconds:.0f} CPU s", file=sys.stderr, flush=True)
    deals, forecasts = (frame.with_columns(seed=pl.lit(seed)) for frame in (deals, forecasts))
    return WorldRows(deals, forecasts, seconds / origins)


def _origin(
    world: DealWorld, oracle: Oracle, day: date, actual: pl.DataFrame, draws: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    settings = Settings(draws=draws)
    history = History(day, world.deals, world.observations)
    scores = score_deals(history, settings)
    rows = forecast_pipeline(history, scores, LEVELS, settings).rows
    rows = rows.filter((pl.col("metric") == "bookings") & pl.col("horizon").is_in(LAGS))
    table = forecast_pipeline(history, _by_table(scores, settings), {}, settings).rows
    table = table.filter(pl.col("metric") == "bookings").select("level", "horizon", table_yhat="yhat")
    truth = pl.DataFrame({"level": "total", "horizon": range(1, max(LAGS) + 1), "oracle": oracle.bookings[day]})
    rows = rows.join(truth, on=["level", "horizon"], how="left").join(table, on=["level", "horizon"], how="left")
    return _chances(world, oracle, day, scores, settings), _with_peers(rows, day, actual)


def _by_table(scores: Scores, settings: Settings) -> Scores:
    """The same with the chances of the table by stage."""
    chances = fit_table(scores.history_panel, MONTHS, settings).predict(scores.open_deals.rows)
    return replace(scores, chances=chances)


def _chances(world: DealWorld, oracle: Oracle, day: date, scores: Scores, settings: Settings) -> pl.DataFrame:
    """deal_id, chance, by_stage, typed, oracle, won: of the open deals that have closed by the world's end."""
    by_stage = fit_table(scores.history_panel, MONTHS, settings).predict(scores.open_deals.rows).won.sum(axis=1)
    typed = scores.open_deals.rows.select("deal_id", typed="typed_probability").with_columns(
        by_stage=pl.Series(by_stage)
    )
    true = oracle.deals.filter(pl.col("month_end") == day).select("deal_id", oracle="p_won")
    ends = world.deals.filter(pl.col("outcome").is_not_null()).select("deal_id", won=pl.col("outcome") == "won")
    frame = scores.deals.select("deal_id", chance="won_probability", model="model").join(typed, on="deal_id")
    return frame.join(true, on="deal_id").join(ends, on="deal_id").with_columns(origin=pl.lit(day))


def _actual(world: DealWorld) -> pl.DataFrame:
    """level, member, period_start, y: bookings of every node and month."""
    won = world.deals.filter(pl.col("outcome") == "won").with_columns(
        period_start=pl.col("closed_on").dt.truncate("1mo")
    )
    frames = [won.with_columns(level=pl.lit("total"), member=pl.lit(""))]
    frames += [won.with_columns(level=pl.lit(level), member=column) for level, column in LEVELS.items()]
    sums = pl.concat(frames).group_by("level", "member", "period_start").agg(y=pl.col("amount").sum())
    months = sums.select(pl.col("period_start").unique())
    nodes = sums.select("level", "member").unique()
    return nodes.join(months, how="cross").join(sums, on=["level", "member", "period_start"], how="left").fill_null(0.0)


def _with_peers(rows: pl.DataFrame, day: date, actual: pl.DataFrame) -> pl.DataFrame:
    """The forecasts with what came and the peers: seasonal naive, last value, mean of 12."""
    known = actual.filter(pl.col("period_start") <= day).sort("period_start")
    peers = known.group_by("level", "member").agg(last_value=pl.col("y").last(), mean_of_12=pl.col("y").tail(12).mean())
    year_ago = known.select("level", "member", pl.col("period_start").dt.offset_by("1y"), seasonal_naive="y")
    keys = ["level", "member", "period_start"]
    rows = (
        rows.join(actual, on=keys, how="left")
        .join(year_ago, on=keys, how="left")
        .join(peers, on=["level", "member"], how="left")
    )
    peers_too = pl.col("y", "seasonal_naive", "last_value", "mean_of_12").fill_null(0.0)
    return rows.with_columns(peers_too).select(
        "as_of", "level", "member", "horizon", "y", "mean", "yhat", "lo_95", "lo_80", "hi_80", "hi_95", "oracle",
        "table_yhat", "seasonal_naive", "last_value", "mean_of_12", "model",
    )  # fmt: skip
