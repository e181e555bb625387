"""What the deal forecast costs: one world's run, and many open deals with reasons, made by repeating a world."""

import time
from typing import Any

import numpy as np
import polars as pl

from forecasts.deals.history import History
from forecasts.deals.pipeline import forecast_pipeline
from forecasts.deals.scores import score_deals
from forecasts.deals.settings import Settings
from pipelines.bench.deals_worlds import AS_OF, draw_world

LEVELS = {"region": "region", "product_line": "product_line", "team": "team", "rep": "rep"}


def measure_cost(sizes: list[int]) -> dict[str, Any]:
    """CPU and wall seconds of scores with reasons and of the forecast, for a world and for more open deals."""
    world = draw_world(1)
    out: dict[str, Any] = {"world": _measured(world.deals, world.observations)}
    rows = [_measured(*_repeated(world.deals, world.observations, size)) for size in sizes]
    out["open_deals"] = rows
    if len(rows) > 1:
        first, last = rows[0], rows[-1]
        growth = np.log(last["cpu_s"] / first["cpu_s"]) / np.log(last["open_deals"] / first["open_deals"])
        out["exponent"] = round(float(growth), 3)
    return out


def _measured(deals: pl.DataFrame, observations: pl.DataFrame) -> dict[str, Any]:
    cpu, wall = time.process_time(), time.perf_counter()
    history, settings = History(AS_OF, deals, observations), Settings()
    scores = score_deals(history, settings)
    scored = time.process_time()
    forecast_pipeline(history, scores, LEVELS, settings)
    return {
        "open_deals": len(scores.deals), "periods": settings.periods, "reasons": len(scores.reasons),
        "cpu_s": round(time.process_time() - cpu, 1), "seconds": round(time.perf_counter() - wall, 1),
        "scores_cpu_s": round(scored - cpu, 1), "model": scores.deals["model"][0],
    }  # fmt: skip


def _repeated(deals: pl.DataFrame, observations: pl.DataFrame, size: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The world with its open deals repeated under new names until there are that many."""
    is_open = deals.filter(pl.col("outcome").is_null())
    seen = observations.join(is_open, on="deal_id", how="semi")
    more = pl.DataFrame({"copy": np.arange(1, -(-size // len(is_open)))})
    name = pl.format("{}-{}", "deal_id", "copy").alias("deal_id")
    copies = [frame.join(more, how="cross").with_columns(name).drop("copy") for frame in (is_open, seen)]
    return pl.concat([deals, copies[0]]), pl.concat([observations, copies[1]])
