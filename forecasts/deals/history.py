"""What was known of deals by a day: the two input frames, checked, and the spells in which a deal was open."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import polars as pl

from forecasts.deals import schema
from forecasts.deals.schema import EXACT, EXPORTS, LOST, OPEN, WON
from forecasts.errors import ForecastError


@dataclass(frozen=True)
class History:
    """Deals and observations as known at the end of as_of (schema.py); anything later is left out on construction.

    A deal whose closing day lies after as_of is what its last observation says: open, or lost and opened again later.
    """

    as_of: date
    deals: pl.DataFrame
    observations: pl.DataFrame

    def __post_init__(self) -> None:
        """Refuse frames without the needed columns; leave out what was not known yet."""
        _check("deals", self.deals, schema.DEALS)
        _check("observations", self.observations, schema.OBSERVATIONS)
        deals = self.deals.filter(pl.col("created_on") <= self.as_of)
        seen = self.observations.filter(pl.col("known_on") <= self.as_of).join(deals, on="deal_id", how="semi")
        seen = in_order(seen)
        object.__setattr__(self, "deals", _as_known(deals, seen, self.as_of).sort("deal_id"))
        object.__setattr__(self, "observations", seen)

    @cached_property
    def spells(self) -> pl.DataFrame:
        """One row per deal and time in which it was open: deal_id, spell (from 0), opened_on, ended_on (null while
        open), outcome (won, lost, null), amount (of the deal).

        A lost deal that is opened again begins another spell: for the forecast it comes in once more. A closed deal of
        which neither its closing day nor an observation tells the day has no spell (`undated_deal_count`).
        """
        again = self._returns
        endings = (
            self.observations.filter(pl.col("status_code") != OPEN)
            .group_by("deal_id")
            .agg(told_on=pl.col("known_on").last())
        )
        deals = self.deals.join(endings, on="deal_id", how="left")
        is_over = pl.col("outcome").is_not_null()
        deals = deals.with_columns(ended_on=pl.when(is_over).then(pl.coalesce("closed_on", "told_on")))
        deals = deals.filter(~is_over | pl.col("ended_on").is_not_null()).select(
            "deal_id", "amount", "ended_on", "outcome"
        )
        begun = pl.concat([self.deals.select("deal_id", opened_on="created_on"), again.select("deal_id", "opened_on")])
        rows = begun.join(deals, on="deal_id").sort("deal_id", "opened_on").with_columns(spell=_number_in_deal())
        ends = again.with_columns(spell=_number_in_deal()).drop("opened_on")  # the n-th return ends the n-th spell
        rows = rows.join(ends, on=["deal_id", "spell"], how="left", maintain_order="left")
        ended = pl.coalesce("before_on", "ended_on")
        return rows.select(
            "deal_id",
            "spell",
            "opened_on",
            ended_on=pl.when(ended.is_not_null()).then(pl.max_horizontal(ended, "opened_on")),
            outcome=pl.coalesce("before", "outcome"),
            amount="amount",
        )

    @property
    def _returns(self) -> pl.DataFrame:
        """deal_id, opened_on, before, before_on: each time a closed deal was open again, and what it was before."""
        moves = self.observations.filter((pl.col("status_code") != _before("status_code")).fill_null(value=True))
        moves = moves.with_columns(before=_before("status_code"), before_on=_before("known_on"))
        again = moves.filter((pl.col("status_code") == OPEN) & pl.col("before").is_not_null())
        return again.select("deal_id", "before", "before_on", opened_on="known_on")

    @property
    def undated_deal_count(self) -> int:
        """Closed deals without a closing day."""
        return self.deals.filter(pl.col("outcome").is_not_null()).height - (
            self.spells.filter(pl.col("outcome").is_not_null()).unique("deal_id").height
        )

    @property
    def closed_deal_count(self) -> int:
        """Deals that are won or lost by as_of."""
        return int(self.deals["outcome"].is_not_null().sum())

    @property
    def won_deal_count(self) -> int:
        """Deals that are won by as_of."""
        return int((self.deals["outcome"] == WON).sum())


def _before(name: str) -> pl.Expr:
    """The value of the row before it in the same deal, of rows in order: a window over text costs ten times as much."""
    is_same = pl.col("deal_id") == pl.col("deal_id").shift(1)
    return pl.when(is_same).then(pl.col(name).shift(1))


def _number_in_deal() -> pl.Expr:
    """The place of each row in its deal from 0, of rows in order."""
    place, is_first = pl.int_range(pl.len()), (pl.col("deal_id") != pl.col("deal_id").shift(1)).fill_null(value=True)
    return place - pl.when(is_first).then(place).forward_fill()


def in_order(observations: pl.DataFrame) -> pl.DataFrame:
    """The observations by deal and day; as they are where they stand so: to sort millions of rows takes seconds."""
    deal, before = pl.col("deal_id"), pl.col("deal_id").shift(1)
    follows = (deal > before) | ((deal == before) & (pl.col("known_on") >= pl.col("known_on").shift(1)))
    if observations.select(follows.fill_null(value=True).all()).item():
        return observations
    return observations.sort("deal_id", "known_on", maintain_order=True)


def _as_known(deals: pl.DataFrame, seen: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The deals without what came later: outcome, closing day and amount of those that close after as_of."""
    last = seen.group_by("deal_id").agg(pl.col("known_on", "status_code", "amount").last().name.prefix("_"))
    is_later = (pl.col("closed_on") > as_of).fill_null(value=False)
    deals = deals.join(last, on="deal_id", how="left", maintain_order="left")
    is_closed = pl.col("_status_code").is_in([WON, LOST]).fill_null(value=False)
    return deals.with_columns(
        outcome=pl.when(~is_later).then("outcome").when(is_closed).then("_status_code"),
        closed_on=pl.when(~is_later).then("closed_on").when(is_closed).then("_known_on"),
        amount=pl.when(~is_later).then("amount").otherwise("_amount"),
    ).drop("_known_on", "_status_code", "_amount")


def _check(name: str, frame: pl.DataFrame, needed: schema.Schema) -> None:
    missing = [column for column in needed if column not in frame.columns]
    if missing:
        raise ForecastError(f"{name}: the columns {', '.join(missing)} are missing")
    if name == "deals":
        _check_deals(frame)
    elif not frame["status_code"].is_in([OPEN, WON, LOST]).all():
        raise ForecastError("observations: status_code is open, won or lost")


def _check_deals(deals: pl.DataFrame) -> None:
    if deals["deal_id"].is_duplicated().any():
        raise ForecastError("deals: two rows have the same deal_id")
    if deals["created_on"].null_count():
        raise ForecastError("deals: created_on is null: a deal without a beginning cannot be placed in time")
    if not deals["outcome"].drop_nulls().is_in([WON, LOST]).all():
        raise ForecastError("deals: outcome is won, lost or null")
    if not deals["basis"].is_in([EXACT, EXPORTS]).all():
        raise ForecastError(f"deals: basis is {EXACT} or {EXPORTS}")


def day_numbers(days: pl.Series) -> np.ndarray:
    """Dates as days since 1970-01-01; null is a day after every other."""
    return days.cast(pl.Int32).cast(pl.Int64).fill_null(NEVER).to_numpy()


NEVER = 10**9  # a day after every other
