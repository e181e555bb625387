"""Bias, kinds of series and fallbacks: what is taken off, which models a series has, what a short one gets."""

import numpy as np
import pytest
from scipy.stats import norm

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.config import Backtest, Tier
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.selection import centering, fallback, segments, skill

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")


def candidates(point: list[float], actual: list[float]) -> Candidates:
    """A batch of two series, three steps, and a cutoff for every value: one period held out, then two, and so on."""
    evaluation = tuple(
        Origin(np.arange(2), np.full(2, number + 1), np.full((2, 3), came), np.full(2, 2.0), np.ones(2),
               {"pool": np.full((2, 3), made)})
        for number, (made, came) in enumerate(zip(point, actual, strict=True))
    )  # fmt: skip
    batch = Batch(("a", "b"), (np.ones(40), np.ones(40)), np.array([600, 600]), MONTHS)
    return Candidates(batch, 3, np.full(2, 2.0), {"pool": np.full((2, 3), 9.0)}, (), evaluation)


def test_errors_are_what_came_less_what_was_forecast_in_scales() -> None:
    of = candidates([5.0, 5.0], [9.0, 3.0])
    made = centering.errors_of(of, of.evaluation, "pool")
    assert made.values[:, 0, 0].tolist() == [2, -1] and made.held_out.tolist() == [[1, 1], [2, 2]]
    assert np.isnan(centering.errors_of(of, of.evaluation, "none").values).all()
    known = made.known_at(1)
    assert np.isnan(known[0]).all() and known[1, 0, 0] == -1 and np.isnan(known[1, 0, 1:]).all()


def test_a_bias_known_at_earlier_cutoffs_is_taken_off_where_that_was_right() -> None:
    """Twelve cutoffs at which sales were one scale higher; the newest knows 11, 10 and 9 errors of its steps."""
    of = candidates([5.0] * 12, [7.0] * 12)
    after, evidence = centering.centered(of, np.array(["x", ""]))
    shifted = after.future["pool"]
    full = 36 / (36 + 10)
    assert shifted[1].tolist() == [9, 9, 9] and shifted[0].tolist() == pytest.approx([9 + 2 * full] * 3, abs=0.2)
    known = 11 + 10 + 9
    assert after.evaluation[0].forecasts["pool"][0, 1] == pytest.approx(5 + 2 * known / (known + 10), abs=0.15)
    assert after.evaluation[0].forecasts["pool"][1].tolist() == [5, 5, 5] and of.future["pool"][0, 0] == 9
    [row] = evidence
    assert (row["segment"], row["decision"], row["is_chosen"], row["candidate"]) == ("x", "bias", True, "corrected")
    assert "above the forecast 100% before, 100% after" in str(
        row["reason"]
    ) and "12 cutoffs; mean error 1.0000 before" in str(row["reason"])


def test_a_bias_that_turns_is_left_alone() -> None:
    of = candidates([5.0] * 12, [1.0] * 6 + [9.0] * 6)
    after, [row] = centering.centered(of, np.array(["x", "x"]))
    assert not row["is_chosen"] and after.future["pool"].tolist() == [[9.0] * 3] * 2
    same, [even] = centering.centered(candidates([5.0] * 12, [5.0] * 12), np.array(["x", "x"]))
    assert not even["is_chosen"] and even["error"] == 0 and same.future["pool"][0, 0] == 9
    assert "actuals above the forecast 0% before, 0% after" in str(even["reason"])
    _, [unknown] = centering.centered(candidates([5.0] * 12, [np.nan] * 12), np.array(["x", "x"]))
    assert not unknown["is_chosen"] and unknown["error"] is None
    assert unknown["reason"] == "no forecast at a past cutoff has an actual yet: nothing is corrected"


def test_each_group_of_a_band_has_a_verdict_on_its_own_series() -> None:
    """The pool of the first errs by 1 and of the second by 6, every peer by 4; a third series has no models."""
    ones = np.ones(3)
    made = {name: np.tile(np.array([[2.0], [12.0], [0.0]]) if name == "pool" else 8.0 * ones[:, None], (1, 4))
            for name in ("pool", *segments.PEERS_OF_INTERMITTENT)}  # fmt: skip
    evaluation = tuple(
        Origin(np.arange(3), np.full(3, held), np.zeros((3, 4)), 2 * ones, ones, made) for held in range(4, 13)
    )
    batch = Batch((*"abc",), (np.ones(40),) * 3, np.full(3, 600), MONTHS)
    of = Candidates(batch, 4, 2 * ones, {}, (), evaluation)
    told = skill.verdicts_of(of, np.array(["x", "y|intermittent", ""], dtype=object), Backtest(bands=(3,)))
    assert [(one.group, one.first_step, one.last_step, one.skill) for one in told] == [
        ("x", 1, 3, "model"), ("x", 4, 4, "model"), ("y|intermittent", 1, 3, "none"), ("y|intermittent", 4, 4, "none"),
    ]  # fmt: skip
    assert [(one.model_error, one.peer_error, one.n_origins) for one in told[::2]] == [(1, 4, 9), (36, 16, 9)]
    assert {one.model for one in told} == {"pool"} and told[0].peer == "naive"


def test_a_shift_is_pooled_over_two_steps_on_each_side() -> None:
    errors_by_step = np.broadcast_to(np.array([0.0, 0, 0, 8, 8, 8, 8]), (5, 2, 7))
    shift = centering.shift_of(errors_by_step)
    np.testing.assert_allclose(shift, [0, 0, 0, 8 * 25 / 35, 8 * 25 / 35, 8 * 20 / 30, 8 * 15 / 25])
    half = errors_by_step.copy()
    half[:, 0] = np.nan
    np.testing.assert_allclose(centering.shift_of(half), shift, err_msg="series of one month count once")
    assert centering.shift_of(np.full((2, 1, 2), np.nan)).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], "empty"),
        ([1.0] * 7, "short"),
        ([1.0] * 8, "regular"),
        ([0.0, 1, 1, 1] * 2, "regular"),
        ([0.0, 0, 1, 1, 1, 0, 1, 1], "intermittent"),
        ([1.0, 0, 1, 1] * 3, "regular"),
        ([0.0] * 8, "intermittent"),
        ([0.0] * 7 + [1], "intermittent"),
        ([np.nan] * 4 + [0.0, 2, 2, 2], "regular"),
    ],
)
def test_a_series_is_of_the_kind_that_its_length_and_zeros_make_it(values: list[float], kind: str) -> None:
    batch = Batch(("a",), (np.array(values),), np.array([600]), MONTHS)
    assert segments.segments_of(batch, 8).tolist() == [kind]


def test_gaps_of_two_between_most_demands_are_intermittent_though_few_are_zero() -> None:
    assert segments.is_intermittent(np.array([1.0, 0, 1, 0, 1, *[1.0] * 2]))
    assert not segments.is_intermittent(np.array([1.0, 0, 1, 1, 1, 0, 1, 1, 1]))
    assert not segments.is_intermittent(np.array([5.0])) and segments.is_intermittent(np.array([5.0, 0.0]))


def test_each_kind_has_its_models_and_peers() -> None:
    tier = Tier(("a", "b"), ("b",), ("c",))
    assert segments.models_of("regular", tier) == (("a", "b"), ("b",))
    assert segments.models_of("intermittent", tier) == (("c",), ("c",))
    assert segments.models_of("intermittent", Tier(("a",), ("b",))) == (("a",), ("b",))
    assert segments.models_of("short", tier) == segments.models_of("empty", tier) == ((), ())
    assert segments.peers_of("regular") == ("seasonal_naive", "naive", "season_mean")
    assert segments.peers_of("intermittent") == ("seasonal_naive", "naive", "season_mean", "ses")
    masks = segments.model_masks(np.array(["regular", "intermittent", "short"], dtype=object), tier)
    assert {name: mask.tolist() for name, mask in masks.items()} == {
        "a": [True, False, False], "b": [True, False, False], "c": [False, True, False], "ses": [False, True, False],
        "seasonal_naive": [True, True, False], "naive": [True, True, False], "season_mean": [True, True, False],
    }  # fmt: skip


def test_the_naive_forecast_of_a_short_series_is_last_year_s_or_the_last_value_or_the_mean() -> None:
    def of(values: list[float]) -> tuple[str, list[float]]:
        name, steps = fallback.naive_forecast(Batch(("a",), (np.array(values),), np.array([600]), MONTHS), 0, 2)
        return name, steps.tolist()

    year = [float(number) for number in range(1, 13)]
    assert of(year) == ("seasonal_naive", [1, 2]) and of(year[:11]) == ("naive", [11, 11])
    assert of([0.0, 0, 4, 0]) == ("season_mean", [1, 1]) and of([0.0, 0, 4]) == ("naive", [4, 4])


def test_the_spread_of_a_naive_forecast_grows_by_the_root_of_the_seasons_ahead() -> None:
    """Differences 3 and 4: root of 12.5. Of thirteen values the one difference over a season is 2."""
    np.testing.assert_allclose(fallback.naive_spread(np.array([1.0, 4, 0]), 12, 3), np.sqrt(12.5 * np.arange(1, 4)))
    long = fallback.naive_spread(np.array([5.0, *[1.0] * 11, 7.0]), 12, 13)
    np.testing.assert_allclose(long, [2.0] * 12 + [2 * np.sqrt(2)])
    np.testing.assert_allclose(fallback.naive_spread(np.array([4.0] * 10), 12, 1), [0.04])
    assert fallback.naive_spread(np.array([-4.0]), 12, 2).tolist() == pytest.approx([4, 4 * np.sqrt(2)])
    assert fallback.naive_spread(np.array([0.5]), 12, 1).tolist() == [0.5]
    assert [*fallback.NORMAL_QUANTILES] == [80, 95]
    assert [*fallback.NORMAL_QUANTILES.values()] == pytest.approx(norm.ppf([0.9, 0.975]), rel=1e-12)
    assert fallback.naive_spread(np.zeros(0), 12, 2).tolist() == [0, 0]
    assert (
        fallback.reason_for(5, 24, 12) == "5 periods of history, fewer than the 24 that the models need (season of 12)"
    )
