"""The parts of the forecast engine against truths that can be worked out by hand."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts import config, metrics, pool
from forecasts.backtest import Candidates, Origin, cutoffs
from forecasts.base import Batch, batch_of
from forecasts.bounds import all_bounds
from forecasts.calendar import FESTIVALS, festival_share, regressors_of, working_days
from forecasts.config import Calendar
from forecasts.effects import effects_of
from forecasts.errors import ForecastError
from forecasts.external import scenario_future, with_external
from forecasts.frequency import Frequency
from forecasts.hierarchy import solved
from forecasts.intervals import bounds
from forecasts.segments import is_intermittent


def days(*words: str) -> np.ndarray:
    return np.array(words, dtype="datetime64[D]")


@pytest.mark.parametrize(
    "code", ["MS", "ME", "QS", "QS-FEB", "YS", "YS-APR", "D", "W-MON", "W-SUN", "445-JAN", "445-OCT"]
)
def test_periods_follow_each_other_without_gap_or_overlap(code: str) -> None:
    frequency = Frequency(code)
    index = frequency.index(days("2024-02-29"))[0] + np.arange(60)
    assert (frequency.starts(index[1:]) == frequency.ends(index[:-1]) + np.timedelta64(1, "D")).all()
    assert (frequency.index(frequency.dates(index)) == index).all()
    assert (frequency.index(frequency.starts(index)) == index).all()


def test_unknown_frequency_is_refused_with_what_there_is() -> None:
    with pytest.raises(ForecastError, match="'2W' is unknown: use MS, ME"):
        Frequency("2W")


def test_a_period_named_twice_is_refused_with_its_series() -> None:
    frame = pl.DataFrame({"unique_id": ["a", "a"], "ds": [date(2024, 1, 1), date(2024, 1, 9)], "y": [1.0, 2.0]})
    with pytest.raises(ForecastError, match="series 'a': two rows fall into one period"):
        batch_of(frame, Frequency("MS"))


def test_gaps_become_unknown_periods() -> None:
    frame = pl.DataFrame({"unique_id": ["a"] * 2, "ds": [date(2024, 1, 1), date(2024, 4, 1)], "y": [1.0, 2.0]})
    np.testing.assert_array_equal(batch_of(frame, Frequency("MS")).values[0], [1.0, np.nan, np.nan, 2.0])


def test_accuracy_is_defined_where_nothing_was_sold() -> None:
    actual, forecast = np.array([100.0, 100.0, 0.0, 0.0]), np.array([90.0, 300.0, 0.0, 5.0])
    np.testing.assert_allclose(metrics.accuracy(actual, forecast), [0.9, 0.0, 1.0, 0.0])


def test_metrics_agree_with_their_formulas() -> None:
    actual, forecast = np.array([[10.0, 20.0]]), np.array([[12.0, 16.0]])
    np.testing.assert_allclose(metrics.wape(actual, forecast), 6 / 30)
    np.testing.assert_allclose(metrics.bias(actual, forecast), -2 / 30)
    np.testing.assert_allclose(metrics.mase(actual, forecast, 2.0), 1.5)
    np.testing.assert_allclose(metrics.rmsse(actual, forecast, 4.0), np.sqrt(10 / 4))
    np.testing.assert_allclose(metrics.smape(actual, forecast), 100 * (4 / 22 + 8 / 36) / 2)
    low, high = np.array([[11.0, 15.0]]), np.array([[13.0, 21.0]])
    np.testing.assert_allclose(metrics.coverage(actual, low, high), 0.5)
    np.testing.assert_allclose(metrics.msis(actual, low, high, 2.0), (2 + 6 + 40 * 1) / 2 / 2)


def test_scale_is_the_mean_seasonal_step() -> None:
    assert metrics.scale_of(np.array([1.0, 2.0, 4.0, 8.0]), 2) == 4.5
    assert metrics.scale_of(np.array([3.0, 3.0, 3.0]), 2) == 3.0
    assert metrics.scale_of(np.zeros(5), 2) == 1.0


def test_cutoffs_leave_enough_to_learn_from_and_do_not_overlap_when_they_need_not() -> None:
    assert cutoffs(100, 12, 24, 3) == [12, 24, 36]
    assert cutoffs(48, 12, 24, 3) == [12, 18, 24]
    assert cutoffs(26, 12, 24, 3) == []
    assert max(cutoffs(27, 12, 24, 3)) == 3


def test_conformal_bounds_cover_what_they_promise() -> None:
    random = np.random.default_rng(0)
    residuals, actual = random.standard_t(5, (300, 6)), random.standard_t(5, (4000, 6))
    for level in (80, 95):
        low, high = bounds(np.zeros((4000, 6)), np.ones(4000), residuals, level)
        assert abs(metrics.coverage(actual, low, high).mean() - level / 100) < 0.02


def rows_of(values: list[float] | np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=float)[:, None]


def test_borrowed_residuals_do_not_draw_bounds_inside_the_own_quantile() -> None:
    own, lent = rows_of(np.linspace(-1, 1, 12)), rows_of([-1.05, 0, 1.05])
    low, high = bounds(np.zeros((1, 1)), np.ones(1), own, 80, lent)
    assert low[0, 0] <= -1 and high[0, 0] >= 1


def test_the_80_percent_interval_lies_within_the_95_percent_one() -> None:
    random = np.random.default_rng(2)
    for _ in range(500):
        own, lent = (
            rows_of(random.normal(random.normal(), 10 ** random.uniform(-2, 2), random.integers(least, 40)))
            for least in (1, 0)
        )
        low_80, high_80 = bounds(np.zeros((1, 1)), np.ones(1), own, 80, lent)
        low_95, high_95 = bounds(np.zeros((1, 1)), np.ones(1), own, 95, lent)
        assert low_95 <= low_80 <= 0 <= high_80 <= high_95


def test_a_node_that_errs_three_times_as_much_as_its_lenders_is_covered() -> None:
    """Fifteen residuals of its own, spread 3, and 200 lent of spread 1: those gave it .62 instead of .80."""
    random = np.random.default_rng(3)
    covered: dict[int, list[float]] = {80: [], 95: []}
    for _ in range(300):
        own, lent = rows_of(3 * random.standard_normal(15)), rows_of(random.standard_normal(200))
        actual = 3 * random.standard_normal((1, 100))
        for level, shares in covered.items():
            low, high = bounds(np.zeros((1, 1)), np.ones(1), own, level, lent)
            shares.append(float(metrics.coverage(actual, low, high).mean()))
    assert np.mean(covered[80]) > 0.77 and np.mean(covered[95]) > 0.91


def test_a_level_of_a_hierarchy_gets_the_width_of_its_own_errors() -> None:
    """The total errs by 2, its 50 members by at most 1: a quantile of all together would be too narrow for it."""
    random = np.random.default_rng(1)
    errors = [np.vstack([np.full((1, 3), 2.0 * sign), random.uniform(-1, 1, (50, 3))]) for sign in (1, -1, 1)]
    origins = tuple(
        Origin(np.arange(51), np.full(51, 3), error, np.ones(51), np.ones(51), {"pool": np.zeros((51, 3))})
        for error in errors
    )
    batch = Batch(tuple(map(str, range(51))), (np.arange(40.0),) * 51, np.full(51, 600), Frequency("MS"))
    candidates = Candidates(batch, 3, np.ones(51), {"pool": np.zeros((51, 3))}, origins)
    segments, floor = np.full(51, "regular", dtype=object), np.full(51, -np.inf)
    tied = np.array(["total", *["region"] * 50], dtype=object)
    low, high = all_bounds(candidates, segments, floor, tied)[0]["pool"][80]
    assert (high[0] >= 2).all() and (low[0] <= -2).all()
    assert (high[1:] < 1.05).all() and (low[1:] > -1.05).all()
    alone = all_bounds(candidates, segments, floor, np.full(51, "", dtype=object))[0]["pool"][80][1]
    assert (alone[0] > alone[1:]).all(), "without ties as well, who errs more gets more"


def test_a_series_that_errs_less_than_its_scale_says_gets_a_narrower_interval() -> None:
    """Half of the series err a third of what the others do on the same scale: one width for all suits neither."""
    random = np.random.default_rng(4)
    spread = np.where(np.arange(200) < 100, 0.33, 1.0)[:, None]
    errors = [spread * random.standard_normal((200, 6)) for _ in range(4)]
    origins = tuple(
        Origin(np.arange(200), np.full(200, 6), error, np.ones(200), np.ones(200), {"pool": np.zeros((200, 6))})
        for error in errors[:3]
    )
    batch = Batch(tuple(map(str, range(200))), (np.arange(40.0),) * 200, np.full(200, 600), Frequency("MS"))
    candidates = Candidates(batch, 6, np.ones(200), {"pool": np.zeros((200, 6))}, origins)
    segments, floor = np.full(200, "regular", dtype=object), np.full(200, -np.inf)
    own = all_bounds(candidates, segments, floor, np.full(200, "", dtype=object))[0]["pool"][80]
    same = bounds(np.zeros((200, 6)), np.ones(200), np.concatenate(errors[:3]), 80)
    covered, before = metrics.coverage(errors[3], *own), metrics.coverage(errors[3], *same)
    assert (own[1] - own[0])[:100].mean() * 1.4 < (own[1] - own[0])[100:].mean()
    assert abs(covered.mean() - 0.8) < 0.05
    assert before[100:].mean() + 0.03 < covered[100:].mean() < 0.8 < covered[:100].mean() < before[:100].mean() - 0.03


def origin(**errors: float) -> Origin:
    forecasts = {name: np.full((40, 3), error) for name, error in errors.items()}
    scale = np.linspace(0.9, 1.1, 40)
    return Origin(np.arange(40), np.full(40, 3), np.zeros((40, 3)), scale, scale, forecasts)


def test_pool_keeps_the_guardrail_unless_it_is_clearly_beaten() -> None:
    names = ("good", "fair", "poor", "bad")
    masks = (np.ones(40, dtype=bool),) * 3
    same = pool.Panel(tuple(origin(good=1.0, fair=1.0, poor=1.0, bad=1.0) for _ in range(3)), masks)
    assert pool.choose(same, names, ("fair",)).members == ("fair",)
    better = pool.Panel(tuple(origin(good=0.1, fair=-0.1, poor=0.05, bad=5.0) for _ in range(3)), masks)
    chosen = pool.choose(better, names, ("bad",))
    assert chosen.members != ("bad",) and len(chosen.members) >= 3
    assert chosen.evidence[-1]["reason"] == "guardrail" and not chosen.evidence[-1]["is_chosen"]


def test_challenger_is_promoted_only_when_it_clearly_beats_the_champion() -> None:
    masks = (np.ones(40, dtype=bool),) * 3
    panel = pool.Panel(tuple(origin(old=1.0, same=1.0, better=0.2) for _ in range(3)), masks)
    kept = pool.promote(panel, ("old",), pool.Choice(("same",), ()))
    assert kept.members == ("old",) and "champion of the last run" in str(kept.evidence)
    assert pool.promote(panel, ("old",), pool.Choice(("better",), ())).members == ("better",)
    assert pool.promote(panel, ("gone",), pool.Choice(("same",), ())).members == ("same",)


def test_intermittent_demand_is_not_judged_by_absolute_error() -> None:
    """Forecasting nothing wins on absolute error; the squared one prefers the mean demand."""
    actual = np.where(np.arange(40)[:, None] % 4 == np.arange(3)[None, :], 4.0, 0.0)
    forecasts = {"nothing": np.zeros((40, 3)), "mean": np.full((40, 3), 1.0)}
    base = Origin(np.arange(40), np.full(40, 3), actual, np.ones(40), np.ones(40), forecasts)
    masks = (np.ones(40, dtype=bool),)
    mase, rmsse = (pool.Panel((base,), masks, loss) for loss in ("mase", "rmsse"))
    assert mase.errors(["nothing"]).mean() < mase.errors(["mean"]).mean()
    assert rmsse.errors(["mean"]).mean() < rmsse.errors(["nothing"]).mean()


def test_series_of_many_zeros_are_intermittent() -> None:
    assert is_intermittent(np.array([0, 0, 3, 0, 0, 1, 0, 2.0]))
    assert not is_intermittent(np.array([3, 1, 2, 0, 5, 1, 4, 2.0]))
    assert is_intermittent(np.zeros(5))


def test_solved_constraints_reproduce_every_sum() -> None:
    """total = a + b and total = x + y + z: three nodes too many, four free ones."""
    constraints = np.array([[1, -1, -1, 0, 0, 0], [1, 0, 0, -1, -1, -1]], dtype=float)
    free, summing = solved(constraints)
    everything = summing @ np.random.default_rng(0).random((len(free), 5))
    assert len(free) == 4
    np.testing.assert_allclose(constraints @ everything, 0, atol=1e-12)


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


def test_festival_effect_is_taken_out_and_put_back() -> None:
    """A series that loses half its sales in the festival window is smooth without it, and loses it again ahead."""
    frequency, last = Frequency("MS"), Frequency("MS").index(days("2023-12-01"))[0]
    index = np.arange(last - 71, last + 13)
    share = festival_share("spring_festival", frequency, index)
    truth = np.exp(5 + 0.004 * np.arange(84) + np.log(0.5) * share)
    noise = np.exp(np.random.default_rng(1).normal(0, 0.01, 72))
    batch = Batch(("a",), (truth[:72] * noise,), np.array([last]), frequency)
    known = regressors_of(Calendar("CN", ("spring_festival",)), batch, 12)
    effects = effects_of(Batch(batch.unique_ids, batch.values, batch.last, frequency, known), 12)
    smooth = np.exp(5 + 0.004 * np.arange(84))
    np.testing.assert_allclose(effects.removed.values[0], smooth[:72], rtol=0.06)
    np.testing.assert_allclose(effects.put_back(smooth[None, 72:])[0], truth[72:], rtol=0.06)


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
    known = with_external(None, facts, batch, 2, as_of=date(2024, 12, 31))
    assert known is not None
    day = int(days("2024-04-01")[0].astype(np.int64))
    january, february, march = known.seen(day).rows(last - 2, last + 1)[:, 0]
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
    np.testing.assert_array_equal(after.seen(may).rows(*window), before.seen(july).rows(*window))
    first = after.seen(may).rows(*window)[0, 0]
    january, february, march = after.seen(july).rows(*window)[:, 0]
    np.testing.assert_allclose(january - february, 48 * (february - first), rtol=1e-12)
    assert march == february
    assert with_external(None, revised, batch, 2, as_of=date(2024, 5, 31)).revisions == ()  # type: ignore[union-attr]


def monthly_facts(values: np.ndarray) -> pl.DataFrame:
    """Months of an index from January 2019, each published 35 days after it began."""
    months = [date(2019 + place // 12, place % 12 + 1, 1) for place in range(len(values))]
    known = [month + timedelta(days=35) for month in months]
    return pl.DataFrame({"name": "pmi", "ds": months, "value": values, "published_on": known})


def test_figures_published_after_a_cutoff_change_nothing_that_was_seen_at_it() -> None:
    """Not even the mean and the spread they are measured with: a slip of the pen in 2021 is unknown in 2020."""
    frequency = Frequency("MS")
    batch = Batch(("a",), (np.arange(36.0),), frequency.index(days("2021-12-01")), frequency)
    index = 50 + np.sin(np.arange(36.0))
    slipped = np.where(np.arange(36) > 26, 100 * index, index)
    calendar = regressors_of(Calendar(festivals=("spring_festival",)), batch, 6)
    facts = (monthly_facts(index), monthly_facts(slipped))
    true, other = (with_external(calendar, known, batch, 6, as_of=date(2022, 3, 1)) for known in facts)
    assert true is not None and other is not None and calendar is not None
    cutoff, later = (int(days(day)[0].astype(np.int64)) for day in ("2021-03-31", "2021-12-31"))
    np.testing.assert_array_equal(true.seen(cutoff).values, other.seen(cutoff).values)
    assert (true.seen(later).values[:, 1] != other.seen(later).values[:, 1]).any()
    np.testing.assert_array_equal(true.seen(cutoff).values[:, 0], calendar.values[:, 0])
    begun = int(batch.last[0]) - 35 - true.first
    assert abs(true.seen(cutoff).values[begun : begun + 26, 1].mean()) < 1e-9, "in deviations from what was known"


def test_a_scenario_moves_figures_in_their_own_standard_deviations() -> None:
    frequency = Frequency("MS")
    batch = Batch(("a",), (np.arange(36.0),), frequency.index(days("2021-12-01")), frequency)
    known = with_external(None, monthly_facts(50 + np.sin(np.arange(36.0))), batch, 6, as_of=date(2022, 3, 1))
    assert known is not None
    last, day = int(batch.last[0]), int(days("2021-12-31")[0].astype(np.int64))
    moved = scenario_future(known, {"pmi": -2.0}, last + 1).seen(day).values - known.seen(day).values
    np.testing.assert_allclose(moved[: last + 1 - known.first], 0)
    np.testing.assert_allclose(moved[last + 1 - known.first :], -2.0)


def test_unknown_key_is_refused_with_file_and_key(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text("series: [{metric: revenue, levels: [total], horizont: 3}]\ntiers: {}\n", encoding="utf-8")
    with pytest.raises(ForecastError, match=r"forecasts\.yml: series\[0\]: unknown key horizont: known are"):
        config.load(path)


def test_fewer_than_three_cutoffs_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text(
        "series: []\ntiers: {default: {models: [naive], guardrail: [naive]}}\nbacktest: {origins: 2}\n",
        encoding="utf-8",
    )
    with pytest.raises(ForecastError, match="origins must be 3 or more"):
        config.load(path)


@pytest.mark.parametrize(
    "text",
    [
        "series: 7",
        "tiers: 3\nseries: []",
        "tiers: {default: 3}\nseries: []",
        "series: [{metric: revenue, levels: total}]",
    ],
)
def test_a_value_of_the_wrong_shape_is_refused_with_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ForecastError, match=str(path)):
        config.load(path)


def test_a_configuration_without_tiers_has_the_shipped_ones(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text("series: [{metric: revenue, levels: [total]}]", encoding="utf-8")
    assert config.load(path).tiers == config.load().tiers == config.Config(series=()).tiers


def test_shipped_configuration_names_models_that_exist() -> None:
    from forecasts.base import registry

    for tier in config.load().tiers.values():
        assert set(tier.models + tier.guardrail + tier.intermittent) <= set(registry())
