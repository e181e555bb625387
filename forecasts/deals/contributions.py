"""Why a deal has its chance: signed contributions of features that sum to the log-odds, and their words.

The log-odds of winning inside the horizon are no line in the features (windows and risks multiply), so the difference
to the typical deal is integrated along the straight path from it to the deal: contribution i = x_i x the mean of the
slope d/dx_i on the path (integrated gradients, Sundararajan, Taly & Yan 2017; the Aumann-Shapley value). The parts sum
to the difference by the fundamental theorem of calculus; what eight Gauss points leave over is spread in proportion.
"""

from datetime import date

import numpy as np
import polars as pl

from forecasts.deals import schema
from forecasts.deals.clauses import clause
from forecasts.deals.features import in_plain
from forecasts.deals.win_model import WinModel, hazards

POINTS = 8
SHOWN = 8  # reasons per deal beside the sum of the others
IN_WORDS = 3  # reasons in the sentence: more are not read
TYPICAL, SEASON, OTHERS = "typical deal", "season", "other features"
CHUNK = 20_000  # rows at a time, so that memory does not grow with the deals


def contributions(model: WinModel, columns: np.ndarray, season: np.ndarray) -> tuple[list[str], np.ndarray, float]:
    """Features, deals x features, and the log-odds of the typical deal; a deal's row and that sum to its log-odds."""
    features = list(dict.fromkeys(feature for feature, _ in model.recipe.columns))
    place = np.array([features.index(feature) for feature, _ in model.recipe.columns], dtype=np.int64)
    nodes, weights = np.polynomial.legendre.leggauss(POINTS)
    grouped = np.zeros((columns.shape[1], len(features)))
    grouped[np.arange(columns.shape[1]), place] = 1
    parts = []
    zero = _log_odds(model, np.zeros((1, columns.shape[1])), np.zeros((1, season.shape[1])))[0]
    for start in range(0, len(columns), CHUNK):
        x, s = columns[start : start + CHUNK], season[start : start + CHUNK]
        slopes, in_season = np.zeros_like(x), np.zeros(len(x))
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
            by_column, by_season = _slopes(model, node * x, node * s)
            slopes += weight * by_column
            in_season += weight * (by_season * s).sum(axis=1)
        part = np.column_stack([(slopes * x) @ grouped, in_season])
        left = _log_odds(model, x, s) - zero - part.sum(axis=1)
        size = np.abs(part)
        parts.append(part + left[:, None] * size / np.maximum(size.sum(axis=1, keepdims=True), 1e-12))
    everything = np.concatenate(parts) if parts else np.zeros((0, len(features) + 1))
    return [*features, SEASON], everything, float(zero)


def _log_odds(model: WinModel, columns: np.ndarray, season: np.ndarray) -> np.ndarray:
    won = model.predict(columns, season).won.sum(axis=1)
    return np.log(won) - np.log1p(-won)


def _slopes(model: WinModel, columns: np.ndarray, season: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """d log-odds / d columns, and / d season (log factor of each window)."""
    won, lost = hazards(*model.log_odds(columns, season))
    stays = 1 - won - lost
    still = np.concatenate([np.ones((len(won), 1)), np.cumprod(stays, axis=1)[:, :-1]], axis=1)
    wins = still * won
    later = np.cumsum(wins[:, ::-1], axis=1)[:, ::-1] - wins  # wins after window k
    by_won, by_lost = still - later / stays, -later / stays
    log_won = by_won * won * (1 - won) - by_lost * won * lost
    log_lost = by_lost * lost * (1 - lost) - by_won * won * lost
    total = wins.sum(axis=1, keepdims=True)
    scale = 1 / (total * (1 - total))
    return scale * (log_won @ model.won + log_lost @ model.lost), scale * log_won


def reason_rows(
    as_of: date, deals: pl.Series, raw: pl.DataFrame, features: list[str], parts: np.ndarray, typical: float
) -> pl.DataFrame:
    """Schema REASONS: the strongest contributions of each deal, the sum of the others, and the typical deal."""
    shown = min(SHOWN, len(features))
    order = np.argsort(-np.abs(parts), axis=1, kind="stable")[:, :shown]
    top = np.take_along_axis(parts, order, axis=1)
    names = np.array([*features, OTHERS, TYPICAL], dtype=object)
    rest = parts.sum(axis=1) - top.sum(axis=1)
    size = len(deals)
    feature = np.concatenate([order, np.full((size, 1), len(features)), np.full((size, 1), len(features) + 1)], axis=1)
    contribution = np.concatenate([top, rest[:, None], np.full((size, 1), typical)], axis=1)
    rank = np.tile([*range(1, shown + 2), 0], size)
    frame = pl.DataFrame(
        {"row": np.repeat(np.arange(size), shown + 2), "feature": names[feature.ravel()].tolist(),
         "contribution": contribution.ravel(), "rank": rank},
        schema_overrides={"feature": pl.String, "row": pl.UInt32},
    )  # fmt: skip
    frame = frame.join(_values(raw), on=["row", "feature"], how="left", maintain_order="left")
    ids = pl.DataFrame({"deal_id": deals}).with_row_index("row")
    return schema.conform(frame.join(ids, on="row").with_columns(as_of=pl.lit(as_of)), schema.REASONS)


def _values(raw: pl.DataFrame) -> pl.DataFrame:
    """row, feature, value in words."""
    shown = pl.DataFrame([in_plain(name, raw[name]).alias(name) for name in raw.columns])
    return shown.with_row_index("row").unpivot(index="row", variable_name="feature", value_name="value")


def in_words(reasons: pl.DataFrame) -> pl.DataFrame:
    """deal_id, reasons: the three strongest, such as `has no budget, which lowers it (-0.46)`."""
    strong = reasons.filter((pl.col("rank") >= 1) & (pl.col("rank") <= IN_WORDS) & (pl.col("feature") != OTHERS))
    verb = pl.when(pl.col("contribution") >= 0).then(pl.lit("raises")).otherwise(pl.lit("lowers"))
    amount = pl.format(
        "{}{}",
        pl.when(pl.col("contribution") >= 0).then(pl.lit("+")).otherwise(pl.lit("")),
        pl.col("contribution").round(2),
    )
    text = pl.format("{}, which {} it ({})", clause(pl.col("feature"), pl.col("value")), verb, amount)
    return (
        strong.sort("deal_id", "rank")
        .with_columns(text=text)
        .group_by("deal_id", maintain_order=True)
        .agg(reasons=pl.col("text").str.join("; "))
    )
