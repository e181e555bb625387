"""Scenarios on a total of two regions: shocks, their periods and what they move, other figures of the regressors."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts.config import Scenario, Shock
from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency
from forecasts.reconciliation import scenarios
from forecasts.reconciliation.hierarchy import Hierarchy, _hierarchy
from forecasts.reconciliation.scenarios import Base, moved_bounds, scenario_forecast, scenario_forecasts

pytestmark = pytest.mark.fast

TREE = _hierarchy("revenue", [(0, (1, 2)), (1, (3, 4))])
CROSSED = _hierarchy("revenue", [(0, (1, 2)), (0, (3, 4)), (1, (5, 6)), (2, (7, 8)), (3, (5, 7)), (4, (6, 8))])
NAMES = pl.DataFrame(
    {
        "metric": ["revenue"] * 5 + ["margin"],
        "level": ["total", "region", "region", "shop", "shop", "total"],
        "member": ["", "N", "S", "a", "b", ""],
    }
)
YHAT = np.array([[10.0, 20], [6, 12], [4, 8], [2, 3], [4, 9], [-1, 5]])
MONTHS = np.tile(np.array(["2026-11", "2026-12"], dtype="datetime64[D]"), (6, 1))


def base(hierarchies: tuple[Hierarchy, ...] = (TREE,)) -> Base:
    return Base(NAMES, MONTHS, YHAT.copy(), hierarchies)


def shocked(*shocks: Shock, ratios: np.ndarray | None = None) -> list[list[float]]:
    made = base()
    found = scenario_forecast(made, Scenario("s", "why", shocks), ratios)
    assert (made.yhat == YHAT).all()
    return found.tolist()


def test_nothing_shocked_is_nothing_changed() -> None:
    assert shocked() == YHAT.tolist() == shocked(ratios=np.ones((6, 2)))


def test_a_region_moves_its_total_by_as_much_and_its_shops_by_their_shares() -> None:
    """N doubles: the total grows by 6 and 12, the shops double, S and the margin stay."""
    expected = [[16, 32], [12, 24], [4, 8], [4, 6], [8, 18], [-1, 5]]
    assert shocked(Shock("revenue", multiply=2.0, level="region", member="N")) == expected


def test_a_total_moves_all_members_by_their_shares() -> None:
    assert shocked(Shock("revenue", multiply=0.5)) == [[5, 10], [3, 6], [2, 4], [1, 1.5], [2, 4.5], [-1, 5]]


def test_a_shop_moves_what_it_is_part_of_and_no_other() -> None:
    expected = [[11, 21], [7, 13], [4, 8], [3, 4], [4, 9], [-1, 5]]
    assert shocked(Shock("revenue", add=1.0, level="shop", member="a")) == expected


def test_beside_a_shocked_total_the_shocked_member_is_as_said_and_the_others_share_the_rest() -> None:
    """Total 30 and 40 with N at 12 and 24: S has 18 and 16."""
    total, north = Shock("revenue", add=20.0), Shock("revenue", multiply=2.0, level="region", member="N")
    found = shocked(total, north)
    assert found[:3] == [[30, 40], [12, 24], [18, 16]] and found[3:5] == [[4, 6], [8, 18]]


def test_where_all_members_are_shocked_too_they_share_what_the_total_is_said_to_be() -> None:
    """Every region doubles, the total adds 10: 20 and 30 are shared as 12 : 8 and 24 : 16."""
    found = shocked(Shock("revenue", add=10.0), Shock("revenue", multiply=2.0, level="region"))
    np.testing.assert_allclose(found[:3], [[20, 30], [12, 18], [8, 12]])


def test_what_was_nothing_is_shared_equally() -> None:
    made = Base(NAMES, MONTHS, np.zeros((6, 2)), (TREE,))
    found = scenario_forecast(made, Scenario("s", "why", (Shock("revenue", add=8.0),)))
    assert found.tolist() == [[8, 8], [4, 4], [4, 4], [2, 2], [2, 2], [0, 0]]


def test_nothing_is_not_forecast_to_be_less() -> None:
    made = Base(NAMES, MONTHS, np.zeros((6, 2)), (TREE,))
    assert not scenario_forecast(made, Scenario("s", "why", (Shock("revenue", add=-8.0),))).any()


def test_a_shop_that_regressors_move_keeps_its_value_beside_a_shocked_region() -> None:
    """N doubles to 12 and 24, shop a sells half as much again: b has the rest."""
    ratios = np.ones((6, 2))
    ratios[3] = 1.5
    found = shocked(Shock("revenue", multiply=2.0, level="region", member="N"), ratios=ratios)
    assert found == [[16, 32], [12, 24], [4, 8], [3, 4.5], [9, 19.5], [-1, 5]]


@pytest.mark.parametrize(
    ("shock", "steps"),
    [
        (Shock("margin"), [True, True]),
        (Shock("margin", from_step=2), [False, True]),
        (Shock("margin", to_step=1), [True, False]),
        (Shock("margin", from_step=1, to_step=2), [True, True]),
        (Shock("margin", first_period=date(2026, 12, 1)), [False, True]),
        (Shock("margin", first_period=date(2026, 12, 2)), [False, False]),
        (Shock("margin", last_period=date(2026, 11, 1)), [True, False]),
        (Shock("margin", last_period=date(2026, 10, 31)), [False, False]),
    ],
)
def test_a_shock_has_its_steps_and_periods(shock: Shock, steps: list[bool]) -> None:
    rows, found = scenarios._shocked(base(), shock)
    assert rows.tolist() == [5] and found[5].tolist() == steps


def test_a_shock_names_a_member_or_all_of_its_level() -> None:
    named = [Shock("revenue", level="shop"), Shock("revenue", level="shop", member="b"), Shock("margin", level="shop")]
    assert [scenarios._shocked(base(), shock)[0].tolist() for shock in named] == [[3, 4], [4], []]


def test_regressors_move_the_lowest_series_and_those_move_the_others() -> None:
    """Shop a and S by half, the total's own ratio is not used."""
    ratios = np.ones((6, 2))
    ratios[[0, 3]], ratios[2, 1] = 3.0, 0.5
    assert scenarios._leaves(base()).tolist() == [2, 3, 4, 5]
    assert shocked(ratios=ratios) == [[14, 22], [10, 18], [4, 4], [6, 9], [4, 9], [-1, 5]]


def test_where_levels_cross_a_shock_moves_all_below_it() -> None:
    """The first region doubles: its two cells do, and both lines are sums again; from nothing comes nothing."""
    lowest = np.array([[1.0, 0], [2, 0], [3, 1], [4, 1]])
    before = CROSSED.summing @ lowest
    after, fixed = before.copy(), np.zeros(9, dtype=bool)
    after[1], fixed[1] = [6, 5], True
    found = scenarios._propagated(CROSSED, before, after, fixed)
    assert found[CROSSED.free].tolist() == [[2, 0], [4, 0], [3, 1], [4, 1]]
    assert found[:5, 0].tolist() == [13, 6, 7, 5, 8]


def test_bounds_keep_their_relative_distance() -> None:
    point, before, bound = np.array([4.0, 3, 5]), np.array([2.0, 6, 0]), np.array([3.0, 4, 1])
    assert moved_bounds(point, before, bound).tolist() == [6, 2, 6]


class Doubled:
    """A model whose forecast is its regressor of each step: twice as much is twice the forecast."""

    def predict_eligible(self, batch: Batch, horizon: int) -> np.ndarray:
        assert batch.regressors is not None and batch.regressors.published is None
        last = int(batch.last[0])
        return np.tile(batch.regressors.rows(last + 1, last + horizon + 1)[:, 0], (len(batch), 1))


def ratios(shift: float, history: list[float], monkeypatch: pytest.MonkeyPatch, **published: Any) -> np.ndarray:
    monkeypatch.setattr(scenarios, "model", lambda name: Doubled())
    regressors = Regressors(("price",), 598, np.array([[1.0], [1], [1], [2], [0]]), **published)
    batch = Batch(("a", "b"), (np.array(history), np.array(history)), np.array([600, 600]), Frequency("MS"), regressors)
    made = Base(NAMES[:2], MONTHS[:2], np.ones((2, 2)), ())
    segments = np.array(["regular", "short"], dtype=object)
    scenario = Scenario("s", "why", regressors={"price": shift})
    found = scenarios._ratios(scenario, batch, made, segments, {"regular": ("one",)})
    assert found is not None and found[1].tolist() == [1, 1], "a segment without a pool keeps its forecast"
    return found[0]


def test_a_ratio_is_that_of_the_forecasts_with_and_without_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 becomes 3 with a step of 1, and where nothing was forecast nothing changes."""
    assert ratios(1.0, [0, 9], monkeypatch).tolist() == [1.5, 1]
    assert ratios(-1.0, [0, 9], monkeypatch).tolist() == [0.5, 1]


def test_no_change_leads_further_out_than_the_series_ever_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 1 to 2.5: a forecast of 2 may rise to 2.5 and fall to 1; one of 2 outside of it does not move inwards."""
    assert ratios(9.0, [1, np.nan, 2.5], monkeypatch)[0] == 1.25
    assert ratios(-9.0, [1, np.nan, 2.5], monkeypatch)[0] == 0.5
    assert ratios(9.0, [0.5, 1], monkeypatch)[0] == 1


def test_figures_that_are_not_published_yet_move_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one known is carried forward, and the shift comes on top: 1 of 1, standardised 0; 0 and 1."""
    published = np.array([[0], [0], [0], [10**6], [10**6]])
    assert ratios(1.0, [0, 9], monkeypatch, published=published).tolist() == [1, 1]


def test_a_scenario_without_its_regressors_is_refused_and_one_without_any_has_no_ratio() -> None:
    batch = Batch(("a",), (np.ones(2),), np.array([600]), Frequency("MS"))
    made = Base(NAMES[:1], MONTHS[:1], np.ones((1, 2)), ())
    wanted = Scenario("cheap", "why", regressors={"price": 1.0})
    with pytest.raises(ForecastError, match="scenario cheap: there are no regressors to change"):
        scenarios._ratios(wanted, batch, made, np.array(["x"]), {})
    plain = (Scenario("a", "why", (Shock("revenue", add=1.0),)), Scenario("b", "why"))
    found = scenario_forecasts(made, plain, batch, np.array(["x"]), {})
    assert {name: rows.tolist() for name, rows in found.items()} == {"a": [[2, 2]], "b": [[1, 1]]}
