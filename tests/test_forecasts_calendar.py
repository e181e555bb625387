"""Festivals, working days and figures from outside, as they were known on a day."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from forecasts.panel.batch import Batch
from forecasts.panel.calendar import FESTIVALS, Calendar, festival_share, regressors_of, working_days
from forecasts.panel.festival_effects import effects_of
from forecasts.panel.frequency import Frequency
from forecasts.panel.regressors import scenario_future, with_external

pytestmark = pytest.mark.fast


def days(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[D]")


@pytest.mark.parametrize("name", sorted(FESTIVALS))
def test_shares_of_a_festival_add_up_to_one_in_a_year(name: str) -> None:
    frequency = Frequency("MS")
    index = frequency.index(days("2016-07-01"))[0] + np.arange(12 * 8)
    assert abs(festival_share(name, frequency, index).sum() - 8) < 1.01  # a lunar year may fit once more or less
    weeks = Frequency("W-MON")
    finer = np.arange(weeks.index(frequency.starts(index[:1]))[0], weeks.index(frequency.ends(index[-1:]))[0] + 1)
    assert abs(festival_share(name, weeks, finer).sum() - festival_share(name, frequency, index).sum()) < 0.35


def test_spring_festival_of_2023_began_in_january_and_that_of_2024_was_in_february() -> None:
    frequency = Frequency("MS")
    share = festival_share(
        "spring_festival", frequency, frequency.index(days("2023-01-01", "2023-02-01", "2024-01-01", "2024-02-01"))
    )
    assert share[0] > 0.7 and share[2] == 0 and share[3] == 1
    assert abs(share[0] + share[1] - 1) < 1e-9


def test_swapped_working_days_and_overrides_count() -> None:
    """In China Sunday 4 February 2024 was worked for the festival; a company may still close on it."""
    sunday = date(2024, 2, 4)
    assert working_days("CN", sunday, sunday).tolist() == [True]
    assert working_days("CN", sunday, sunday, {sunday: False}).tolist() == [False]


def test_festival_effect_is_removed_and_restored() -> None:
    """A series that loses half its sales in the festival window is smooth without it, and loses it again ahead."""
    frequency, last = Frequency("MS"), Frequency("MS").index(days("2023-12-01"))[0]
    index = np.arange(last - 71, last + 13)
    share = festival_share("spring_festival", frequency, index)
    truth = np.exp(5 + 0.004 * np.arange(84) + np.log(0.5) * share)
    noise = np.exp(np.random.default_rng(1).normal(0, 0.01, 72))
    batch = Batch(("a",), (truth[:72] * noise,), np.array([last]), frequency)
    regressors = regressors_of(Calendar("CN", ("spring_festival",)), batch, 12)
    effects = effects_of(Batch(batch.unique_ids, batch.values, batch.last, frequency, regressors), 12)
    smooth = np.exp(5 + 0.004 * np.arange(84))
    np.testing.assert_allclose(effects.adjusted.values[0], smooth[:72], rtol=0.06)
    np.testing.assert_allclose(effects.restore(smooth[None, 72:])[0], truth[72:], rtol=0.06)


def test_a_figure_is_not_seen_before_it_was_published() -> None:
    """The figure of March, published in May, is February's in the eyes of April."""
    frequency, last = Frequency("MS"), Frequency("MS").index(days("2024-03-01"))[0]
    batch = Batch(("a",), (np.arange(3.0),), np.array([last]), frequency)
    facts = pl.DataFrame(
        {
            "name": ["market"] * 3,
            "ds": [date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)],
            "value": [1.0, 2.0, 9.0],
            "published_on": [date(2024, 2, 1), date(2024, 3, 1), date(2024, 5, 1)],
        }
    )
    regressors = with_external(None, facts, batch, 2, as_of=date(2024, 12, 31))
    assert regressors is not None
    day = int(days("2024-04-01")[0].astype(np.int64))
    january, february, march = regressors.as_of(day).rows(last - 2, last + 1)[:, 0]
    assert january < february == march
    assert with_external(None, facts, batch, 2, as_of=date(2024, 1, 1)) is None


def test_a_revised_figure_is_seen_as_it_stood_on_that_day() -> None:
    """January came out as 1 in February and was revised to 50 in June: May sees 1, July sees 50."""
    frequency, last = Frequency("MS"), Frequency("MS").index(days("2024-03-01"))[0]
    batch = Batch(("a",), (np.arange(3.0),), np.array([last]), frequency)
    first = pl.DataFrame(
        {
            "name": ["market"] * 2,
            "ds": [date(2024, 1, 1), date(2024, 2, 1)],
            "value": [1.0, 2.0],
            "published_on": [date(2024, 2, 1), date(2024, 3, 1)],
        }
    )
    revised = pl.concat([first, first.head(1).with_columns(value=pl.lit(50.0), published_on=date(2024, 6, 1))])
    before = with_external(None, first, batch, 2, as_of=date(2024, 12, 31))
    after = with_external(None, revised, batch, 2, as_of=date(2024, 12, 31))
    assert before is not None and after is not None
    may, july = (int(days(day)[0].astype(np.int64)) for day in ("2024-05-31", "2024-07-01"))
    window = (last - 2, last + 1)
    np.testing.assert_array_equal(after.as_of(may).rows(*window), before.as_of(july).rows(*window))
    first = after.as_of(may).rows(*window)[0, 0]
    january, february, march = after.as_of(july).rows(*window)[:, 0]
    np.testing.assert_allclose(january - february, 48 * (february - first), rtol=1e-12)
    assert march == february
    assert with_external(None, revised, batch, 2, as_of=date(2024, 5, 31)).revisions == ()  # type: ignore[union-attr]


def monthly_facts(values: np.ndarray) -> pl.DataFrame:
    """Months of an index from January 2019, each published 35 days after it began."""
    months = [date(2019 + number // 12, number % 12 + 1, 1) for number in range(len(values))]
    published = [month + timedelta(days=35) for month in months]
    return pl.DataFrame({"name": "pmi", "ds": months, "value": values, "published_on": published})


def test_figures_published_after_a_cutoff_change_nothing_that_was_seen_at_it() -> None:
    """Not even the mean and the spread they are measured with: a typing error in 2021 is unknown in 2020."""
    frequency = Frequency("MS")
    batch = Batch(("a",), (np.arange(36.0),), frequency.index(days("2021-12-01")), frequency)
    index = 50 + np.sin(np.arange(36.0))
    with_error = np.where(np.arange(36) > 26, 100 * index, index)
    calendar = regressors_of(Calendar(festivals=("spring_festival",)), batch, 6)
    tables = (monthly_facts(index), monthly_facts(with_error))
    correct, wrong = (with_external(calendar, facts, batch, 6, as_of=date(2022, 3, 1)) for facts in tables)
    assert correct is not None and wrong is not None and calendar is not None
    cutoff, later = (int(days(day)[0].astype(np.int64)) for day in ("2021-03-31", "2021-12-31"))
    np.testing.assert_array_equal(correct.as_of(cutoff).values, wrong.as_of(cutoff).values)
    assert (correct.as_of(later).values[:, 1] != wrong.as_of(later).values[:, 1]).any()
    np.testing.assert_array_equal(correct.as_of(cutoff).values[:, 0], calendar.values[:, 0])
    begun = int(batch.last[0]) - 35 - correct.first
    assert abs(correct.as_of(cutoff).values[begun : begun + 26, 1].mean()) < 1e-9, "in deviations from what was known"


def test_a_scenario_moves_figures_in_their_own_standard_deviations() -> None:
    frequency = Frequency("MS")
    batch = Batch(("a",), (np.arange(36.0),), frequency.index(days("2021-12-01")), frequency)
    regressors = with_external(None, monthly_facts(50 + np.sin(np.arange(36.0))), batch, 6, as_of=date(2022, 3, 1))
    assert regressors is not None
    last, day = int(batch.last[0]), int(days("2021-12-31")[0].astype(np.int64))
    moved = scenario_future(regressors, {"pmi": -2.0}, last + 1).as_of(day).values - regressors.as_of(day).values
    np.testing.assert_allclose(moved[: last + 1 - regressors.first], 0)
    np.testing.assert_allclose(moved[last + 1 - regressors.first :], -2.0)


def test_the_year_in_daily_data_is_seen_where_it_repeats_and_not_in_a_random_walk() -> None:
    from forecasts.panel.batch import Batch
    from forecasts.panel.yearly_effects import year_of

    frequency, random = Frequency("D"), np.random.default_rng(4)
    days = np.datetime64("2020-11-01") + np.arange(4 * 365)
    december = days.astype("datetime64[M]").astype(int) % 12 == 11
    weekend = np.array([day.weekday() >= 5 for day in days.tolist()])
    sales = 100.0 * np.where(december, 3, 1) * np.where(weekend, 1.5, 1) * random.normal(1, 0.05, len(days))
    walk = 1000 + np.cumsum(random.normal(0, 5, len(days)))
    last = frequency.index(days[-1:])
    batch = Batch(("walk", "sales"), (walk, sales), np.repeat(last, 2), frequency)
    flat, year = year_of(batch, 0, 61), year_of(batch, 1, 61)
    assert (flat.future == 1).all()
    ahead = days[-1] + np.arange(1, 62)
    is_december = ahead.astype("datetime64[M]").astype(int) % 12 == 11
    ratio = year.future[is_december] / year.future[~is_december].mean()
    np.testing.assert_allclose(ratio, 3, rtol=0.15)
