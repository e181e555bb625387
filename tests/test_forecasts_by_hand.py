"""Parts of the engine by figures that can be worked out by hand: sums, errors of a mean, trends, days, scenarios."""

import math
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts.config import Scenario, Shock
from forecasts.deals.calendar_effects import Effects
from forecasts.deals.inflow import _level
from forecasts.deals.panel import Windows
from forecasts.deals.scores import _median_day
from forecasts.deals.table import Chances
from forecasts.errors import ForecastError
from forecasts.files import days_of
from forecasts.models.mstl_theta import jumps
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.reconciliation.hierarchy import _hierarchy, _mismatch
from forecasts.reconciliation.scenarios import Base, scenario_forecast
from forecasts.selection.centering import PRIOR_WEIGHT, shift_of
from forecasts.selection.skill import standard_error

pytestmark = pytest.mark.fast


def batch_of(*series: list[float]) -> Batch:
    values = tuple(np.array(one) for one in series)
    return Batch(tuple(map(str, range(len(series)))), values, np.full(len(series), 600), Frequency("MS"))


def test_members_that_add_up_are_reconciled_and_others_are_told_by_how_much_they_do_not() -> None:
    assert _mismatch(batch_of([9, 10], [4, 4], [5, 6]), 0, [1, 2]) is None
    assert _mismatch(batch_of([9, 12], [4, 4], [5, 6]), 0, [1, 2]) == "not reconciled: the history is off by up to 2"
    assert _mismatch(batch_of([-9, -10], [4, 4], [5, 6]), 0, [1, 2]) is not None


def test_levels_that_cross_without_a_common_one_below_are_refused() -> None:
    with pytest.raises(ForecastError, match="hierarchy of revenue: levels cross"):
        _hierarchy("revenue", [(0, (1, 2)), (0, (3, 4)), (5, (1, 3))])


def test_what_is_added_near_a_step_is_the_median_error_shrunk_by_how_many_there_are() -> None:
    """The error of a step is its number. Near the first step lie 0, 1 and 2, at each of four cutoffs."""
    errors = np.broadcast_to(np.arange(8.0), (4, 3, 8))
    shifts = shift_of(errors)
    assert shifts[0] == pytest.approx(1 * 12 / (12 + PRIOR_WEIGHT))
    assert shifts[4] == pytest.approx(4 * 20 / (20 + PRIOR_WEIGHT))


def test_the_error_of_a_mean_counts_what_neighbouring_cutoffs_share() -> None:
    """Gains 1, 2, 4, 7: variance 7, and half of twice the covariance of neighbours, 4.75 / 3."""
    assert standard_error(np.array([1.0, 2, 4, 7]), 0) == pytest.approx(math.sqrt(7 / 4))
    assert standard_error(np.array([1.0, 2, 4, 7]), 1) == pytest.approx(math.sqrt((7 + 4.75 / 3) / 4))
    assert standard_error(np.array([0.0, 2]), 0) == pytest.approx(1)
    assert standard_error(np.array([1.0]), 0) == math.inf


def test_the_level_of_a_growing_inflow_is_where_its_line_ends() -> None:
    counts = 100 * np.exp(0.02 * np.arange(36))
    flat = Effects(Frequency("MS"), (), True, np.zeros(0), np.zeros((0, 0)))
    level, slope, spread = _level(Frequency("MS"), counts, 0, flat, has_trend=True)
    assert level == pytest.approx(counts[-1], rel=0.02) and slope == pytest.approx(0.02, rel=0.1)
    assert spread == pytest.approx(2 / math.sqrt(counts.sum()))
    flat_level, none, once = _level(Frequency("MS"), counts, 0, flat, has_trend=False)
    assert (flat_level, none) == (pytest.approx(counts[-12:].mean()), 0)
    assert once == pytest.approx(1 / math.sqrt(counts[-12:].sum()))


def test_the_median_day_lies_on_a_line_through_the_window_in_which_half_have_ended() -> None:
    """A chance of .2 in each of three windows of 30 days: half of them after half of the third; of .1 never."""
    won = np.array([[0.1, 0.1, 0.1], [0.05, 0.05, 0.05], [0.5, 0.1, 0.1]])
    ahead = Windows(0, np.array([0, 30, 60, 90]), np.array([1, 31, 61]))
    found = _median_day(Chances(won, won, np.ones(3)), ahead)
    assert found.to_list() == [date(1970, 3, 17), None, date(1970, 1, 16)]


def test_the_days_of_a_file_are_told_once_and_in_order(tmp_path: Path) -> None:
    days = [date(2026, month, 1) for month in (3, 1, 3, 2)]
    rows = pl.DataFrame({"unique_id": ["a", "a", "b", "b"], "ds": days, "y": [1.0, 2, 3, 4]})
    rows.write_parquet(tmp_path / "rows.parquet")
    assert [str(day) for day in days_of(tmp_path / "rows.parquet")] == ["2026-01-01", "2026-02-01", "2026-03-01"]


def test_a_shock_takes_away_no_more_than_there_is() -> None:
    names = pl.DataFrame({"metric": ["revenue", "margin"], "level": ["total"] * 2, "member": [""] * 2})
    base = Base(
        names, np.array([["2026-11", "2026-12"]] * 2, dtype="datetime64[D]"), np.array([[0.5, 20.0], [-3.0, 4.0]]), ()
    )
    lost = Scenario("lost", "a customer leaves", (Shock("revenue", add=-8.0), Shock("margin", add=-8.0)))
    np.testing.assert_array_equal(scenario_forecast(base, lost), [[0, 12], [-11, 0]])


def test_loess_steps_over_a_twentieth_of_its_windows_and_over_no_month() -> None:
    assert jumps(12) == {"trend_jump": 1, "low_pass_jump": 1}
    assert jumps(52) == {"trend_jump": 4, "low_pass_jump": 2}  # windows of 90 and 53 weeks
    assert [jumps(season)["low_pass_jump"] for season in (38, 39)] == [1, 2]  # windows of 39 and 40
