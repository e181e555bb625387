"""What is chosen, judged and served is what the evidence names, on errors that can be counted by hand."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from forecasts.backtesting import metrics
from forecasts.backtesting.rolling_origin import Candidates, Origin, _ticker
from forecasts.config import Backtest, Tier
from forecasts.group import with_served
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.reconciliation import reconcile
from forecasts.reconciliation.coherence import make_coherent
from forecasts.reconciliation.hierarchy import Hierarchy
from forecasts.selection import pool
from forecasts.selection.combination import _series, _Views
from forecasts.selection.pools import known_rows, with_evaluation
from forecasts.selection.segments import is_intermittent
from forecasts.selection.skill import Verdict, verdict_of
from forecasts.selection.weights import weight_of
from forecasts.uncertainty.bounds import _origins_with

pytestmark = pytest.mark.fast

SERIES, STEPS = 2, 3


def origin(held_out: int = 3, **forecasts: float) -> Origin:
    """A cutoff after which nothing was sold: a forecast is its own error."""
    ones = np.ones(SERIES)
    made = {name: np.full((SERIES, STEPS), value) for name, value in forecasts.items()}
    return Origin(np.arange(SERIES), np.full(SERIES, held_out), np.zeros((SERIES, STEPS)), ones, ones, made)


def candidates(
    future: dict[str, float], origins: tuple[Origin, ...] = (), evaluation: tuple[Origin, ...] = ()
) -> Candidates:
    batch = Batch(("a", "b"), (np.ones(40), np.ones(40)), np.array([600, 600]), Frequency("MS"))
    made = {name: np.full((SERIES, STEPS), value) for name, value in future.items()}
    return Candidates(batch, STEPS, np.ones(SERIES), made, origins, evaluation)


def test_the_method_that_reconciles_with_the_least_error_is_the_one_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    missed_by = {"ols": 3.0, "wls_var": 1.0, "mint_shrink": 2.0}
    monkeypatch.setattr(reconcile, "coherent", lambda h, forecast, others, name, floor: forecast + missed_by[name])
    summing = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    hierarchy = Hierarchy("revenue", np.arange(3), ((0, (1, 2)),), np.array([1, 2]), summing)
    cutoff = reconcile.Cutoff(np.zeros((3, 2)), np.zeros((3, 2)), np.ones(3))
    method = reconcile.choose(hierarchy, [cutoff, cutoff], np.zeros(3))
    told = {row["candidate"]: (row["error"], row["is_chosen"]) for row in method.evidence}
    assert method.name == "wls_var"
    assert told == {"ols": (3, False), "wls_var": (1, True), "mint_shrink": (2, False), "none": (0, False)}


def test_of_what_was_weighed_the_model_that_came_into_the_pool_is_marked() -> None:
    panel = pool.Panel((origin(good=1.0, fair=2.0, poor=3.0),) * 2, (np.ones(SERIES, dtype=bool),) * 2)
    weighed = [row for row in pool.choose(panel, ("poor", "fair", "good"), ("poor",)).evidence if "step" in row]
    first = {row["candidate"]: row["is_chosen"] for row in weighed if row["step"] == 1 and row["reason"] == "weighed"}
    assert first == {"good": True, "fair": False, "poor": False}


def test_a_band_is_judged_by_its_own_steps() -> None:
    """Of steps 2 and 3 the pool misses by 2 and 4, the naive forecast by 5; what step 1 and 4 show is not theirs."""
    errors = {"pool": np.array([9.0, 2.0, 4.0, 9.0]), "naive": np.array([0.0, 5.0, 5.0, 0.0])}
    panel = {name: np.tile(values, (8, 1, 1)) for name, values in errors.items()}
    verdict = verdict_of(panel, "pool", "revenue|total", (2, 3), Backtest())
    assert (verdict.model_error, verdict.peer_error, verdict.gain, verdict.skill) == (3, 5, 2, "model")
    assert (verdict.n_origins, verdict.n_values) == (8, 16)


def test_a_peer_is_served_to_the_group_without_skill_and_only_in_its_band() -> None:
    rolled = candidates({"pool": 7.0, "naive": 1.0}, evaluation=(origin(pool=8.0, naive=2.0),))
    none = Verdict("pool", "x", 2, 3, "naive", 8, 16, 5.0, 3.0, -2.0, 0.5, "none")
    after, served, reasons, skill = with_served(
        rolled, np.array(["regular"] * 2, object), np.array(["x", "y"], object), [none], 24
    )
    assert served.tolist() == [["pool", "naive", "naive"], ["pool"] * 3]
    assert after.future["served"].tolist() == [[7, 1, 1], [7, 7, 7]]
    assert after.evaluation[0].forecasts["served"].tolist() == [[8, 2, 2], [8, 8, 8]]
    assert skill.tolist() == [[None, "none", "none"], [None] * 3]
    assert reasons[0, 0] is None and "no skill beside naive" in reasons[0, 1] and not reasons[1].any()


def test_a_hold_out_gives_its_residuals_once() -> None:
    """Cutoffs of two kinds: three periods are held out by both, and count as one."""
    newer, older = ([origin(held, pool=1.0) for held in held_out] for held_out in ((1, 2, 3), (3, 6)))
    both = candidates({"pool": 1.0}, tuple(older), tuple(newer))
    counted = [(int(one.held_out[0]), is_counted.all()) for one, is_counted in _origins_with(both, "pool")]
    assert counted == [(1, True), (2, True), (3, True), (6, True)]


def test_a_series_that_is_short_takes_no_older_cutoff_from_another() -> None:
    """Of the second series the older cutoff is one that it was evaluated on."""
    newer = [origin(held, pool=1.0) for held in (1, 2, 3)]
    both = candidates({"pool": 1.0}, (replace(origin(pool=1.0), held_out=np.array([6, 2])),), tuple(newer))
    [*_, (_, is_counted)] = _origins_with(both, "pool")
    assert is_counted.tolist() == [True, False]


def test_a_cutoff_is_known_once_all_that_it_forecast_is_past() -> None:
    """Of three steps from cutoffs 3, 6 and 9 periods back, 3 and 6 periods back those of the older ones are over."""
    origins = [origin(held_out, pool=1.0) for held_out in (3, 6, 9)]
    known = {held_out: known_rows(origins, STEPS, held_out) for held_out in (1, 3, 4, 6, 7)}
    seen = {held_out: [index for index, rows in enumerate(known[held_out]) if rows.all()] for held_out in known}
    assert seen == {1: [1, 2], 3: [1, 2], 4: [2], 6: [2], 7: []}
    assert not any(rows.any() for rows in known[7])


def test_a_pool_is_chosen_on_the_series_whose_cutoff_was_known_by_then() -> None:
    """Of one cutoff, 4 periods back of the first series and 6 of the second, the second is known 3 periods back."""
    one = replace(origin(pool=1.0), held_out=np.array([4, 6]))
    panel = pool.Panel((one, one), (np.array([True, True]), np.array([True, False])))
    narrowed = panel.narrowed([*known_rows([one], STEPS, 3)] * 2)
    assert [mask.tolist() for mask in narrowed.masks] == [[False, True]]


def test_what_is_judged_at_a_cutoff_is_the_pool_that_was_chosen_by_then() -> None:
    """The fixed combination is poor. One period back two cutoffs had told so, eight periods back none."""
    errors = {"good": 1.0, "fair": 1.1, "fine": 1.2, "poor": 3.0}
    chosen_on = tuple(origin(held_out, **errors) for held_out in (3, 6, 9))
    tier = Tier(("good", "fair", "fine"), ("poor",))
    segments = np.full(SERIES, "regular", dtype=object)

    def evaluate(masks: dict[str, np.ndarray]) -> tuple[Origin, ...]:
        return tuple(origin(held_out, **{name: errors.get(name, 9.0) for name in masks}) for held_out in (1, 8))

    judged = with_evaluation(candidates(errors, chosen_on), segments, tier, evaluate).evaluation
    assert [float(one.forecasts["pool"].max()) for one in judged] == [1.1, 3.0]


def test_a_cutoff_is_reconciled_by_what_was_over_by_then(monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[int] = []

    def choose(_: Hierarchy, cutoffs: list[reconcile.Cutoff], __: np.ndarray) -> reconcile.Method:
        known.append(len(cutoffs))
        return reconcile.Method("ols", ())

    monkeypatch.setattr(reconcile, "choose", choose)
    chosen_on, evaluation = (
        tuple(origin(held_out, served=1.0) for held_out in ends) for ends in ((3, 6, 9), (1, 5, 8))
    )
    one_of_one = Hierarchy("revenue", np.arange(SERIES), ((0, (1,)),), np.array([1]), np.ones((SERIES, 1)))
    make_coherent(candidates({"served": 1.0}, chosen_on, evaluation), [one_of_one], np.zeros(SERIES))
    assert known == [3, 2, 1, 0], "of the future all; then those of 6 and 9, of 9, and none"


def test_a_series_is_told_by_the_model_of_most_of_its_steps_and_of_two_by_the_nearer() -> None:
    steps = {"most": ["naive", "pool", "pool"], "even": ["naive", "naive", "pool", "pool"]}
    rows = [(name, step, model) for name, models in steps.items() for step, model in enumerate(models)]
    values = pl.DataFrame(rows, schema=["unique_id", "period_start", "model"], orient="row").with_columns(
        is_served=pl.lit(value=True), scenario=pl.lit("base"), fallback_reason=pl.lit(None, dtype=pl.String)
    )
    series = pl.DataFrame({"unique_id": list(steps), "served_model": "ses", "fallback_reason": "old"})
    empty = pl.DataFrame()
    told = _series(series, values, _Views(empty, empty, empty, pl.lit(value=True), pl.lit(value=False)))
    assert told.select("unique_id", "served_model", "fallback_reason").rows() == [
        ("most", "pool", None),
        ("even", "naive", None),
    ]


def test_two_views_count_alike_where_no_error_tells_which_is_better() -> None:
    one, none = np.ones(1), np.zeros(0)
    assert weight_of(none, none, none, 3) == weight_of(one, one, one, 0) == 0.5
    assert weight_of(one, 0 * one, one, 6) == 0.75, "six cutoffs for it, and one half as often"


def test_a_steady_one_each_month_is_no_intermittent_demand() -> None:
    assert not is_intermittent(np.ones(12))
    assert is_intermittent(np.array([5.0, 0, 0, 5, 0, 0, 5, 0, 0]))


def test_any_forecast_of_a_sale_where_there_was_none_is_wrong() -> None:
    np.testing.assert_array_equal(metrics.accuracy(np.zeros(3), np.array([0.0, 0.25, 4.0])), [1, 0, 0])


def test_progress_counts_from_one_to_all() -> None:
    told: list[tuple[int, int]] = []
    tick = _ticker(3, lambda done, total: told.append((done, total)))
    assert [tick(np.ones(1))[0] for _ in range(3)] == [1, 1, 1]
    assert told == [(1, 3), (2, 3), (3, 3)]
