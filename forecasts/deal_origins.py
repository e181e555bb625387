"""The forecast from deals at one day and at past cutoffs: each time from what was known then, and nothing else.

Tables in (`deals.schema`: DEALS with `first_known_on` and columns of nodes, OBSERVATIONS), tables out. It lets the
pipeline stand beside series models: the same cutoffs, the same periods, the same ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import polars as pl
from threadpoolctl import threadpool_limits

from forecasts.backtesting import memory
from forecasts.deals.history import History, in_order
from forecasts.deals.pipeline import forecast_pipeline
from forecasts.deals.schema import LOST, WON
from forecasts.deals.scores import Scores, score_deals
from forecasts.deals.settings import Settings
from forecasts.output import schemas

PAST_DRAWS = 300  # of a past cutoff: its median and 95 % bounds are compared, not served
LEAST_KNOWN = 0.9  # share of the deals then open that must have been known: a cutoff before the exports says nothing


@dataclass(frozen=True)
class DealForecasts:
    """scores: of the day, with its periods, reasons and registry, where they were asked for. rows: schemas.PIPELINE.

    past: schemas.BACKTEST without actuals (y is null), model `pipeline`, one row per series, cutoff and period.
    cutoffs: one row per cutoff asked for: cutoff, n_known, n_not_exported, is_used.
    """

    scores: Scores | None
    rows: pl.DataFrame
    past: pl.DataFrame
    cutoffs: pl.DataFrame


def known_by(deals: pl.DataFrame, observations: pl.DataFrame, day: date) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Deals and observations as they stood at the end of a day, whatever was learnt of them later.

    A deal that no history and no export had shown yet is left out. Outcome and amount are those of its last observation
    then; the closing day is the one known now where it is not later, else the day of that observation.
    """
    seen = in_order(observations.filter(pl.col("known_on") <= day))
    last = seen.group_by("deal_id", maintain_order=True).agg(
        pl.col("known_on", "status_code", "amount").last().name.prefix("_")
    )
    shown = deals.filter(pl.col("created_on") <= day).join(last, on="deal_id", how="inner", maintain_order="left")
    is_closed = pl.col("_status_code").is_in([WON, LOST])
    closed_on = pl.when(pl.col("closed_on") <= pl.col("_known_on")).then("closed_on").otherwise("_known_on")
    shown = shown.with_columns(
        outcome=pl.when(is_closed).then("_status_code"),
        closed_on=pl.when(is_closed).then(pl.max_horizontal(closed_on, "created_on")),
        amount=pl.col("_amount"),
    )
    return shown.drop("_known_on", "_status_code", "_amount"), seen


def forecast_deals(
    deals: pl.DataFrame,
    observations: pl.DataFrame,
    levels: Mapping[str, str],
    *,
    as_of: date,
    cutoffs: Sequence[date],
    settings: Settings,
    seeds: Mapping[str, float],
    scored: bool = True,
) -> DealForecasts | None:
    """Score the open deals of `as_of` and forecast what they and later ones bring; the same for past cutoffs.

    levels: name of the level to the column of `deals`. seeds: stage to the chance that the company assumes. scored:
    whether the scores of the day are wanted. None where no deal is known: then there is no pipeline to forecast from.
    """
    asked = _Asked(deals, observations, levels, settings, seeds)
    with threadpool_limits(1):  # matrices of some hundred columns: a second thread waits longer than it works
        history = asked.history(as_of)
        if history.deals.is_empty():
            return None
        scores = score_deals(history, settings, seeds) if scored else None
        rows = (
            asked.rows(history, settings.draws)
            if scores is None
            else forecast_pipeline(history, scores, levels, settings).rows
        )
        past, counted = _past(asked, cutoffs)
    return DealForecasts(scores, _pipeline_rows(rows), past, counted)


@dataclass(frozen=True)
class _Asked:
    """What decides a forecast beside its day."""

    deals: pl.DataFrame
    observations: pl.DataFrame
    levels: Mapping[str, str]
    settings: Settings
    seeds: Mapping[str, float]

    def history(self, day: date) -> History:
        shown, seen = known_by(self.deals, self.observations, day)
        return History(day, shown.drop("first_known_on"), seen)

    def rows(self, history: History, draws: int = PAST_DRAWS) -> pl.DataFrame:
        """The forecast without reasons, with as many futures as asked for: computed once in a job (`remembering`)."""
        fewer = replace(self.settings, draws=min(self.settings.draws, draws))

        def compute() -> pl.DataFrame:
            scores = score_deals(history, fewer, self.seeds, explained=False)
            return forecast_pipeline(history, scores, self.levels, fewer).rows

        facts = (history.as_of, fewer, dict(self.levels), dict(self.seeds))
        return memory.recall_table(facts, (history.deals, history.observations), compute)


def _past(asked: _Asked, cutoffs: Sequence[date]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The forecasts of past cutoffs, and one row per cutoff with how much was known then."""
    counts = [_counts(asked.deals, cutoff) for cutoff in cutoffs]
    used = [cutoff for cutoff, row in zip(cutoffs, counts, strict=True) if row["is_used"]]
    past = [_as_backtest(asked.rows(asked.history(cutoff)), cutoff) for cutoff in used]
    shape = {"cutoff": pl.Date, "n_known": pl.Int64, "n_not_exported": pl.Int64, "is_used": pl.Boolean}
    return pl.concat([schemas.empty(schemas.BACKTEST), *past]), pl.DataFrame(counts, schema=shape)


def _counts(deals: pl.DataFrame, cutoff: date) -> dict[str, object]:
    """How many of the deals that were open then had been exported, and how many were not known yet."""
    is_open_then = (pl.col("created_on") <= cutoff) & (pl.col("closed_on").is_null() | (pl.col("closed_on") > cutoff))
    then_open = deals.filter(is_open_then)
    exported = int((then_open["first_known_on"] <= cutoff).sum())
    is_used = len(then_open) > 0 and exported >= LEAST_KNOWN * len(then_open)
    return {"cutoff": cutoff, "n_known": exported, "n_not_exported": len(then_open) - exported, "is_used": is_used}


def _as_backtest(rows: pl.DataFrame, cutoff: date) -> pl.DataFrame:
    rows = rows.with_columns(cutoff=pl.lit(cutoff), model=pl.lit("pipeline"), y=pl.lit(None, dtype=pl.Float64))
    return schemas.conform(rows, schemas.BACKTEST)


def _pipeline_rows(rows: pl.DataFrame) -> pl.DataFrame:
    return schemas.conform(rows.rename({"open_deal_count": "n_open_deals", "n": "n_won_deals"}), schemas.PIPELINE)
