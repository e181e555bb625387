"""Revenue from bookings, part by part: which members have both, what was known when, and how wide bounds are."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import t as student

from forecasts import deal_revenue
from forecasts.deal_revenue import revenue_from_bookings
from forecasts.output import schemas

pytestmark = pytest.mark.fast

FIRST = 600  # January 2020


def months(values: list[float | None], metric: str, first: int = FIRST, member: str = "") -> pl.DataFrame:
    days = [date(1970 + number // 12, number % 12 + 1, 1) for number in range(first, first + len(values))]
    return pl.DataFrame({"ds": days, "y": values}, schema_overrides={"y": pl.Float64}).with_columns(
        metric=pl.lit(metric), level=pl.lit("total"), member=pl.lit(member), freq=pl.lit("MS")
    )


def track(
    revenue: np.ndarray, steps: int = 3, past: pl.DataFrame | None = None, bookings: np.ndarray | None = None
) -> deal_revenue._Track:
    booked = np.full(len(revenue), 9.0) if bookings is None else bookings
    node = deal_revenue._Node("total", "", FIRST, revenue, booked, {})
    return deal_revenue._Track(node, schemas.empty(schemas.BACKTEST) if past is None else past, steps)


@pytest.mark.parametrize(
    ("revenue", "bookings", "first_booked", "booked"),
    [
        ([1.0, 2, 3], [4.0, 5, 6], FIRST, [4, 5, 6]),
        ([1.0, 2, 3], [4.0, 5, 6, 7, 8], FIRST - 1, [5, 6, 7]),
        ([1.0, 2, 3], [6.0], FIRST + 2, [0, 0, 6]),
        ([1.0, 2, 3], [4.0, 5], FIRST, None),
        ([1.0, None, 3], [4.0, 5, 6], FIRST, None),
        ([None, 2.0, 3], [4.0, 5, 6], FIRST, [5, 6]),
        ([None], [4.0], FIRST, None),
        ([1.0], [None], FIRST, None),
    ],
)
def test_a_member_has_months_of_both_without_a_gap_and_bookings_up_to_the_last(
    revenue: list[float | None], bookings: list[float | None], first_booked: int, booked: list[float] | None
) -> None:
    frames = [
        months(revenue, "revenue"),
        months(bookings, "bookings", first_booked),
        months([1.0], "revenue", member="a"),
    ]
    made = list(deal_revenue._nodes(pl.concat(frames)))
    assert [one.bookings.tolist() for one in made] == ([] if booked is None else [booked])


def test_bookings_of_months_whose_revenue_is_not_in_yet_are_kept_by_steps_ahead() -> None:
    frames = [months([1.0, 2], "revenue"), months([3.0, 4, 5, None, 7], "bookings")]
    [one] = deal_revenue._nodes(pl.concat(frames).sort("y"))
    assert one.later == {1: 5, 3: 7} and one.revenue.tolist() == [1, 2] and one.first == FIRST


def test_what_was_known_at_a_cutoff_are_the_months_that_had_ended() -> None:
    of = track(np.full(41, 100.0))
    ends = [date(2023, 4, 29), date(2023, 4, 30), date(2023, 5, 30), date(2023, 5, 31)]
    assert [of.known_at(day) for day in ends] == [39, 40, 40, 41]
    assert [of.reaches(day) for day in ends] == [False, True, True, False], "all 41 months are the present"


@pytest.mark.parametrize(("size", "is_known"), [(39, False), (40, True)])
def test_bounds_need_eight_errors_after_two_years_and_eight_months(size: int, is_known: bool) -> None:
    assert track(np.full(size, 100.0)).is_known == is_known
    frames = pl.concat([months([100.0] * size, "revenue"), months([9.0] * size, "bookings")])
    now, _ = revenue_from_bookings(
        frames, schemas.empty(schemas.PIPELINE), schemas.empty(schemas.BACKTEST), date(2025, 1, 1), [], 3
    )
    assert len(now) == 3 * is_known


def test_a_month_that_has_not_ended_is_not_learnt_from() -> None:
    """Of 41 months the last, May 2023, has ended on its 31st and not on its 30th."""
    frames = pl.concat([months([100.0] * 41, "revenue"), months([9.0] * 41, "bookings")])
    frames = pl.concat([frames, frames.with_columns(freq=pl.lit("W-MON"))])
    starts = []
    for day in (date(2023, 5, 30), date(2023, 5, 31)):
        nothing = (schemas.empty(schemas.PIPELINE), schemas.empty(schemas.BACKTEST))
        now, _ = revenue_from_bookings(frames, *nothing, day, [], 2)
        starts.append(now["period_start"].to_list())
    assert starts == [[date(2023, 5, 1), date(2023, 6, 1)], [date(2023, 6, 1), date(2023, 7, 1)]]


def test_bookings_ahead_are_given_or_as_promised_then_or_the_mean_of_the_last_year() -> None:
    past = pl.DataFrame({"cutoff": [date(2023, 4, 30)], "horizon": [2], "yhat": [77.0]})
    booked = np.arange(41.0)
    of = track(np.full(41, 100.0), past=past, bookings=booked)
    assert of.bookings(40, {3: 5.0})[:40].tolist() == booked[:40].tolist()
    assert of.bookings(40, {3: 5.0})[40:].tolist() == [33.5, 77, 5], "28 to 39 are the last year"
    assert of.bookings(41, {})[41:].tolist() == [34.5] * 3


def test_usual_revenue_is_that_of_the_last_year_unless_it_was_hardly_any() -> None:
    of = track(np.array([-100.0] * 24 + [4.0] * 17))
    assert of.usual(24) == 100 and of.usual(36) == pytest.approx((2400 + 48) / 36)
    growing = track(np.array([50.0] * 24 + [400.0] * 17))
    assert growing.usual(36) == 400
    edge, beyond = (track(np.array([before] * 24 + [2.0] * 17)) for before in (11.0, 11.5))
    assert edge.usual(36) == 2, "8 over three years is four times the 2 of the last"
    assert beyond.usual(36) == pytest.approx((24 * 11.5 + 24) / 36)


def by_loop(errors: np.ndarray, sizes: np.ndarray, usual: float, known: int) -> list[tuple[float, float]]:
    """Spread and degrees of freedom of each step; the first errors are those after 32 months."""
    steps, scaled = errors.shape[1], []
    for step in range(1, steps + 1):
        kept = []
        for row, error in enumerate(errors[:, step - 1]):
            size = usual if usual > 4 * sizes[row] else sizes[row]
            if 32 + row + step <= known:
                kept.append((error / size) ** 2)
        scaled.append(kept)
    news = [len(kept) / (number + 1) for number, kept in enumerate(scaled)]
    shape = [1 + 0.15 * number for number in range(steps)]
    anywhere = sum(sum(kept) / shape[n] / (n + 1) for n, kept in enumerate(scaled)) / sum(news)
    told, highest = [], 0.0
    for number, kept in enumerate(scaled):
        own = float(np.mean(kept)) if kept else 0.0
        mixed = (news[number] * own + 12 * anywhere * shape[number]) / (news[number] + 12)
        highest = max(highest, mixed)
        told.append((np.sqrt(highest) * usual, news[number] + 12))
    return told


@pytest.mark.parametrize("floor", [0.0, -50.0])
def test_bounds_are_from_errors_that_were_known_by_then(floor: float) -> None:
    """Errors grow with the revenue of their year; where that was hardly any they count in today's unit."""
    revenue = np.full(44, 100.0)
    revenue[0] = floor
    of = track(revenue, steps=4)
    draws = np.random.default_rng(5)
    of.errors, of.sizes = draws.normal(0, 30, (13, 4)), np.array([100.0, 50, 24, 25, 26, *[100.0] * 8])
    yhat = np.array([90.0, 100, 110, 5])
    for known in (34, 42):
        made = of.bounds(known, yhat)
        spreads = by_loop(of.errors, of.sizes, of.usual(known), known)
        for name, share in (("lo_95", 0.025), ("lo_80", 0.1), ("hi_80", 0.9), ("hi_95", 0.975)):
            expected = [yhat[n] + student.ppf(share, freedom) * spread for n, (spread, freedom) in enumerate(spreads)]
            np.testing.assert_allclose(made[name], np.maximum(expected, 0.0 if floor == 0 else -np.inf))


def test_bounds_of_a_series_without_revenue_are_its_forecast() -> None:
    of = track(np.zeros(41))
    assert of.bounds(41, np.full(3, 5.0))["hi_95"].tolist() == [5, 5, 5]


def test_errors_are_what_came_less_what_was_forecast() -> None:
    revenue = np.concatenate([np.full(40, 100.0), [130.0]])
    of = track(revenue)
    before = of.ahead[40]
    np.testing.assert_allclose(of.errors[8], np.array([130.0, 0, 0]) - before)
    assert len(of.errors) == len(of.sizes) == 10 and sorted(of.ahead) == list(range(32, 42))


def pipeline(existing: list[float], new: list[float], first: date) -> pl.DataFrame:
    starts = pl.date_range(first, first.replace(month=first.month + len(new) - 1), "1mo", eager=True)
    return pl.DataFrame({"period_start": starts, "existing": existing, "new": new}).with_columns(
        mean=pl.col("existing") + pl.col("new")
    )


def test_parts_of_a_forecast_are_what_open_and_new_deals_are_invoiced_for_and_the_rest() -> None:
    """41 months to May 2023; deals of June and July, and of May that no longer count."""
    draws = np.random.default_rng(6)
    booked = draws.uniform(50, 150, 41)
    revenue = 100 + np.convolve(booked, [0.3, 0.5, 0.2])[:41]
    of = track(revenue, bookings=booked)
    rows = deal_revenue._now(of, pipeline([900.0, 40, 20], [800.0, 0, 30], date(2023, 5, 1)))
    weights = of.node.model(41).weights
    ahead = of.forecast(41, {1: 40.0, 2: 50.0})
    np.testing.assert_allclose(rows["yhat"], ahead)
    first, second, third = weights[:3]
    np.testing.assert_allclose(rows["existing"], [40 * first, 40 * second + 20 * first, 40 * third + 20 * second])
    np.testing.assert_allclose(rows["new"], [0, 30 * weights[0], 30 * weights[1]])
    np.testing.assert_allclose(rows["booked"] + rows["existing"] + rows["new"], rows["mean"])
    assert rows["period_start"].to_list() == [date(2023, 6, 1), date(2023, 7, 1), date(2023, 8, 1)]
    assert rows["horizon"].to_list() == [1, 2, 3] and set(rows["unique_id"]) == {"revenue|total||MS"}
    assert set(rows["model"]) == {"pipeline"} and rows["hi_95"].to_list() == of.bounds(41, ahead)["hi_95"].tolist()


def test_revenue_is_never_below_nothing_and_deals_bring_no_more_than_it() -> None:
    falling = np.concatenate([np.linspace(200, 40, 40), [-500.0]])
    of = track(falling)
    rows = deal_revenue._now(of, pipeline([1.0, 2], [3.0, 4], date(2023, 6, 1)))
    assert rows["yhat"][0] == 0 and rows.select("existing", "new", "booked").row(0) == (0, 0, 0)


def test_a_cutoff_has_the_forecast_and_bounds_of_the_months_before_it() -> None:
    of = track(np.linspace(100, 200, 44))
    rows = deal_revenue._at(of, [date(2023, 4, 30), date(2023, 5, 31)])
    assert rows["cutoff"].to_list() == [date(2023, 4, 30)] * 3 + [date(2023, 5, 31)] * 3
    assert rows["period_start"].to_list()[2:4] == [date(2023, 7, 1), date(2023, 6, 1)]
    np.testing.assert_allclose(rows["yhat"], [*of.ahead[40], *of.ahead[41]])
    assert rows["lo_80"].to_list()[:3] == of.bounds(40, of.ahead[40])["lo_80"].tolist()
    assert deal_revenue._at(of, []).is_empty()


def test_the_season_of_revenue_is_that_of_the_months_ahead() -> None:
    """Every December, the last month of a year that begins with the first, brings 900 more."""
    revenue = np.where(np.arange(46) % 12 == 11, 1000.0, 100.0)
    steps = track(revenue).forecast(45, {})
    assert steps[2] > steps[0] + 400 and steps[2] > steps[1] + 400, "October, November, December"
    late = deal_revenue._Node("total", "", FIRST + 6, revenue, np.full(46, 9.0), {})
    shifted = deal_revenue._Track(late, schemas.empty(schemas.BACKTEST), 3).forecast(45, {})
    np.testing.assert_allclose(shifted, steps)
