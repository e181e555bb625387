"""Figures of replayed worlds: errors by lag beside oracle and peers, coverage, and how good the chances are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from forecasts.deals.judging import auc, slope

LAGS = (1, 2, 3, 6)
PEERS = ("seasonal_naive", "last_value", "mean_of_12")
POINTS = ("yhat", "mean", "table_yhat", "oracle", *PEERS, "best_peer_so_far")


@dataclass(frozen=True)
class WorldRows:
    """deals: one row per seed, origin and open deal; forecasts: per seed, origin, node and lag; seconds: per origin."""

    deals: pl.DataFrame
    forecasts: pl.DataFrame
    seconds: float

    @classmethod
    def together(cls, parts: Sequence["WorldRows"]) -> "WorldRows":
        """All worlds in one."""
        deals, forecasts = (pl.concat([getattr(part, name) for part in parts]) for name in ("deals", "forecasts"))
        return cls(deals, forecasts, float(np.mean([part.seconds for part in parts])))


def figures_of(rows: WorldRows) -> dict[str, Any]:
    """All figures of the worlds."""
    forecasts = _with_best_peer(rows.forecasts)
    total = forecasts.filter(pl.col("level") == "total")
    return {
        "cpu_s_per_origin": round(rows.seconds, 2),
        "win_model": chances(rows.deals),
        "bookings_total": {f"lag_{lag}": errors(total.filter(pl.col("horizon") == lag)) for lag in LAGS},
        "levels": {
            name: _level(forecasts.filter(pl.col("level") == name)) for name in forecasts["level"].unique().sort()
        },
    }


def chances(deals: pl.DataFrame) -> dict[str, Any]:
    """AUC, Brier and slope of the chances, the oracle's, the typed-in ones and those by stage; means over seeds."""
    seeds = [part for (_,), part in deals.group_by("seed", maintain_order=True)]
    gaps = [_auc(part, "oracle") - _auc(part, "chance") for part in seeds]
    out: dict[str, Any] = {"n": len(deals), "deals": deals.select("seed", "deal_id").n_unique()}
    for name in ("chance", "oracle", "by_stage", "typed"):
        out[name] = {
            "auc": _mean([_auc(part, name) for part in seeds]),
            "brier": _mean([_brier(part, name) for part in seeds]),
        }
    slopes = [slope(part["chance"].to_numpy(), part["won"].to_numpy()) for part in seeds]
    served = deals.filter(pl.col("model") == "win_model")
    return out | {
        "auc_below_oracle": _mean(gaps), "auc_below_oracle_se": _se(gaps), "calibration_slope": _mean(slopes),
        "calibration_slope_least_most": [round(min(slopes), 2), round(max(slopes), 2)],
        "served_by_win_model_share": round(len(served) / max(len(deals), 1), 3),
    }  # fmt: skip


def errors(rows: pl.DataFrame) -> dict[str, Any]:
    """WAPE and bias of every point forecast over these rows, and the distance to oracle and best peer, with n."""
    y = rows["y"].to_numpy()
    wape = {name: float(np.abs(rows[name].to_numpy() - y).sum() / y.sum()) for name in POINTS}
    by_seed = [_relative(part, "oracle") for (_,), part in rows.group_by("seed", maintain_order=True)]
    return {
        "n": len(rows), "wape": {name: round(value, 4) for name, value in wape.items()},
        "bias": {name: round(float(rows[name].sum() / y.sum() - 1), 4) for name in ("yhat", "mean", "oracle")},
        "above_oracle": round(wape["yhat"] / wape["oracle"] - 1, 3), "above_oracle_se": _se(by_seed),
        "below_best_peer": round(1 - wape["yhat"] / wape["best_peer_so_far"], 3), **coverage(rows),
    }  # fmt: skip


def coverage(rows: pl.DataFrame) -> dict[str, Any]:
    """Share of actuals inside the intervals and above the median."""
    inside = {
        level: ((rows["y"] >= rows[f"lo_{level}"]) & (rows["y"] <= rows[f"hi_{level}"])).mean() for level in (80, 95)
    }
    above = (rows["y"] > rows["yhat"]).mean()
    return {"coverage_80": round(inside[80], 3), "coverage_95": round(inside[95], 3), "above_median": round(above, 3)}  # type: ignore[arg-type]


def _level(rows: pl.DataFrame) -> dict[str, Any]:
    """One level, all lags: its error against the best simple peer's by origins before, with the standard error."""
    out = {"n": len(rows), "members": rows["member"].n_unique(), **coverage(rows)}
    y = rows["y"].to_numpy()
    gaps = []
    for (_,), part in rows.group_by("seed", maintain_order=True):
        ours, peer = (
            np.abs(part[name].to_numpy() - part["y"].to_numpy()).sum() for name in ("yhat", "best_peer_so_far")
        )
        gaps.append(float(1 - ours / peer))
    for name in ("yhat", "mean", "best_peer_so_far"):
        out[f"wape_{name}"] = round(float(np.abs(rows[name].to_numpy() - y).sum() / y.sum()), 4)
    return out | {"below_best_peer": _mean(gaps), "below_best_peer_se": _se(gaps)}


def _with_best_peer(rows: pl.DataFrame) -> pl.DataFrame:
    """`best_peer_so_far`: of each origin the peer with the smallest error on the world's origins before; first mean."""
    keys = ["seed", "level", "horizon"]
    sums = rows.group_by([*keys, "as_of"]).agg([(pl.col(name) - pl.col("y")).abs().sum().alias(name) for name in PEERS])
    sums = sums.sort([*keys, "as_of"]).with_columns(
        pl.col(name).cum_sum().shift(pl.col("horizon").first()).over(keys) for name in PEERS
    )
    best = pl.concat_list(PEERS).list.arg_min().fill_null(PEERS.index("mean_of_12")).alias("best")
    rows = rows.join(sums.select(*keys, "as_of", best), on=[*keys, "as_of"], how="left", maintain_order="left")
    chosen = pl.concat_list(PEERS).list.get(pl.col("best"))
    return rows.with_columns(best_peer_so_far=chosen)


def _relative(rows: pl.DataFrame, peer: str) -> float:
    ours, theirs = (float((rows[name] - rows["y"]).abs().sum()) for name in ("yhat", peer))
    return ours / theirs - 1


def _auc(rows: pl.DataFrame, name: str) -> float:
    return auc(rows[name].to_numpy(), rows["won"].to_numpy())


def _brier(rows: pl.DataFrame, name: str) -> float:
    return float(((rows[name] - rows["won"].cast(pl.Float64)) ** 2).mean())  # type: ignore[arg-type]


def _mean(values: list[float]) -> float:
    return round(float(np.mean(values)), 4)


def _se(values: list[float]) -> float | None:
    return round(float(np.std(values, ddof=1) / np.sqrt(len(values))), 4) if len(values) > 1 else None
