"""Targets of running and ended quarters and years, computed again from exported targets: given, or summed from parts.

Polars over `raw.targets` and the company's actuals as `truth_figures` and `truth_deals` compute them; no SQL of the
product. The medians to come are the issued ones (`forecast.latest`): that they are right is what `bench forecast` asks.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from pipelines.bench.truth_deals import deals_of
from pipelines.bench.truth_figures import Figure, Frames, Policy, current, in_base_currency, rates_of, revenue_lines

MONTHS = {"month": 1, "quarter": 3, "year": 12}
Period = tuple[str, date]  # kind and first day
Day = tuple[date, float]


def target_figures(raw: Frames, served: Frames, as_of: date, policy: Policy) -> Iterator[Figure]:
    """Target, closed amount and gap of the running and the last ended quarter and year of the company as a whole."""
    given = given_targets(raw, as_of, policy)
    actuals = {"bookings": _bookings, "revenue": _revenue}
    for metric in sorted(set(given["metric"]) & set(actuals)):
        of_metric = {
            (period, start): amount
            for period, start, amount in given.filter(metric=metric)
            .select("period", "start", "amount_base")
            .iter_rows()
        }
        days = actuals[metric](raw, served, as_of, policy)
        for kind in ("quarter", "year"):
            for start in _starts(kind, as_of, policy["fiscal_year_start_month"]):
                target = target_of(of_metric, (kind, start))
                if target is not None:
                    yield from _told(metric, (kind, start), target, days, _to_come(served, metric, as_of), as_of)


def given_targets(raw: Frames, as_of: date, policy: Policy) -> pl.DataFrame:
    """`metric, period, start, amount_base`: the version exported last of each target of the whole company."""
    rows = current(raw["targets"], as_of).filter(pl.col("level").str.to_lowercase() == "total")
    rows = rows.with_columns(
        metric=pl.col("metric").str.to_lowercase(),
        period=pl.col("period").str.to_lowercase().fill_null("month"),
        start=pl.col("period_start").dt.truncate("1mo"),
        rated_on=pl.min_horizontal("period_start", pl.lit(as_of)),
    )
    amounts = in_base_currency(
        rows, "rated_on", rates_of(raw, as_of), policy["base_currency"], policy["rate_carry_forward_days"]
    )
    rows = rows.with_columns(amount_base=amounts).sort("exported_at")
    return rows.unique(["metric", "period", "start"], keep="last").select("metric", "period", "start", "amount_base")


def target_of(given: dict[Period, float], period: Period) -> float | None:
    """The target of a period: its own, else the sum of all of its months, else of all of its quarters."""
    kind, start = period
    if period in given:
        return given[period]
    for part in ("month", "quarter")[: 1 if kind == "quarter" else 2]:
        starts = [_later(start, number) for number in range(0, MONTHS[kind], MONTHS[part])]
        if all((part, first) in given for first in starts):
            return sum(given[part, first] for first in starts)
    return None


def _told(
    metric: str, period: Period, target: float, days: list[Day], to_come: dict[date, float], as_of: date
) -> Iterator[Figure]:
    kind, start = period
    end = _later(start, MONTHS[kind])
    name = f"target_gap: {metric} of the {kind} from {start:%Y-%m},"
    closed = sum(amount for day, amount in days if start <= day < end)
    yield f"{name} target", target
    yield f"{name} closed", closed
    first_open = (as_of + timedelta(days=1)).replace(day=1)
    months = [first for number in range(MONTHS[kind]) if (first := _later(start, number)) >= first_open]
    if all(first in to_come for first in months):
        begun = {first: sum(amount for day, amount in days if first <= day < _later(first, 1)) for first in months}
        yield f"{name} gap", target - closed - sum(max(to_come[first] - begun[first], 0) for first in months)


def _bookings(raw: Frames, served: Frames, as_of: date, policy: Policy) -> list[Day]:
    won = deals_of(raw, served, as_of, policy).filter(pl.col("stage") == "won", pl.col("closed_on") <= as_of)
    return list(won.filter(pl.col("amount_base").is_not_null()).select("closed_on", "amount_base").iter_rows())


def _revenue(raw: Frames, served: Frames, as_of: date, policy: Policy) -> list[Day]:
    del served  # what is invoiced needs no crosswalk
    lines = revenue_lines(raw, as_of, policy["base_currency"], policy["rate_carry_forward_days"])
    told = lines.filter(pl.col("day") <= as_of, pl.col("amount_base").is_not_null())
    return list(told.select("day", "amount_base").iter_rows())


def _to_come(served: Frames, metric: str, as_of: date) -> dict[date, float]:
    """The issued median of each month from that of as_of on; none where a complete month is not over by as_of."""
    rows = served["latest"].filter(pl.col("unique_id") == f"{metric}|total||MS", pl.col("scenario") == "base")
    first_open = (as_of + timedelta(days=1)).replace(day=1)
    known = dict(rows.select("period_start", "yhat").iter_rows())
    return {} if min(known, default=first_open) != first_open else known


def _starts(kind: str, as_of: date, first_month: int) -> Iterator[date]:
    """The first days of the running period and of the one before it."""
    months = MONTHS[kind]
    behind = (as_of.month - first_month) % months
    running = _later(as_of.replace(day=1), -behind)
    yield from (running, _later(running, -months))


def _later(first: date, months: int) -> date:
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def served_targets(served: Frames) -> dict[str, float]:
    """The same figures as the served table has them."""
    rows = served["target_gap"].filter(pl.col("level") == "total", pl.col("period") != "month")
    figures: dict[str, float] = {}
    for row in rows.iter_rows(named=True):
        name = f"target_gap: {row['metric']} of the {row['period']} from {row['period_start']:%Y-%m},"
        figures |= {f"{name} target": row["target_amount"], f"{name} closed": row["closed_amount"]}
        if row["gap"] is not None:
            figures[f"{name} gap"] = row["gap"]
    return figures
