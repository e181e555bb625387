"""The view of revenue from bookings, in the tables of a run: beside the series' pool at the same cutoffs and periods.

Bookings that are not yet made are those that deals are expected to bring, where that was known at the cutoff, else the
mean of the last year's. Bounds come from the errors at all earlier cutoffs whose periods had ended.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl
from scipy.stats import t as student

from forecasts.deals.invoicing import LAGS, LEAST, Invoicing, fit_invoicing
from forecasts.output import schemas
from forecasts.panel.frequency import Frequency
from forecasts.uncertainty.bounds import OTHER_SCALE

REVENUE, BOOKINGS, MONTHLY = "revenue", "bookings", "MS"
YEAR = 12
FEWEST_ERRORS = 8  # from which their size is known well enough; with fewer there are no bounds, and no forecast
TAILS = {"lo_95": 0.025, "lo_80": 0.1, "hi_80": 0.9, "hi_95": 0.975}
# Both had the least interval score on worlds that are reported nowhere.
WIDENS = 0.15  # of the variance per month ahead: between that of totals, which gain more, and of members
LEANS = 12.0  # errors of all steps that those of one step are mixed with
PARTS = ("existing", "new")
MONTHS = Frequency(MONTHLY)


def revenue_from_bookings(
    history: pl.DataFrame, now: pl.DataFrame, past: pl.DataFrame, as_of: date, cutoffs: Sequence[date], steps: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """schemas.PIPELINE and schemas.BACKTEST (y is null) of monthly revenue, for every node that has bookings too.

    history: unique_id, metric, level, member, freq, ds, y. now, past: of bookings, as `deal_origins` gives them.
    """
    rows, tested = [schemas.empty(schemas.PIPELINE)], [schemas.empty(schemas.BACKTEST)]
    monthly = history.filter((pl.col("freq") == MONTHLY) & (pl.col("ds").dt.month_end() <= as_of))
    for node in _nodes(monthly):
        own = (pl.col("level") == node.level) & (pl.col("member") == node.member)
        bookings = f"{BOOKINGS}|{node.level}|{node.member}|{MONTHLY}"
        track = _Track(node, past.filter(unique_id=bookings), steps)
        if track.is_known:
            rows.append(_now(track, now.filter(own & (pl.col("metric") == BOOKINGS))))
            tested.append(_at(track, [cutoff for cutoff in cutoffs if track.reaches(cutoff)]))
    return pl.concat(rows), pl.concat(tested)


@dataclass(frozen=True)
class _Node:
    """The months of revenue and bookings of one member, from month number `first` on.

    later: bookings of months whose revenue is not known yet, since its invoices come later, by steps ahead.
    """

    level: str
    member: str
    first: int
    revenue: np.ndarray
    bookings: np.ndarray
    later: Mapping[int, float]

    def model(self, known: int) -> Invoicing:
        """Learnt from the first `known` months."""
        places = (self.first + np.arange(known)) % YEAR
        return fit_invoicing(self.bookings[:known], self.revenue[:known], places, YEAR)


class _Track:
    """A node's forecasts from every month on that is late enough, and the errors that they made."""

    def __init__(self, node: _Node, past: pl.DataFrame, steps: int) -> None:
        """past: forecasts of its bookings at cutoffs."""
        self.node, self.steps = node, steps
        self.begin, self.end = LEAST + LAGS, len(node.revenue)
        months = MONTHS.index(past["cutoff"].to_numpy()) - node.first + 1
        self.expected = {
            (int(month_count), step): y
            for month_count, (step, y) in zip(months, past.select("horizon", "yhat").rows(), strict=True)
        }
        self.ahead = {month_count: self.forecast(month_count, {}) for month_count in range(self.begin, self.end + 1)}
        came = np.concatenate([node.revenue, np.zeros(steps)])  # errors of months to come are never looked at
        self.errors = np.array([came[at : at + steps] - yhat for at, yhat in self.ahead.items()])
        self.sizes = np.array([self.usual(month_count) for month_count in self.ahead])

    @property
    def is_known(self) -> bool:
        """Whether enough errors are known for bounds."""
        return self.end - self.begin >= FEWEST_ERRORS

    def known_at(self, cutoff: date) -> int:
        """How many months had ended by the cutoff."""
        return int(MONTHS.index(np.array([cutoff + timedelta(days=1)]))[0]) - self.node.first

    def reaches(self, cutoff: date) -> bool:
        """Whether the cutoff is late enough for a forecast with bounds."""
        return self.begin + FEWEST_ERRORS <= self.known_at(cutoff) < self.end

    def bookings(self, month_count: int, later: Mapping[int, float]) -> np.ndarray:
        """Of the months known, and of the steps ahead: as given, as deals promised then, or the last year's mean."""
        past = self.node.bookings[:month_count]
        usual = float(past[-YEAR:].mean())
        ahead = [later.get(step, self.expected.get((month_count, step), usual)) for step in range(1, self.steps + 1)]
        return np.concatenate([past, ahead])

    def usual(self, month_count: int) -> float:
        """Mean monthly revenue of the year before, of all years where that one had hardly any; 0 before the first."""
        known = np.abs(self.node.revenue[:month_count])
        last, longer = float(known[-YEAR:].mean()), float(known.mean())
        return last if longer <= OTHER_SCALE * last else longer

    def forecast(self, month_count: int, later: Mapping[int, float]) -> np.ndarray:
        """Revenue of the steps after so many months. later: bookings expected at each step."""
        place = (self.node.first + month_count) % YEAR
        return self.node.model(month_count).ahead(self.bookings(month_count, later), place, self.steps)

    def bounds(self, month_count: int, yhat: np.ndarray) -> dict[str, np.ndarray]:
        """Around a forecast, from the errors of earlier ones that were known by then.

        An error counts over the revenue of its year: a company that grows errs by more. Where that year had hardly any,
        it counts as it is: scaled up it would be an error that nothing has ever made. Errors of a step are mixed with
        those of all steps, brought to its distance, and the fewer they are the wider are the tails (Student's t).
        """
        origins, steps = np.arange(self.begin, self.end + 1)[:, None], np.arange(1, self.steps + 1)
        is_known = origins + steps <= month_count
        usual = self.usual(month_count)
        sizes = np.where(usual > OTHER_SCALE * self.sizes, usual, self.sizes)[:, None]
        errors = self.errors / np.where(sizes > 0, sizes, 1.0)
        squares, counts = (np.where(is_known, part, 0.0).sum(axis=0) for part in (errors**2, is_known))
        # Forecasts of neighbouring months err alike: of those h ahead one in h is news.
        news_count = counts / steps
        shape = 1 + WIDENS * (steps - 1)
        anywhere = (squares / shape / steps).sum() / max(news_count.sum(), 1e-9)
        own = squares / np.maximum(counts, 1)
        variance = np.maximum.accumulate((news_count * own + LEANS * anywhere * shape) / (news_count + LEANS))
        spread = np.sqrt(variance) * usual
        floor = 0.0 if self.node.revenue.min() >= 0 else -np.inf
        tails = {name: student.ppf(share, news_count + LEANS) for name, share in TAILS.items()}
        return {name: np.maximum(yhat + tail * spread, floor) for name, tail in tails.items()}


def _nodes(history: pl.DataFrame) -> Iterator[_Node]:
    """Every member with months of both, whose months of revenue have no gap and none that bookings still wait for."""
    both = {}
    for (metric, level, member), part in history.group_by("metric", "level", "member", maintain_order=True):
        both[metric, level, member] = part.sort("ds").drop_nulls("y")
    for (metric, level, member), part in both.items():
        bookings = both.get((BOOKINGS, level, member))
        months = MONTHS.index(part["ds"].to_numpy())
        if metric != REVENUE or bookings is None or part.is_empty() or bookings.is_empty():
            continue
        at_month = MONTHS.index(bookings["ds"].to_numpy()) - months[0]
        if months[-1] - months[0] == len(part) - 1 <= at_month[-1]:
            booked = np.zeros(len(part))
            inside = (at_month >= 0) & (at_month < len(part))
            booked[at_month[inside]] = bookings["y"].to_numpy()[inside]
            ahead = dict(zip((at_month - len(part) + 1).tolist(), bookings["y"].to_list(), strict=True))
            later = {step: y for step, y in ahead.items() if step > 0}
            yield _Node(level, member, int(months[0]), part["y"].to_numpy(), booked, later)


def _now(track: _Track, bookings: pl.DataFrame) -> pl.DataFrame:
    """schemas.PIPELINE: `existing` and `new` are what deals still to be won add; `booked` is all the rest.

    That is what won deals still bring, and the repeat business that no deal stands behind.
    """
    node, month_count = track.node, track.end
    step = MONTHS.index(bookings["period_start"].to_numpy()) - node.first - month_count + 1
    later = {**node.later, **dict(zip(step.tolist(), bookings["mean"].to_list(), strict=True))}
    yhat, model = np.maximum(track.forecast(month_count, later), 0.0), node.model(month_count)
    lagged = {}
    for part in PARTS:
        won = np.zeros(month_count + track.steps)
        inside = (step >= 1) & (step <= track.steps)
        won[month_count + step[inside] - 1] = bookings[part].to_numpy()[inside]
        lagged[part] = np.array(
            [model.weights @ won[month_count + ahead - np.arange(LAGS)] for ahead in range(track.steps)]
        )
    whole = np.maximum(sum(lagged.values()), 1e-9)  # of a shrinking company it may be more than the revenue left
    columns = {part: values * np.minimum(1.0, yhat / whole) for part, values in lagged.items()}
    columns["booked"] = yhat - columns["existing"] - columns["new"]
    columns |= {"mean": yhat, "yhat": yhat, **track.bounds(month_count, yhat)}
    return _rows(track, np.full(track.steps, month_count), columns, schemas.PIPELINE)


def _at(track: _Track, cutoffs: Sequence[date]) -> pl.DataFrame:
    """schemas.BACKTEST of these cutoffs."""
    months = [track.known_at(cutoff) for cutoff in cutoffs]
    parts = [np.maximum(track.ahead[month_count], 0.0) for month_count in months]
    views = [{"yhat": yhat, **track.bounds(month_count, yhat)} for month_count, yhat in zip(months, parts, strict=True)]
    if not views:
        return schemas.empty(schemas.BACKTEST)
    columns = {name: np.concatenate([view[name] for view in views]) for name in views[0]}
    rows = _rows(track, np.repeat(months, track.steps), columns, schemas.BACKTEST)
    return rows.with_columns(cutoff=pl.Series(np.repeat(np.array(cutoffs, dtype="datetime64[D]"), track.steps)))


def _rows(
    track: _Track, month_counts: np.ndarray, columns: Mapping[str, np.ndarray], kind: dict[str, pl.DataType]
) -> pl.DataFrame:
    """Rows of forecasts one after another; month_counts: how many months each had, per row."""
    node, step = track.node, np.tile(np.arange(track.steps), len(month_counts) // track.steps)
    starts = MONTHS.starts(node.first + month_counts + step).astype("datetime64[D]")
    return schemas.conform(pl.DataFrame(dict(columns)).with_columns(
        unique_id=pl.lit(f"{REVENUE}|{node.level}|{node.member}|{MONTHLY}"), metric=pl.lit(REVENUE),
        level=pl.lit(node.level), member=pl.lit(node.member), freq=pl.lit(MONTHLY), period_start=pl.Series(starts),
        horizon=pl.Series(step + 1), model=pl.lit("pipeline"),
    ), kind)  # fmt: skip
