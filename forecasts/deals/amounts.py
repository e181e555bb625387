"""What a deal brings where it is won, relative to the amount entered now: by stage, counted over won deals."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.deals.panel import IS_WON, Panel

LEANS = 20.0  # won deals of all stages that a stage's own are mixed with
LEAST, MOST = 0.1, 10.0  # a ratio beyond is a typing error of either amount


@dataclass(frozen=True)
class Ratios:
    """mean: sum won / sum entered, by stage (and of all as the last). draws: a stage's ratios, to be drawn from.

    typical: mean won amount, for deals without an amount.
    """

    stages: dict[str, int]
    mean: np.ndarray
    draws: list[np.ndarray]
    typical: float

    def expected(self, rows: pl.DataFrame) -> np.ndarray:
        """Expected amount of each row where it is won, in the unit of `amount`."""
        amount = rows["amount"].to_numpy()
        return np.where(has_amount(rows), np.nan_to_num(amount) * self.mean[self.places(rows)], self.typical)

    def places(self, rows: pl.DataFrame) -> np.ndarray:
        """The stage of each row; the last place is that of stages without won deals."""
        stage = rows["stage_code"].fill_null("unknown")
        return stage.replace_strict(self.stages, default=len(self.stages), return_dtype=pl.Int64).to_numpy()


def has_amount(rows: pl.DataFrame) -> np.ndarray:
    """Whether an amount above 0 is entered."""
    return (rows["amount"].fill_nan(None) > 0).fill_null(value=False).to_numpy()


def fit_ratios(panel: Panel, won_amounts: np.ndarray) -> Ratios:
    """Ratios of won deals, each deal once per stage in which an origin saw it; won_amounts: of all won deals."""
    is_won = (panel.end > 0) & (panel.outcome == IS_WON) & has_amount(panel.rows)
    won = panel.rows.filter(pl.Series(is_won)).with_columns(pl.col("stage_code").fill_null("unknown"))
    won = won.filter(pl.col("amount_won") > 0).unique(["deal_id", "stage_code"], keep="last", maintain_order=True)
    ratio = won["amount_won"] / won["amount"]
    won = won.filter((ratio > LEAST) & (ratio < MOST))
    stages = {name: place for place, name in enumerate(won["stage_code"].unique().sort())}
    all_won, all_entered = float(won["amount_won"].sum()), float(won["amount"].sum())
    overall = all_won / all_entered if all_entered > 0 else 1.0
    typical_entered = all_entered / max(len(won), 1)
    means, draws = [], []
    for name in stages:
        here = won.filter(pl.col("stage_code") == name)
        entered = float(here["amount"].sum()) + LEANS * typical_entered
        means.append((float(here["amount_won"].sum()) + LEANS * typical_entered * overall) / entered)
        draws.append((here["amount_won"] / here["amount"]).to_numpy())
    every = (won["amount_won"] / won["amount"]).to_numpy()
    typical = float(np.mean(won_amounts)) if len(won_amounts) else 0.0
    return Ratios(stages, np.array([*means, overall]), [*draws, every if len(every) else np.ones(1)], typical)
