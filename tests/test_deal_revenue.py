"""Revenue from bookings: a world in which every booking is invoiced over the two months after it."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecasts.deal_revenue import revenue_from_bookings
from forecasts.deals.invoicing import fit_invoicing
from forecasts.output import schemas

pytestmark = pytest.mark.fast

MONTHS, STEPS, REPEAT = 60, 3, 500.0
STARTS = pl.date_range(date(2021, 1, 1), date(2025, 12, 1), "1mo", eager=True)
AS_OF = date(2025, 12, 31)
CUTOFFS = [date(2025, 6, 30), date(2025, 9, 30)]
NOTHING = schemas.empty(schemas.BACKTEST)


def bookings(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(50, 1500, MONTHS)


def invoiced(booked: np.ndarray) -> np.ndarray:
    """A third in the month after, two thirds in the one after that, and repeat business beside it."""
    padded = np.concatenate([[775.0, 775.0], booked])
    return REPEAT + padded[1:-1] / 3 + padded[:-2] * 2 / 3


def history(booked: np.ndarray, revenue: np.ndarray, *, months: int = MONTHS) -> pl.DataFrame:
    series = {"bookings": booked, "revenue": revenue}
    return pl.concat(
        pl.DataFrame({"ds": STARTS[:months], "y": values[:months]}).with_columns(
            unique_id=pl.lit(f"{metric}|total||MS"), metric=pl.lit(metric), level=pl.lit("total"),
            member=pl.lit(""), freq=pl.lit("MS"),
        )
        for metric, values in series.items()
    )  # fmt: skip


def pipeline(mean: float, existing: float) -> pl.DataFrame:
    """What deals are expected to bring in each of the coming months."""
    starts = pl.date_range(date(2026, 1, 1), date(2026, 3, 1), "1mo", eager=True)
    return schemas.conform(
        pl.DataFrame({"period_start": starts, "horizon": [1, 2, 3]}).with_columns(
            unique_id=pl.lit("bookings|total||MS"), metric=pl.lit("bookings"), level=pl.lit("total"),
            member=pl.lit(""), mean=pl.lit(mean), existing=pl.lit(existing), new=pl.lit(mean - existing),
        ),
        schemas.PIPELINE,
    )  # fmt: skip


def test_the_months_in_which_a_booking_is_invoiced_are_learnt() -> None:
    """The mean lag is 5/3 months, and 3 months more where invoices come so much later.

    The usual course has as much say as the history, so a third of the way is what 60 months must make at least.
    """
    booked, lags = bookings(), []
    for later in (0, 3):
        revenue = np.roll(invoiced(booked), later)
        model = fit_invoicing(booked, revenue, np.arange(MONTHS) % 12, 12)
        assert (model.weights >= 0).all()
        lags.append(float(np.average(np.arange(len(model.weights)), weights=model.weights)))
    assert lags[0] == pytest.approx(5 / 3, abs=0.8)
    assert lags[1] - lags[0] > 3 / 3


def test_what_is_booked_and_not_invoiced_decides_the_next_month() -> None:
    """Two companies of one past but for its last month: 4,000 booked or nothing. A third comes in next month."""
    rows = {}
    for last in (0.0, 4000.0):
        booked = bookings()
        booked[-1] = last
        now, _ = revenue_from_bookings(history(booked, invoiced(booked)), pipeline(775, 600), NOTHING, AS_OF, [], STEPS)
        rows[last] = now["yhat"].to_numpy()
    more = rows[4000.0] - rows[0.0]
    assert more[0] > 300 and more[1] > 300
    assert more[:2] == pytest.approx([4000 / 3, 8000 / 3], rel=0.6)


def test_a_month_whose_invoices_are_late_is_known_by_its_bookings() -> None:
    """December's revenue is not in yet; what was booked in December still decides January."""
    rows = {}
    for last in (0.0, 4000.0):
        booked = bookings()
        booked[-1] = last
        known = history(booked, invoiced(booked)).filter((pl.col("metric") == "bookings") | (pl.col("ds") < STARTS[-1]))
        now, _ = revenue_from_bookings(known, pipeline(775, 600), NOTHING, AS_OF, [], STEPS)
        rows[last] = now.filter(period_start=date(2026, 1, 1))["yhat"].item()
    assert rows[4000.0] - rows[0.0] > 300


def test_no_part_is_negative_though_deals_promise_more_than_revenue_can_be() -> None:
    booked = bookings()
    shrinking = invoiced(booked) * np.linspace(1, 0.02, MONTHS)
    now, _ = revenue_from_bookings(history(booked, shrinking), pipeline(9000, 4500), NOTHING, AS_OF, [], STEPS)
    assert now.height == STEPS
    assert now.select(pl.min_horizontal("booked", "existing", "new").min()).item() >= -1e-6


def test_parts_add_up_and_deals_to_come_count_from_the_month_in_which_they_are_won() -> None:
    booked = bookings()
    past = history(booked, invoiced(booked))
    few, many = (revenue_from_bookings(past, pipeline(m, m), NOTHING, AS_OF, [], STEPS)[0] for m in (100.0, 3000.0))
    for rows in (few, many):
        assert np.allclose(rows["booked"] + rows["existing"] + rows["new"], rows["mean"])
        assert (
            rows.select((pl.col("lo_95") <= pl.col("lo_80")) & (pl.col("hi_80") <= pl.col("hi_95"))).to_series().all()
        )
    gained = (many["yhat"] - few["yhat"]).to_numpy()
    assert gained[2] > gained[1] > gained[0] >= 0, "a deal won next month is hardly invoiced in it"
    assert many["existing"][2] > many["existing"][0]


def test_a_cutoff_knows_nothing_of_later_months() -> None:
    booked = bookings()
    revenue = invoiced(booked)
    later = np.arange(MONTHS) >= 57  # from October 2025 on
    changed = history(np.where(later, booked * 9, booked), np.where(later, revenue / 7, revenue))
    ours, theirs = (
        revenue_from_bookings(one, pipeline(775, 600), NOTHING, AS_OF, CUTOFFS, STEPS)[1]
        for one in (history(booked, revenue), changed)
    )
    assert ours["cutoff"].unique().sort().to_list() == CUTOFFS
    assert_frame_equal(ours, theirs)
    by_then = history(booked, revenue, months=57)
    alone = revenue_from_bookings(by_then, NOW_UNKNOWN, NOTHING, date(2025, 9, 30), [], STEPS)[0]
    assert alone["yhat"].to_list() == pytest.approx(ours.filter(cutoff=CUTOFFS[1])["yhat"].to_list())


NOW_UNKNOWN = schemas.empty(schemas.PIPELINE)


def test_what_deals_promised_at_a_cutoff_counts_at_it() -> None:
    booked = bookings()
    past = history(booked, invoiced(booked))
    promised = schemas.conform(
        pl.DataFrame({"horizon": [1, 2, 3], "yhat": [5000.0] * 3}).with_columns(
            unique_id=pl.lit("bookings|total||MS"), cutoff=pl.lit(CUTOFFS[0])
        ),
        schemas.BACKTEST,
    )
    with_it, without = (
        revenue_from_bookings(past, NOW_UNKNOWN, view, AS_OF, CUTOFFS, STEPS)[1].filter(horizon=3)
        for view in (promised, NOTHING)
    )
    gained = (with_it["yhat"] - without["yhat"]).to_list()
    assert gained[0] > 500 and gained[1] == 0


@pytest.mark.parametrize("months", [12, 30, 39])
def test_a_short_history_has_no_view_from_bookings(months: int) -> None:
    booked = bookings()
    short = history(booked, invoiced(booked), months=months)
    now, past = revenue_from_bookings(short, pipeline(775, 600), NOTHING, AS_OF, CUTOFFS, STEPS)
    assert now.is_empty() and past.is_empty()


def test_months_that_bookings_still_wait_for_have_no_view_from_them() -> None:
    booked = bookings()
    rows = history(booked, invoiced(booked)).filter(
        (pl.col("metric") == "revenue") | (pl.col("ds") < date(2025, 12, 1))
    )
    assert revenue_from_bookings(rows, pipeline(775, 600), NOTHING, AS_OF, CUTOFFS, STEPS)[0].is_empty()


def widths(months: int) -> np.ndarray:
    booked = bookings(3)
    noisy = invoiced(booked) * np.random.default_rng(4).uniform(0.7, 1.3, MONTHS)
    past = history(booked, noisy, months=months)
    now, _ = revenue_from_bookings(past, NOW_UNKNOWN, NOTHING, STARTS[months - 1].replace(day=28), [], 12)
    return (now["hi_95"] - now["lo_95"]).to_numpy()


def test_bounds_widen_with_every_month_ahead_though_no_error_that_far_is_known() -> None:
    """After 41 months the first forecast is nine months old: of ten and more months ahead nothing is known."""
    for months in (42, 60):
        assert (np.diff(widths(months)) > 0).all(), months


def test_the_fewer_errors_are_known_the_wider_are_their_tails() -> None:
    """95 % bounds over those of 80 %: 1.53 of a normal distribution, more of few errors."""
    booked, ratios = bookings(3), []
    for months in (42, 60):
        past = history(booked, invoiced(booked), months=months)
        now, _ = revenue_from_bookings(past, NOW_UNKNOWN, NOTHING, STARTS[months - 1].replace(day=28), [], STEPS)
        ratios.append(now.select((pl.col("hi_95") - pl.col("yhat")) / (pl.col("hi_80") - pl.col("yhat")))[0].item(0, 0))
    assert ratios[0] > ratios[1] > 1.5293


@pytest.mark.parametrize("unit", [1.0, 1000.0])
def test_errors_after_a_year_without_revenue_are_in_the_unit_of_the_series(unit: float) -> None:
    """A member sells nothing for a year, or begins late: its bounds stay near what it ever sold."""
    revenue = invoiced(bookings()) * unit
    for silent in (slice(24, 38), slice(0, 40)):
        gap = revenue.copy()
        gap[silent] = 0
        now, _ = revenue_from_bookings(
            history(bookings() * unit, gap), pipeline(775 * unit, 600 * unit), NOTHING, AS_OF, CUTOFFS, STEPS
        )
        assert now["hi_95"].max() < 3 * revenue.max()  # type: ignore[operator]


def test_a_year_of_almost_no_revenue_leaves_bounds_as_wide_as_one_of_none() -> None:
    """One small credit note a month says as little of the errors to come as silence does."""
    upper, booked = [], bookings()
    for left in (0.0, 1.0):
        revenue = np.where(np.arange(MONTHS) < MONTHS - 12, invoiced(booked), left)
        silent = np.where(np.arange(MONTHS) < MONTHS - 14, booked, 0.0)
        now, _ = revenue_from_bookings(history(silent, revenue), NOW_UNKNOWN, NOTHING, AS_OF, [], STEPS)
        upper.append(now.select(pl.col("hi_80") - pl.col("yhat")).to_series().to_list())
    assert upper[1] == pytest.approx(upper[0], rel=0.1)
    assert min(upper[1]) > 100
