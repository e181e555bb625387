"""Skill beside simple peers, and how much deals weigh: bounds from both sides, means and sums by hand."""

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from forecasts.config import Backtest
from forecasts.selection import combination_skill, skill, weights
from forecasts.selection.skill import Verdict, bands, groups_of, verdict_of

pytestmark = pytest.mark.fast


def errors(**by_cutoff: list[float]) -> dict[str, np.ndarray]:
    """(cutoffs, two series, three steps), all of one value per cutoff."""
    return {name: np.broadcast_to(np.array(values)[:, None, None], (len(values), 2, 3)).copy()
            for name, values in by_cutoff.items()}  # fmt: skip


def verdict(gain: float = 0.0, kind: str = "model") -> Verdict:
    return Verdict("pool", "revenue|total", 1, 3, "naive", 8, 48, 1.25, 1.0, gain, 0.5, kind)


@pytest.mark.parametrize(
    ("kind", "gain", "is_peer_served"),
    [
        ("model", -1.0, False),
        ("none", 1.0, True),
        ("unknown", 0.0, True),
        ("unknown", -0.1, True),
        ("unknown", 0.1, False),
    ],
)
def test_a_peer_is_served_without_skill_and_where_nobody_knows_if_it_erred_no_more(
    kind: str, gain: float, is_peer_served: bool
) -> None:
    made = verdict(gain, kind)
    assert made.is_peer_served == is_peer_served and (made.reason is not None) == is_peer_served
    if is_peer_served:
        why = "no skill" if kind == "none" else "too few cutoffs for a verdict, and no smaller error"
        assert made.reason == (
            f"{why} beside naive 1 to 3 periods ahead: mean error 1.250 against 1.000 at 8 cutoffs, "
            f"a gain of {gain:.3f}, standard error 0.500"
        )


def test_one_cutoff_has_no_standard_error_and_no_sentence_speaks_of_infinity() -> None:
    alone = replace(verdict(-0.1, "unknown"), standard_error=skill.standard_error(np.array([-0.1]), 0), n_origins=1)
    assert str(alone.reason).endswith("at 1 cutoffs, a gain of -0.100, too few for a standard error")
    gained = combination_skill._gained(alone)
    assert gained.endswith("periods ahead at 1 cutoffs, too few for a standard error")


@pytest.mark.parametrize(
    ("steps", "horizon", "expected"),
    [
        ((3, 6), 12, [(1, 3), (4, 6), (7, 12)]),
        ((3, 6), 6, [(1, 3), (4, 6)]),
        ((3, 6), 7, [(1, 3), (4, 6), (7, 7)]),
        ((3, 6), 3, [(1, 3)]),
        ((), 4, [(1, 4)]),
    ],
)
def test_bands_end_at_the_horizon(steps: tuple[int, ...], horizon: int, expected: list[tuple[int, int]]) -> None:
    assert bands(steps, horizon) == expected


def test_series_without_models_share_no_verdict() -> None:
    levels = np.array(["a", "a", "b", "b"], dtype=object)
    kinds = np.array(["regular", "intermittent", "short", "empty"], dtype=object)
    assert groups_of(levels, kinds).tolist() == ["a", "a|intermittent", "", ""]


@pytest.mark.parametrize(("cutoffs", "gains", "kind"), [
    (8, [1.0, 3.0], "model"), (7, [1.0, 3.0], "unknown"), (8, [-1.0, 1.4], "none"), (8, [0.0, 0.0], "none"),
])  # fmt: skip
def test_a_verdict_needs_eight_cutoffs_and_a_gain_above_its_error(cutoffs: int, gains: list[float], kind: str) -> None:
    of = errors(
        pool=[5.0] * cutoffs, naive=[5.0 + gains[number % 2] for number in range(cutoffs)], season_mean=[99.0] * cutoffs
    )
    made = verdict_of(of, "pool", "x", (1, 1), Backtest())
    assert (made.skill, made.peer, made.n_origins, made.n_values) == (kind, "naive", cutoffs, 2 * cutoffs)
    if cutoffs == 8:
        assert made.standard_error == pytest.approx(np.std([*gains] * 4, ddof=1) / np.sqrt(8))
    assert made.gain == pytest.approx(np.mean([gains[number % 2] for number in range(cutoffs)]))


def test_only_values_that_all_have_are_compared_and_of_equal_peers_the_first_by_name() -> None:
    of = errors(pool=[1.0, 1.0, np.nan], naive=[2.0, 4.0, 9.0], season_mean=[2.0, 4.0, 9.0])
    of["naive"][0, 0, 0] = np.nan
    of["pool"][0, 1, 0] = 3.0
    made = verdict_of(of, "pool", "x", (1, 3), Backtest(min_origins=2))
    assert (made.peer, made.n_origins, made.n_values) == ("naive", 2, 11)
    assert made.model_error == pytest.approx((7 / 5 + 1) / 2) and made.peer_error == 3
    assert made.gain == pytest.approx((2 - 7 / 5 + 3) / 2)


def test_errors_of_intermittent_demand_are_squared_and_simple_smoothing_is_a_peer() -> None:
    of = errors(pool=[-2.0], naive=[3.0], seasonal_naive=[3.0], season_mean=[3.0], ses=[-1.5])
    rows = np.array([True, False])
    squared = skill._sized(of, rows, "revenue|total|intermittent")
    assert squared.keys() == of.keys() and squared["ses"].max() == 2.25 and squared["pool"].shape == (1, 1, 3)
    absolute = skill._sized(of, rows, "revenue|total")
    assert absolute.keys() == of.keys() - {"ses"} and absolute["pool"].min() == 2


@pytest.mark.parametrize("overlap", [0, 1, 2, 9])
def test_the_error_of_a_mean_adds_what_neighbours_share_with_falling_weights(overlap: int) -> None:
    gains = np.array([3.0, 2.0, 2.5, -1.0, -2.0])
    centred = gains - gains.mean()
    variance = (centred**2).sum() / 4
    shared = sum(
        2 * (1 - lag / (overlap + 1)) * np.mean([centred[at] * centred[at - lag] for at in range(lag, 5)])
        for lag in range(1, min(overlap, 4) + 1)
    )
    assert skill.standard_error(gains, overlap) == pytest.approx(np.sqrt(max(variance, variance + shared) / 5))
    turning = np.array([1.0, -1.0, 1.0, -1.0])
    assert skill.standard_error(turning, 1) == pytest.approx(np.sqrt(4 / 3 / 4)), "never below that of independent ones"


def test_the_error_of_a_band_counts_what_its_last_step_shares_with_its_neighbours() -> None:
    gains = [3.0, 2, 2.5, -1, -2, 1, 1, 2]
    of = errors(pool=[5.0] * 8, naive=[5.0 + gain for gain in gains])
    told = [verdict_of(of, "pool", "x", (1, last), Backtest()).standard_error for last in (1, 2, 3)]
    assert told == [skill.standard_error(np.array(gains), overlap) for overlap in (0, 1, 2)] and told[0] < told[1]


def test_a_weight_is_the_best_tenth_and_leans_on_a_half_by_six_cutoffs() -> None:
    actual, own, deals = np.full(4, 7.0), np.full(4, 10.0), np.full(4, 0.0)
    assert weights.weight_of(actual, own, deals, 6) == pytest.approx((6 * 0.3 + 3) / 12)
    assert weights.weight_of(actual, own, deals, 18) == pytest.approx((18 * 0.3 + 3) / 24)
    assert weights.weight_of(actual, deals, own, 6) == pytest.approx((6 * 0.7 + 3) / 12)
    assert weights.weight_of(actual, own, deals, 0) == weights.weight_of(actual[:0], own[:0], deals[:0], 5) == 0.5


def pairs(*rows: tuple[str, int, int, float, float, float]) -> pl.DataFrame:
    """Of each row its level, month of the cutoff, step, y, and both views of it."""
    frame = [{"metric": "bookings", "freq": "MS", "level": level, "unique_id": level, "horizon": step, "y": y,
              "cutoff": date(2025, month, 28), "period_start": date(2025, month + step, 1)}
             | dict.fromkeys(weights.NUMBERS, own) | {f"{name}_pipeline": deals for name in weights.NUMBERS}
             for level, month, step, y, own, deals in rows]  # fmt: skip
    return pl.DataFrame(frame)


def test_a_step_is_weighed_by_itself_and_the_steps_beside_it() -> None:
    """Steps 1 and 2 were best forecast with .3 of the pipeline, step 3 with all of it, step 5 with none."""
    told = weights.weights_of(pairs(("total", 1, 1, 7, 10, 0), ("total", 2, 2, 7, 10, 0), ("total", 2, 3, 0, 10, 0),
                                    ("total", 3, 5, 10, 10, 0), ("region", 1, 1, 7, 10, 0)))  # fmt: skip
    assert told.select("level", "horizon", "n_cutoffs").rows() == [
        ("total", 1, 2), ("total", 2, 2), ("total", 3, 1), ("total", 4, 2), ("total", 5, 1), ("region", 1, 1),
    ]  # fmt: skip
    assert told["weight"][0] == pytest.approx((2 * 0.3 + 3) / 8) and told["weight"][1] == told["weight"][0]
    assert told["weight"][4] == pytest.approx(3 / 7) and told["weight"][5] == pytest.approx((0.3 + 3) / 7)


def test_untested_steps_have_both_views_alike_and_rows_are_mixed_by_their_weight() -> None:
    now = pairs(("total", 1, 1, 0, 10, 20), ("total", 1, 4, 0, 10, 20)).drop("y")
    told = weights.with_untested(weights.weights_of(pairs(("total", 1, 1, 10, 10, 0))), now)
    assert told.select("horizon", "weight", "n_cutoffs").rows() == [(1, pytest.approx(3 / 7), 1), (4, 0.5, 0)]
    mixed = weights.mixed(now, told)
    assert mixed["yhat"].to_list() == pytest.approx([10 + 10 * 3 / 7, 15]) == mixed["hi_95"].to_list()
    assert weights.mixed(now, told.head(0))["lo_80"].to_list() == [15, 15]


def test_members_are_scaled_to_their_total_and_a_level_of_nothing_stays() -> None:
    regions = [("region", 1, 1, 0.0, 10.0, 0.0), ("region", 1, 1, 0.0, 50.0, 0.0)]
    rows = pairs(("total", 1, 1, 0, 30, 0), *regions, ("team", 1, 1, 0, 0, 0), ("region", 1, 2, 0, 10, 0))
    made = weights.coherent(rows, ["period_start"])
    assert made["yhat"].to_list() == [30, 5, 25, 0, 10] == made["lo_95"].to_list()
    assert made.columns == rows.columns


def test_the_combination_at_a_cutoff_is_weighed_by_periods_that_were_over_by_then() -> None:
    """At the end of March January's forecast of February is known, February's of April is not. At February's end
    no forecast of two steps is known yet."""
    rows = pairs(("total", 1, 1, 0, 10, 0), ("total", 2, 2, 10, 10, 0), ("total", 3, 1, 5, 10, 0))
    made = weights.tested(rows)
    assert made["yhat"].to_list() == pytest.approx([5, 5, 10 * (1 - 4 / 7)])
    assert weights.tested(rows.head(0)).is_empty()
