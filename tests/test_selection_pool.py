"""A pool is the median of its members, grows while it gains, and gives way only to what is clearly better."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from forecasts.backtesting.rolling_origin import Origin
from forecasts.output import schemas
from forecasts.selection import pool
from forecasts.selection.pool import Panel, combine, gain_of

pytestmark = pytest.mark.fast

COUNT = 4
ALL = np.ones(COUNT, dtype=bool)


def origin(
    scale: float = 1.0, squared_scale: float = 1.0, rows: list[int] | None = None, **forecasts: object
) -> Origin:
    """A cutoff after which two periods brought nothing: a forecast is its own error."""
    at = np.arange(COUNT) if rows is None else np.array(rows)
    made = {
        name: np.broadcast_to(np.array(value, dtype=float), (len(at), 2)).copy() for name, value in forecasts.items()
    }
    sizes = np.full(len(at), scale), np.full(len(at), squared_scale)
    return Origin(at, np.full(len(at), 3), np.zeros((len(at), 2)), *sizes, made)


def panel(*origins: Origin, loss: str = "mase") -> Panel:
    return Panel(origins, tuple(np.ones(len(one.rows), dtype=bool) for one in origins), loss)


def test_a_combination_is_the_median_of_the_members_that_have_a_forecast() -> None:
    parts = {
        "a": [1.0, np.nan, np.nan, 1.0],
        "b": [9.0, 4.0, np.nan, 2.0],
        "c": [2.0, 8.0, np.nan, 3.0],
        "d": [4.0, np.nan, np.nan, 9.0],
    }
    made = combine({name: np.array([values]) for name, values in parts.items()}, [*"abcd"])
    np.testing.assert_array_equal(made, [[3, 6, np.nan, 2.5]])
    odd = combine({name: np.array([parts[name]]) for name in "abc"}, [*"abc"])
    np.testing.assert_array_equal(odd, [[2, 6, np.nan, 2]])
    np.testing.assert_array_equal(combine({"a": np.array([parts["a"]])}, ["a"]), [[1, np.nan, np.nan, 1]])


def test_the_error_of_a_series_is_capped_at_each_cutoff_and_averaged_over_them() -> None:
    """2 over a scale of 2, then 30 held at ten: 5.5. Squared: 2 over a root of 4, then ten: 5.5 as well."""
    for loss in ("mase", "rmsse"):
        both = panel(origin(scale=2.0, squared_scale=4.0, one=2.0), origin(one=30.0), loss=loss)
        np.testing.assert_allclose(both.errors(["one"]), [5.5] * COUNT)
    uneven = origin(squared_scale=1.0, one=[0.0, 2.0])
    np.testing.assert_allclose(panel(uneven).errors(["one"]), [1.0] * COUNT)
    np.testing.assert_allclose(panel(uneven, loss="rmsse").errors(["one"]), [np.sqrt(2)] * COUNT)


def test_series_that_a_cutoff_lacks_have_the_mean_of_the_others() -> None:
    both = panel(origin(one=1.0), origin(rows=[1, 3], one=3.0))
    np.testing.assert_allclose(both.errors(["one"]), [1, 2, 1, 2])
    masked = Panel(both.origins, (np.array([True, True, False, False]), np.array([False, True])))
    np.testing.assert_allclose(masked.errors(["one"]), [1, 1, 3])
    each = panel(origin(one=1.0, two=5.0), origin(one=2.0, two=7.0))
    np.testing.assert_allclose(each.errors_of_each([["one"], ["two"]]), [4.0] * COUNT)


def test_a_panel_without_a_cutoff_has_the_others() -> None:
    three = panel(*(origin(one=float(number)) for number in (1, 2, 6)), loss="rmsse")
    left = three.without(1)
    np.testing.assert_allclose(left.errors(["one"]), [3.5] * COUNT)
    assert left.loss == "rmsse" and len(left.masks) == 2


def test_three_members_come_in_though_each_makes_it_worse_and_a_fourth_does_not() -> None:
    members, evidence = pool._greedy(panel(origin(a=1.0, b=1.2, c=1.4, d=1.6)), [*"dcba"])
    assert members == ["a", "b", "c"]
    assert [row["step"] for row in evidence] == [1] * 4 + [2] * 3 + [3] * 2 + [4]
    assert [row["candidate"] for row in evidence if row["is_chosen"]] == ["a", "a + b", "a + b + c"]
    assert {row["reason"] for row in evidence} == {"weighed"} and evidence[-1]["error"] == pytest.approx(1.3)


class OfSize(Panel):
    """Errors that depend on how many members there are."""

    fourth = 1.0

    def errors(self, members: Sequence[str]) -> np.ndarray:
        return np.array([{1: 0.5, 2: 0.8, 3: 1.0, 4: self.fourth}[len(members)]])


@pytest.mark.parametrize(("fourth", "is_taken"), [(0.9979, True), (0.998, False), (0.9981, False)])
def test_a_fourth_member_lowers_the_error_by_more_than_a_five_hundredth(fourth: float, is_taken: bool) -> None:
    sized = OfSize((), ())
    object.__setattr__(sized, "fourth", fourth)
    assert len(pool._greedy(sized, [*"abcd"])[0]) == 3 + is_taken


def test_candidates_without_an_error_are_not_weighed_and_ties_go_by_name() -> None:
    made = panel(*(origin(b=1.0, a=1.0, none=np.nan, guard=2.0) for _ in range(3)))
    chosen = pool.choose(made, ("none", "b", "a"), ("guard",))
    assert chosen.members == ("a", "b") and not any("none" in str(row["candidate"]) for row in chosen.evidence)
    assert [row["candidate"] for row in chosen.evidence][-2:] == ["a + b", "guard"]
    assert [row["is_chosen"] for row in chosen.evidence][-2:] == [True, False]
    assert "by 1.0000, standard error 0.0000: chosen" in str(chosen.evidence[-2]["reason"])
    assert [row["step"] for row in chosen.evidence][-2:] == [2, 1] and chosen.evidence[-1]["error"] == 2.0


def test_without_an_error_of_the_guardrail_it_is_kept() -> None:
    chosen = pool.choose(panel(origin(a=1.0, guard=np.nan)), ("a",), ("guard",))
    assert chosen.members == ("guard",) and len(chosen.evidence) == 1
    row = chosen.evidence[0]
    assert (row["is_chosen"], row["error"], row["step"]) == (True, None, 0)
    assert row["reason"] == "no errors to compare: guardrail" and row["measure"] == "mase"


def noisy(gains: list[float]) -> Panel:
    """Three cutoffs at which the new model errs by so much less than the old one's 2, series by series."""
    new = np.array([2.0 - gain for gain in gains])[:, None]
    return panel(*(origin(new=new, old=2.0) for _ in range(3)))


@pytest.mark.parametrize(
    ("gains", "is_better"),
    [([0.1, 0.3, 0.1, 0.4], True), ([0.0, 0.3, 0.0, 0.4], False), ([0.0] * 4, False)],
)
def test_a_pool_replaces_what_serves_where_it_gains_two_standard_errors(gains: list[float], is_better: bool) -> None:
    """Means .225 and .175, of which standard errors are .075 and .103."""
    chosen = pool.choose(noisy(gains), ("new",), ("old",))
    assert chosen.members == (("new",) if is_better else ("old",))
    told = pool.promote(noisy(gains), ("old",), pool.Choice(("new",), ()))
    assert told.members == (("new",) if is_better else ("old",))
    reason = str(told.evidence[0]["reason"])
    assert reason.startswith("promotion: lowers the champion's error by 0.") and reason.endswith("2 of them required")
    assert [row["decision"] for row in told.evidence] == ["promotion"] * 2
    assert [row["is_chosen"] for row in told.evidence] == [is_better, not is_better]


def test_of_two_series_a_champion_can_be_compared_and_of_one_it_stays() -> None:
    for count in (1, 2):
        few = panel(*(origin(rows=[*range(count)], new=1.0, old=2.0) for _ in range(3)))
        told = pool.promote(few, ("old",), pool.Choice(("new",), ()))
        assert told.members == (("old",) if count == 1 else ("new",))
        assert ("fewer than two series" in str(told.evidence[0]["reason"])) == (count == 1)


def test_the_same_members_are_no_challenger() -> None:
    same = pool.Choice(("old",), ())
    assert pool.promote(noisy([0.1] * 4), ("old",), same) is same


def test_a_gain_is_told_with_the_standard_error_of_its_mean() -> None:
    gain, error = gain_of(np.array([1.0, 1.0, np.nan, 2.0]), np.array([2.0, 4.0, 9.0, 4.0]))
    assert (gain, error) == (pytest.approx(2), pytest.approx(1 / np.sqrt(3)))
    assert gain_of(np.array([1.0, np.nan]), np.array([2.0, 3.0])) == (0, 0)
    assert gain_of(np.array([1.0, 1.0]), np.array([2.0, 4.0])) == (pytest.approx(2), pytest.approx(1))


def test_a_pool_is_judged_on_cutoffs_that_it_was_not_chosen_on() -> None:
    """Each cutoff has a model of its own that is right at it alone: chosen on the others, it is wrong."""
    lucky = panel(
        origin(a=0.0, b=5.0, c=5.0, guard=3.0),
        origin(a=5.0, b=0.0, c=5.0, guard=3.0),
        origin(a=5.0, b=5.0, c=0.0, guard=3.0),
    )
    assert pool._held_out_errors(lucky, [*"abc"], ["a"]).tolist() == [5.0] * COUNT
    single = panel(origin(a=2.0, b=5.0))
    assert pool._held_out_errors(single, ["b"], ["a"]).tolist() == [2.0] * COUNT
    two = Panel(lucky.origins[:2], lucky.masks[:2])
    assert pool._held_out_errors(two, ["a", "b"], ["a"]).tolist() == [2.5] * COUNT


def test_champions_are_what_the_last_decision_chose_in_the_pool_and_frequency_asked_for() -> None:
    rows = [
        ("MS", "regular", "pool", "a + b", True, "greedy"), ("MS", "regular", "pool", "a", True, "weighed"),
        ("MS", "regular", "promotion", "c", False, "promotion"), ("MS", "intermittent", "pool", "a", True, "x"),
        ("MS", "intermittent", "promotion", "d + e", True, "promotion"), ("QS", "regular", "pool", "q", True, "x"),
        ("MS", "bias", "bias", "z", True, "x"),
    ]  # fmt: skip
    columns = ["freq", "segment", "decision", "candidate", "is_chosen", "reason"]
    choices = schemas.conform(pl.DataFrame(rows, schema=columns, orient="row"), schemas.CHOICES)
    expected = {"regular": ("a", "b"), "intermittent": ("d", "e")}
    assert pool.champions_of(choices, "MS") == expected
    assert pool.champions_of(choices, "QS") == {"regular": ("q",)}
    others = pool.named(choices, "others")
    assert others["segment"][0] == "others: regular" and pool.named(choices, "")["segment"][0] == "regular"
    assert pool.champions_of(pl.concat([others, choices.head(0)]), "MS") == {}
    assert pool.champions_of(others, "MS", "others") == expected and pool.champions_of(others, "MS", "other") == {}


def test_a_mean_over_no_error_is_worse_than_any() -> None:
    assert pool._mean(np.array([np.nan, 2.0, 4.0])) == 3 and pool._mean(np.array([np.nan])) == float("inf")
    narrowed = panel(replace(origin(one=1.0), held_out=np.array([3, 3, 3, 3]))).narrowed([~ALL])
    assert narrowed.origins == () and narrowed.masks == ()
