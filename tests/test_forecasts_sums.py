"""Which series add up to which, and how forecasts are made to: by hand, on a total of two and a table of four."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from forecasts.backtesting.rolling_origin import Candidates, Origin
from forecasts.config import Aggregation
from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch
from forecasts.panel.frequency import Frequency
from forecasts.reconciliation import coherence, reconcile
from forecasts.reconciliation.hierarchy import (
    Hierarchy,
    _hierarchy,
    _mismatch,
    hierarchies_of,
    nodes_of,
    padded,
    solve_constraints,
)
from forecasts.reconciliation.reconcile import Cutoff, choose, coherent

pytestmark = pytest.mark.fast

NAN, INFINITE = np.nan, np.inf
TOTAL = _hierarchy("revenue", [(0, (1, 2))])
TABLE = _hierarchy("revenue", [(0, (1, 2)), (0, (3, 4)), (1, (5, 6)), (2, (7, 8)), (3, (5, 7)), (4, (6, 8))])


def batch_of(*series: Sequence[float], last: Sequence[int] = ()) -> Batch:
    values = tuple(np.array(one, dtype=float) for one in series)
    return Batch(tuple("abcdefghi"[: len(series)]), values, np.array(last or [600] * len(series)), Frequency("QS"))


def names(*rows: tuple[str, str]) -> pl.DataFrame:
    table = pl.DataFrame(rows, schema=["level", "member"], orient="row")
    return table.with_columns(metric=pl.lit("revenue"))


LEVELS = names(("total", ""), ("region", "N"), ("region", "S"), ("region*line", "N*x"), ("region*line", "S*x"))
BOTH = (Aggregation("total", "region"), Aggregation("region", "region*line"))


def test_members_belong_to_the_parent_whose_values_they_share() -> None:
    (found,), rejected = hierarchies_of(LEVELS, batch_of([9, 9], [4, 5], [5, 4], [4, 5], [5, 4]), BOTH)
    assert found.metric == "revenue" and found.rows.tolist() == [0, 1, 2, 3, 4] and rejected == []
    assert found.sums == ((0, (1, 2)), (1, (3,)), (2, (4,))) and found.is_tree
    assert nodes_of(LEVELS, [found]).tolist() == ["total", "region", "region", "region*line", "region*line"]
    assert nodes_of(LEVELS, []).tolist() == [""] * 5


def test_a_sum_that_does_not_hold_is_left_out_and_told() -> None:
    """The total is off by 3; a series without values is no node."""
    (found,), rejected = hierarchies_of(LEVELS, batch_of([9, 12], [4, 5], [5, 4], [4, 5], []), BOTH)
    assert found.sums == ((0, (1,)),) and found.rows.tolist() == [1, 3]
    assert rejected == [
        {
            "decision": "reconciliation",
            "candidate": "a = 2 members",
            "is_chosen": False,
            "reason": "not reconciled: the history is off by up to 3",
        }
    ]
    assert nodes_of(LEVELS, [found]).tolist() == ["", "region", "", "region*line", ""]
    assert hierarchies_of(LEVELS, batch_of([9], [1], [2], [3], [4]), BOTH)[0] == []


def test_metrics_are_apart_and_a_missing_dimension_is_refused() -> None:
    two = names(("total", ""), ("region", "N"), ("total", ""), ("region", "N")).with_columns(
        metric=pl.Series(["b", "b", "a", "a"])
    )
    found, _ = hierarchies_of(two, batch_of([1], [1], [2], [2]), BOTH[:1])
    assert [(one.metric, one.rows.tolist()) for one in found] == [("a", [2, 3]), ("b", [0, 1])]
    with pytest.raises(ForecastError, match="'region' lacks a dimension of its parent 'line'"):
        hierarchies_of(LEVELS, batch_of(*[[1.0]] * 5), [Aggregation("line", "region")])


@pytest.mark.parametrize(
    ("parent", "members", "last", "reason"),
    [
        ([9, 9], ([4, 5], [5, 4]), (), None),
        ([9, 9], ([4, 5], [5, 4]), (600, 600, 599), "not reconciled: the members end in different periods"),
        ([4, 9], ([4, 5], [4]), (), None),  # before its first value a member is nothing
        ([4, 9], ([4, NAN], [9]), (), None),
        ([1e6, 1e6], ([1e6 + 0.9, 1e6], [0, 0]), (), None),  # a millionth is rounding of an export
        ([1e6, 1e6], ([1e6 + 1.1, 1e6], [0, 0]), (), "not reconciled: the history is off by up to 1.1"),
        ([0, 0], ([0, 0], [0, 0]), (), None),
    ],
)
def test_members_must_add_up_in_the_history(
    parent: list[float], members: tuple[list[float], ...], last: tuple[int, ...], reason: str | None
) -> None:
    assert _mismatch(batch_of(parent, *members, last=last), 0, [1, 2]) == reason


def test_a_short_series_is_nothing_before_its_start() -> None:
    assert padded(np.array([2.0, NAN, 3.0]), 5).tolist() == [0, 0, 2, 0, 3]


def test_nodes_are_sums_of_the_free_ones() -> None:
    for hierarchy in (TOTAL, TABLE):
        assert (hierarchy.summing[hierarchy.free] == np.eye(len(hierarchy.free))).all()
        values = hierarchy.summing @ np.arange(1.0, len(hierarchy.free) + 1)
        for parent, children in hierarchy.sums:
            assert values[parent] == values[list(children)].sum()
    assert TOTAL.free.tolist() == [1, 2] and TOTAL.is_tree
    assert TABLE.free.tolist() == [5, 6, 7, 8] and not TABLE.is_tree


def test_constraints_are_solved_whatever_the_order_of_their_lines() -> None:
    """x = 2 z and y = z + w; the second line has to stand first, and one that says nothing new is passed over."""
    free, summing = solve_constraints(np.array([[0.0, 1, -1, -1], [2, 0, -4, 0], [0, 2, -2, -2]]))
    assert free.tolist() == [2, 3]
    np.testing.assert_allclose(summing, [[2, 0], [1, 1], [1, 0], [0, 1]])


NOTHING, ANYTHING = np.zeros(3), np.full(3, -INFINITE)
OFF = np.array([[12.0], [4.0], [5.0]])


def test_least_squares_shares_the_gap_equally() -> None:
    """12 beside 4 and 5: a third of the 3 each."""
    np.testing.assert_allclose(coherent(TOTAL, OFF, [], "ols", ANYTHING), [[11], [5], [6]])
    np.testing.assert_allclose(coherent(TOTAL, OFF, [], "wls_var", ANYTHING), [[11], [5], [6]])


def test_a_node_that_errs_more_gives_way_more() -> None:
    """Mean squared errors 1, 2 and 1: of the gap of 3 a half falls to the second, a quarter to each other."""
    errors = np.array([[1.0, 1, 1, -1], [2**0.5, 2**0.5, -(2**0.5), 2**0.5], [1, 1, 1, 1]])
    unknown = np.array([[NAN], [1], [1]])
    actual = [np.hstack([errors[:, :2], unknown]), np.hstack([unknown, errors[:, 2:]])]
    cutoffs = [Cutoff(np.zeros((3, 3)), part, np.ones(3)) for part in actual]
    np.testing.assert_allclose(coherent(TOTAL, OFF, cutoffs, "wls_var", ANYTHING), [[11.25], [5.5], [5.75]])


def test_where_nothing_erred_the_gap_is_shared_equally() -> None:
    perfect = [Cutoff(np.ones((3, 2)), np.ones((3, 2)), np.ones(3))] * 2
    for method in ("wls_var", "mint_shrink"):
        made = coherent(TOTAL, OFF, perfect, method, ANYTHING)
        np.testing.assert_allclose(made[0], made[1] + made[2])
        np.testing.assert_allclose(made, [[11], [5], [6]], atol=1e-6)


def test_what_cannot_be_negative_is_clipped_and_still_adds_up() -> None:
    """3 beside -4 and 1: 0, -1 and ... by least squares 1, -2, 3; clipped 1, 0, 3 and scaled to their parent."""
    made = coherent(TOTAL, np.array([[3.0, -3], [-4, -4], [1, -1]]), [], "ols", NOTHING)
    np.testing.assert_allclose(made, [[1, 0], [0, 0], [1, 0]])
    loss = coherent(TOTAL, np.array([[3.0], [-4], [1]]), [], "ols", np.array([0, -INFINITE, 0]))
    np.testing.assert_allclose(loss, [[1], [-2], [3]])
    np.testing.assert_allclose(
        reconcile._from_top(TOTAL, np.array([[8.0, 8, -1], [1, 0, 1], [3, 0, 1]])), [[8, 8, 0], [2, 4, 0], [6, 4, 0]]
    )
    little = reconcile._from_top(TOTAL, np.array([[4.0], [0.1], [0.3]]))
    np.testing.assert_allclose(little, [[4], [1], [3]])
    crossed = reconcile._from_bottom(TABLE, np.array([[0.0], [0], [0], [0], [0], [-1], [2], [3], [4]]))
    assert crossed[:, 0].tolist() == [9, 2, 7, 3, 6, 0, 2, 3, 4]


def test_without_cutoffs_least_squares_is_chosen_and_of_one_there_is_no_choice() -> None:
    none = choose(TOTAL, [], ANYTHING)
    assert none.name == "ols" and [row["error"] for row in none.evidence] == [None, None]
    one = choose(TOTAL, [Cutoff(OFF, np.array([[9.0], [4], [5]]), np.array([1.0, 1, 0.5]))], ANYTHING)
    assert [(row["candidate"], row["is_chosen"], row["error"]) for row in one.evidence] == [
        ("ols", True, pytest.approx((2 + 1 + 2) / 3)),
        ("none", False, 1.0),
    ]
    assert [row["reason"] for row in one.evidence] == ["compared by backtest", "incoherent, for comparison only"]
    assert {(row["segment"], row["decision"], row["measure"]) for row in one.evidence} == {
        ("revenue", "reconciliation", "mase")
    }


def test_methods_of_equal_error_are_taken_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cutoff is reconciled with weights of the others."""
    cutoffs = [Cutoff(OFF, OFF + number, np.ones(3)) for number in range(3)]
    given: list[list[float]] = []

    def made(h: Hierarchy, forecast: np.ndarray, others: list[Cutoff], name: str, floor: np.ndarray) -> np.ndarray:
        given.append([other.actual[0, 0] - 12 for other in others])
        return forecast

    monkeypatch.setattr(reconcile, "coherent", made)
    assert choose(TOTAL, cutoffs, ANYTHING).name == "ols"
    assert given == [[1, 2], [0, 2], [0, 1]] * 3


def origin(rows: list[int], held_out: list[int], served: list[list[float]]) -> Origin:
    forecast = np.array(served, dtype=float)
    ones = np.ones(len(rows))
    return Origin(np.array(rows), np.array(held_out), forecast + 1, ones * 2, ones, {"served": forecast})


HISTORY = batch_of([9, 9, 9, 9, 9, 12], [4, 4, 4, 4, 4, 4], [5, 8])


def candidates(*origins: Origin, evaluation: tuple[Origin, ...] = ()) -> Candidates:
    future = {"served": np.array([[12.0, 12], [4, 4], [5, 5]]), "naive": np.ones((3, 2))}
    return Candidates(HISTORY, 2, np.ones(3), future, origins, evaluation)


def test_a_node_without_the_cutoff_has_its_naive_forecast_and_is_nothing_before_its_start() -> None:
    """Two nodes hold out two periods, the third began with them: before there was nothing of it."""
    made = coherence.cutoff(candidates(), TOTAL, origin([0, 1], [2, 2], [[9, 9], [4, 4]]))
    assert made is not None
    assert made.forecast.tolist() == [[9, 9], [4, 4], [0, 0]] and made.actual.tolist() == [[10, 10], [5, 5], [5, 8]]
    assert made.scale.tolist() == [2, 2, 3]
    later = coherence.cutoff(candidates(), TOTAL, origin([0, 1, 2], [1, 1, 1], [[9, 9], [4, 4], [NAN, 5]]))
    assert later is not None and later.forecast[2].tolist() == [5, 5]
    np.testing.assert_array_equal(later.actual[2], [8, NAN])
    assert later.scale[2] == 5
    older = coherence._naive_node(candidates(), 2, 3)
    assert older[0].tolist() == [0, 0] and older[1].tolist() == [0, 5]
    assert coherence.cutoff(candidates(), TOTAL, origin([], [], np.empty((0, 2)).tolist())) is None


def test_the_cutoff_of_most_nodes_is_theirs() -> None:
    mixed = origin([0, 1, 2], [3, 3, 1], [[9, 9], [4, 4], [5, 5]])
    assert coherence._held_out(mixed, TOTAL) == 3
    assert coherence._held_out(origin([7], [3], [[1, 1]]), TOTAL) == 0
    made = coherence._with_past(mixed, TOTAL, np.array([[1.0, 1], [2, 2], [3, 3]]))
    assert made.forecasts["served"].tolist() == [[1, 1], [2, 2], [5, 5]]
    assert mixed.forecasts["served"][0].tolist() == [9, 9]


def test_what_is_served_adds_up_in_the_future_and_at_every_cutoff() -> None:
    past = [origin([0, 1, 2], [held] * 3, [[12, 12 + held], [4, 4], [5, 5]]) for held in (1, 2)]
    evaluated = origin([0, 1], [1, 1], [[12, 12], [4, 4]])
    made, evidence = coherence.make_coherent(candidates(*past, evaluation=(evaluated,)), [TOTAL], ANYTHING)
    served = [made.future["served"], *(one.forecasts["served"] for one in made.origins)]
    for nodes in served:
        np.testing.assert_allclose(nodes[0], nodes[1] + nodes[2])
    assert made.future["naive"].tolist() == [[1, 1]] * 3 and len(evidence) == 4
    (judged,) = made.evaluation
    np.testing.assert_allclose(judged.forecasts["served"], [[12 - 1, 12 - 1], [5, 5]])
