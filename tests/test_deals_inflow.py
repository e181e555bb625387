"""Deals that nobody has entered yet: level, trend, season and closing curve, as counted by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.deals import inflow
from forecasts.deals.calendar_effects import Effects
from forecasts.deals.history import NEVER, History
from forecasts.deals.inflow import Inflow, fit_inflow
from forecasts.deals.settings import Settings
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")
PLAIN = Settings(festivals=(), periods=3)
START = 600  # January 2020
FLAT = Effects.none(MONTHS)


def growing(size: int, by: float = 0.03, first: float = 20.0) -> np.ndarray:
    return first * np.exp(by * np.arange(size))


def test_new_deals_are_won_from_the_window_on_in_which_they_come() -> None:
    """Ten, twenty and forty come; a tenth is won at once, a fifth one window later, none after that."""
    made = Inflow(np.array([10.0, 20, 40]), np.array([0.1, 0.2, 0]), 0, np.zeros(3), False, 5)
    np.testing.assert_allclose(made.wins(), [[1, 2, 0], [0, 2, 4], [0, 0, 4]])


def test_the_closing_curve_leaves_out_what_is_not_over_yet() -> None:
    """Ten deals of window 0, looked at before window 3: two won at age 0, one lost and two won at age 1; of the
    seven that came in window 2 one was won at once, and what they do at age 1 is not known."""
    opened = np.array([0] * 10 + [2] * 7)
    ended = np.array([0, 0, 1, 1, 1, *[NEVER] * 5, 2, *[NEVER] * 6])
    won = np.array([True, True, False, True, True, *[False] * 5, True, *[False] * 6])
    curve, count = inflow._curve(opened, ended, won, 3, 4)
    np.testing.assert_allclose(curve, [3 / 17, 14 / 17 * 2 / 8, 0, 0])
    assert count == 5


def test_a_win_after_the_day_of_the_forecast_is_not_counted() -> None:
    """Won in the window that has begun: neither a win of the curve nor known."""
    curve, count = inflow._curve(np.array([1, 2]), np.array([3, 2]), np.array([True, True]), 3, 2)
    assert curve.tolist() == [0.5, 0] and count == 1


def test_a_history_gives_the_inflow_of_its_whole_periods() -> None:
    """On 10 April: three a month from December on, when the first deal was closed; two of December's were won at
    once. Two that came before and one of April count neither as new nor for the curve; half of April is left."""
    opened = [date(2024, 10, 5)] * 2
    opened += [date(year, month, 5) for year, month in ((2024, 12), (2025, 1), (2025, 2), (2025, 3)) for _ in range(3)]
    opened += [date(2025, 4, 3)]
    closed = [date(2024, 12, 10)] * 4 + [None] * 10 + [date(2025, 4, 5)]
    ids = [f"d{number}" for number in range(15)]
    frame = {"deal_id": ids, "basis": "exact_history", "customer_id": None, "created_on": opened, "closed_on": closed,
             "outcome": ["won" if ended else None for ended in closed], "amount": 1.0}  # fmt: skip
    looks = {"deal_id": ids, "known_on": opened, "status_code": "open", "stage_code": "talk", "amount": 1.0}
    known = History(
        date(2025, 4, 10), pl.DataFrame(frame, schema_overrides={"customer_id": pl.String}), pl.DataFrame(looks)
    )
    made = fit_inflow(known, MONTHS, int(MONTHS.index(np.array(["2025-04-01"], "datetime64[D]"))[0]), 0.5, PLAIN)
    np.testing.assert_allclose(made.counts, [1.5, 3, 3], atol=1e-6)
    np.testing.assert_allclose(made.curve, [1 / 6, 0, 0])
    assert made.won_count == 2 and not made.has_trend and made.spread == pytest.approx(1 / np.sqrt(12))


def test_the_season_raises_what_is_expected_of_its_periods(monkeypatch: pytest.MonkeyPatch) -> None:
    """January to November bring 30 each month, where ends of quarters should be .3 above others; then December."""
    ends = Effects(MONTHS, (), False, np.array([0.3]), np.full((1, 1), 0.09))
    monkeypatch.setattr(inflow, "_season", lambda *_: ends)
    counts = 30 * ends.factors(np.arange(START, START + 11))
    ahead, _, _, shock = inflow._future_counts(MONTHS, counts, START, PLAIN)
    np.testing.assert_allclose(ahead, 30 * np.exp([0.2, -0.1, -0.1]), rtol=1e-3)
    np.testing.assert_allclose(shock, [0.2, 0.1, 0.1], rtol=0.01)
    assert not inflow._trend_wins(MONTHS, 30 * ends.factors(np.arange(START, START + 40)), START, PLAIN)


@pytest.mark.parametrize(
    ("opened", "ended", "begins"),
    [
        ([10, 90], [50, NEVER], 64),  # three years back
        ([10, 90], [80, NEVER], 80),  # the first that closed
        ([10, 90], [NEVER, NEVER], 64),  # none closed: the first that was opened
        ([97, 98], [NEVER, NEVER], 97),
        ([], [], 100),
        ([99], [120], 100),
    ],
)
def test_history_begins_three_years_back_and_not_before_a_deal_is_known_to_have_closed(
    opened: list[int], ended: list[int], begins: int
) -> None:
    assert inflow._beginning(np.array(opened, int), np.array(ended, int), 100, Settings()) == begins


@pytest.mark.parametrize("counts", [growing(36), growing(5, first=3.0, by=-0.2), np.array([1.0, 1, 1, 9, 9, 9])])
def test_a_trend_is_the_most_likely_growth_around_the_mean_with_a_prior_of_two_per_cent(counts: np.ndarray) -> None:
    """Where the slope of likelihood and prior is nothing: sum of t (count - mean e^(t slope)) = slope / .02^2."""
    slope = inflow._log_trend(counts)
    time = np.arange(len(counts)) - (len(counts) - 1) / 2
    assert (time * (counts - counts.mean() * np.exp(time * slope))).sum() == pytest.approx(slope / 0.02**2, rel=1e-5)
    assert slope * (counts[-1] - counts[0]) > 0


def test_without_growth_or_without_deals_there_is_no_trend() -> None:
    assert inflow._log_trend(np.full(9, 4.0)) == pytest.approx(0, abs=1e-9)
    assert inflow._log_trend(np.zeros(5)) == pytest.approx(0, abs=1e-9)


def test_the_fitted_line_has_the_sum_of_the_counts_and_their_trend_and_season() -> None:
    ends = Effects(MONTHS, (), False, np.array([0.3]), np.zeros((1, 1)))
    fitted = inflow._fitted(growing(6, first=1000), START, ends)
    assert fitted.sum() == pytest.approx(growing(6, first=1000).sum())
    slope = inflow._log_trend(growing(6, first=1000))
    np.testing.assert_allclose(np.diff(np.log(fitted)), slope + np.array([0, 0.3, -0.3, 0, 0.3]), atol=1e-9)


@pytest.mark.parametrize(("size", "looks"), [(23, False), (24, True)])
def test_a_trend_is_looked_for_from_two_years_on(size: int, looks: bool) -> None:
    counts = growing(size, by=0.04, first=400)
    ahead, has_trend, spread, _ = inflow._future_counts(MONTHS, counts, START, PLAIN)
    assert has_trend is looks
    if looks:
        np.testing.assert_allclose(ahead, growing(size + 3, by=0.04, first=400)[-3:], rtol=0.06)
        assert spread == pytest.approx(2 / np.sqrt(counts.sum()))
    else:
        assert ahead.max() < counts[-1] and spread == pytest.approx(1 / np.sqrt(counts[-12:].sum()))


def test_a_trend_that_did_not_forecast_better_is_not_taken() -> None:
    """It grew for two years and has stood still since: a line through all of it promises too much."""
    stopped = np.concatenate([growing(24, by=0.05, first=100), np.full(18, 320.0)])
    assert not inflow._trend_wins(MONTHS, stopped, START, PLAIN)
    assert inflow._trend_wins(MONTHS, growing(42, by=0.02, first=300), START, PLAIN)


@pytest.mark.parametrize("size", [17, 18])
def test_a_test_of_the_trend_learns_from_a_year_at_least(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a year is held out: of 17 months 11 are left, and no test is made."""
    asked: list[int] = []

    def season(_: Frequency, counts: np.ndarray, *__: object) -> Effects:
        asked.append(len(counts))
        return FLAT

    monkeypatch.setattr(inflow, "_season", season)
    inflow._trend_wins(MONTHS, growing(size), START, PLAIN)
    assert asked == [12] * (size - 17)


def test_trends_are_tested_at_a_dozen_past_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def level(_: Frequency, counts: np.ndarray, begin: int, season: Effects, has_trend: bool) -> tuple[float, ...]:
        asked.append(len(counts))
        steps = np.arange(len(counts), len(counts) + 6)
        return (60.0, 0.0, 0.0) if not has_trend else (float(10 + steps.mean()), 0.0, 0.0)

    monkeypatch.setattr(inflow, "_level", level)
    monkeypatch.setattr(inflow, "_season", lambda *_: FLAT)
    assert inflow._trend_wins(MONTHS, 10.0 + np.arange(40), START, PLAIN)
    assert asked == [size for size in range(34, 22, -1) for _ in range(2)]


def test_equal_errors_leave_the_forecast_flat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflow, "_level", lambda *_: (5.0, 0.0, 0.0))
    assert not inflow._trend_wins(MONTHS, np.full(40, 5.0), START, PLAIN)


def test_counts_that_scatter_more_than_chance_shake_every_window() -> None:
    """0 and 40 in turn around 20: variance 400 less 20 by chance, over 400, is .95 and held at .25."""
    wild, calm = np.tile([0.0, 40.0], 6), np.tile([16.0, 24.0], 6)
    shocks = [inflow._future_counts(Frequency("YS"), counts, 2000, PLAIN)[3] for counts in (wild, calm)]
    np.testing.assert_allclose(shocks[0], np.full(3, 0.5), atol=1e-9)
    np.testing.assert_allclose(shocks[1], np.zeros(3), atol=1e-9)
    between = inflow._future_counts(Frequency("YS"), np.tile([12.0, 28.0], 60), 1000, PLAIN)[3]
    np.testing.assert_allclose(between, np.sqrt((64 - 20) / 400), rtol=0.01)


@pytest.mark.parametrize(("size", "shock"), [(5, 0.1), (6, 0.0)])
def test_of_five_periods_a_tenth_is_taken_for_the_scatter(size: int, shock: float) -> None:
    made = inflow._future_counts(Frequency("YS"), np.full(size, 20.0), 2000, PLAIN)
    np.testing.assert_allclose(made[3], np.full(3, shock), atol=1e-9)
    np.testing.assert_allclose(made[0], np.full(3, 20.0))


def test_where_nothing_ever_came_nothing_is_expected_and_little_is_known() -> None:
    for counts in (np.zeros(0), np.zeros(8)):
        ahead, has_trend, spread, shock = inflow._future_counts(MONTHS, counts, START, PLAIN)
        assert not ahead.any() and not has_trend and not shock.any() and len(ahead) == len(shock) == 3
        assert spread == 0.5


def test_a_season_of_months_is_learnt_from_two_years_on_and_told_from_growth() -> None:
    """Every July brings a half more; of 23 months only ends of quarters are looked at."""
    july = growing(36, by=0.02, first=400) * np.where(np.arange(36) % 12 == 6, 1.5, 1.0)
    season = inflow._season(MONTHS, july, START, PLAIN)
    factors = np.log(season.factors(np.arange(START, START + 12)))
    assert season.by_month and factors[6] - np.delete(factors, 6).mean() == pytest.approx(np.log(1.5), abs=0.03)
    assert factors[11] - factors[0] == pytest.approx(0, abs=0.03), "growth is no season"
    assert inflow._season(MONTHS, july[:24], START, PLAIN).by_month
    assert not inflow._season(MONTHS, july[:23], START, PLAIN).by_month


def test_the_level_is_that_of_the_last_year_or_of_three_with_a_trend() -> None:
    """Forty months, of which the last twelve brought 30 each and those before 10."""
    counts = np.array([10.0] * 28 + [30.0] * 12)
    assert inflow._level(MONTHS, counts, START, FLAT, False) == (30, 0, pytest.approx(1 / np.sqrt(360)))
    level, slope, spread = inflow._level(MONTHS, counts, START, FLAT, True)
    assert spread == pytest.approx(2 / np.sqrt(600)), "36 months: 24 of 10 and 12 of 30"
    assert (level * np.exp(slope * np.arange(-35, 1))).sum() == pytest.approx(600)
    assert inflow._level(MONTHS, np.zeros(3), START, FLAT, False) == (0, 0, 1)


def test_the_level_is_what_is_left_without_the_season() -> None:
    """January to March bring 30 each, March as the end of a quarter should have brought more."""
    ends = Effects(MONTHS, (), False, np.array([0.3]), np.zeros((1, 1)))
    level, *_ = inflow._level(MONTHS, np.full(3, 30.0), START, ends, False)
    assert level == pytest.approx(90 / (2 * np.exp(-0.1) + np.exp(0.2)))
