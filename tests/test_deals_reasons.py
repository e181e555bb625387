"""Why a deal has its chance: parts that sum to the log-odds, the strongest named first, in plain words."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.optimize import approx_fprime

from forecasts.deals import contributions as parts_of
from forecasts.deals.clauses import clause
from forecasts.deals.contributions import contributions, in_words, reason_rows
from forecasts.deals.features import Recipe
from forecasts.deals.win_model import WinModel

pytestmark = pytest.mark.fast

TODAY = date(2025, 6, 30)
RECIPE = Recipe({"amount": (0.0, 1.0)}, {"channel": ("fair", "cold")}, ("amount",), {})
MODEL = WinModel(
    RECIPE, np.array([[0.5, 0.2, -0.4, 0.3], [0.1, 0.6, 0.0, -0.2], [0.3, 0.3, 0.2, 0.1]]),
    np.array([[-0.3, 0.1, 0.2, 0.0], [0.2, 0.1, -0.5, 0.4], [0.0, 0.2, 0.1, 0.1]]),
    np.array([-2.0, -1.5, -2.5]), np.array([-1.0, -2.0, -1.5]), 40,
)  # fmt: skip


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(2)
    return draws.normal(0, 1, (count, 4)), draws.normal(0, 0.2, (count, 3))


def log_odds(columns: np.ndarray, season: np.ndarray) -> float:
    """Of a win in any window, one window after the other."""
    still, won_sum = 1.0, 0.0
    for window in range(3):
        won = np.exp(MODEL.won[window] @ columns + MODEL.level_won[window] + season[window])
        lost = np.exp(MODEL.lost[window] @ columns + MODEL.level_lost[window])
        won_sum += still * won / (1 + won + lost)
        still *= 1 / (1 + won + lost)
    return float(np.log(won_sum / (1 - won_sum)))


def test_slopes_are_those_of_the_log_odds_of_a_win_in_any_window() -> None:
    columns, season = rows(3)
    by_column, by_season = parts_of._slopes(MODEL, columns, season)
    for row in range(3):
        numeric = approx_fprime(columns[row], lambda x, row=row: log_odds(x, season[row]))
        np.testing.assert_allclose(by_column[row], numeric, rtol=1e-4, atol=1e-6)
        numeric = approx_fprime(season[row], lambda x, row=row: log_odds(columns[row], x))
        np.testing.assert_allclose(by_season[row], numeric, rtol=1e-4, atol=1e-6)


def test_a_part_is_the_mean_slope_on_the_way_from_the_typical_deal_times_the_way() -> None:
    columns, season = rows(2)
    names, parts, typical = contributions(MODEL, columns, season)
    assert names == ["amount", "channel", "season"], "an amount and whether it is missing are one reason"
    assert typical == pytest.approx(log_odds(np.zeros(4), np.zeros(3)))
    steps = (np.arange(2000) + 0.5) / 2000
    for row in range(2):
        slopes = parts_of._slopes(MODEL, steps[:, None] * columns[row], steps[:, None] * season[row])
        by_column, by_season = (side.mean(axis=0) for side in slopes)
        of_columns = by_column * columns[row]
        expected = [of_columns[0] + of_columns[3], of_columns[1] + of_columns[2], (by_season * season[row]).sum()]
        np.testing.assert_allclose(parts[row], expected, atol=1e-6)
        assert parts[row].sum() + typical == pytest.approx(log_odds(columns[row], season[row]), abs=1e-12)


def test_what_the_points_leave_over_is_spread_over_the_parts_by_their_size() -> None:
    """Ten times as far the eight points no longer reach the difference: the sum holds all the same."""
    columns, season = rows(4)
    _, parts, typical = contributions(MODEL, 10 * columns, season)
    for row in range(4):
        assert parts[row].sum() + typical == pytest.approx(log_odds(10 * columns[row], season[row]), abs=1e-9)
    _, none, _ = contributions(MODEL, np.zeros((1, 4)), np.zeros((1, 3)))
    assert none.tolist() == [[0, 0, 0]]
    assert contributions(MODEL, np.zeros((0, 4)), np.zeros((0, 3)))[1].shape == (0, 3)


def test_many_deals_are_explained_in_parts_as_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, season = rows(5)
    at_once = contributions(MODEL, columns, season)[1]
    monkeypatch.setattr(parts_of, "CHUNK", 2)
    np.testing.assert_allclose(contributions(MODEL, columns, season)[1], at_once, atol=1e-14)


def told(parts: list[list[float]], typical: float = -1.0) -> pl.DataFrame:
    """Reasons of deals whose features f0, f1, ... all have the value 0.5."""
    width = len(parts[0])
    names = [f"f{number}" for number in range(width)]
    raw = pl.DataFrame({name: [0.5] * len(parts) for name in names})
    ids = pl.Series("deal_id", [f"d{number}" for number in range(len(parts))])
    return reason_rows(TODAY, ids, raw, names, np.array(parts), typical)


def test_the_eight_strongest_are_named_and_the_others_summed() -> None:
    """Sizes 1 to 10 in turn above and below nothing: left over are 1 and -2, the two weakest."""
    strengths = [(-1.0) ** number * (number + 1) for number in range(10)]
    frame = told([strengths, [0.0] * 10], typical=-1.5)
    first = frame.filter(pl.col("deal_id") == "d0").sort("rank")
    assert first["rank"].to_list() == list(range(10)) and first["as_of"].to_list() == [TODAY] * 10
    assert first["contribution"].to_list() == [-1.5, -10, 9, -8, 7, -6, 5, -4, 3, -1]
    assert first["feature"].to_list() == ["typical deal", *(f"f{n}" for n in range(9, 1, -1)), "other features"]
    assert first["value"].to_list() == [None, *["0.5"] * 8, None]
    assert len(frame) == 20


def test_of_few_features_all_are_named_and_nothing_is_left_for_the_others() -> None:
    frame = told([[0.2, -0.3]])
    assert frame.sort("rank").select("feature", "contribution", "rank").rows() == [
        ("typical deal", -1.0, 0), ("f1", -0.3, 1), ("f0", 0.2, 2), ("other features", pytest.approx(0.0), 3),
    ]  # fmt: skip


def test_three_reasons_are_said_and_in_which_way_they_move_the_chance() -> None:
    said = in_words(told([[0.234, -0.5, 0.1, 0.05], [0.0, 0.0, 0.0, 0.0]])).sort("deal_id")["reasons"].to_list()
    assert said[0] == (
        "f1: 0.5, which lowers it (-0.5); f0: 0.5, which raises it (+0.23); f2: 0.5, which raises it (+0.1)"
    )
    assert said[1] == "; ".join(f"f{number}: 0.5, which raises it (+0.0)" for number in range(3))


def test_what_is_left_over_is_never_said() -> None:
    """Of one feature the third rank is that of the others."""
    assert in_words(told([[0.4]]))["reasons"].to_list() == ["f0: 0.5, which raises it (+0.4)"]


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        ("amount", "100", "amount: 100"),
        ("last_activity_on", "3 days ago", "last contact: 3 days ago"),
        ("has_budget", "yes", "has budget"),
        ("has_budget", "no", "has no budget"),
        ("has_budget", "unknown", "whether it has a budget is not known"),
        ("is_key_account", "yes", "is key account"),
        ("is_key_account", "no", "is not key account"),
        ("customer_never_bought", "no", "the customer has bought before"),
        ("never_bought_deals", "0", "the customer has bought before, or has no deal of late"),
        ("never_bought_deals", "2", "deals of a customer who has never bought: 2"),
        ("season", None, "the season"),
        ("paint_colour", "red", "paint colour: red"),
        ("paint_colour", None, "paint colour"),
    ],
)
def test_a_feature_and_its_value_make_a_clause(feature: str, value: str | None, said: str) -> None:
    frame = pl.DataFrame({"feature": [feature], "value": [value]}, schema_overrides={"value": pl.String})
    assert frame.select(said=clause(pl.col("feature"), pl.col("value")))["said"].to_list() == [said]
