"""What a deal brings where it is won, beside what is entered now: by stage, without what somebody mistyped."""

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest

from forecasts.deals.amounts import fit_ratios, has_amount
from forecasts.deals.panel import Panel

pytestmark = pytest.mark.fast


def asked(stages: list[str | None], amounts: list[float | None]) -> pl.DataFrame:
    schema = {"stage_code": pl.String, "amount": pl.Float64}
    return pl.DataFrame({"stage_code": stages, "amount": amounts}, schema_overrides=schema)


def test_an_amount_is_one_above_nothing() -> None:
    assert has_amount(asked(["a"] * 4, [0.5, 0.0, None, float("nan")])).tolist() == [True, False, False, False]


def won_panel(rows: Sequence[tuple[str, str | None, float | None, float | None]], outcome: list[int]) -> Panel:
    columns = ["deal_id", "stage_code", "amount", "amount_won"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    return Panel(frame, (np.array(outcome) > 0) * 1, np.array(outcome), np.ones(len(rows), int), {})


def test_a_stage_s_ratio_leans_on_twenty_deals_of_the_ratio_of_all() -> None:
    """Won 90 of 100 in talk and 30 of 20 in offer: 120 of 120 over all, 60 entered on average."""
    ended = [("a", "talk", 100.0, 90.0), ("b", "offer", 20.0, 30.0), ("c", "talk", 50.0, None)]
    ratios = fit_ratios(won_panel(ended, [1, 1, 2]), np.array([90.0, 30.0]))
    assert ratios.stages == {"offer": 0, "talk": 1} and ratios.typical == 60
    np.testing.assert_allclose(ratios.mean, [(30 + 1200) / (20 + 1200), (90 + 1200) / (100 + 1200), 1])
    assert [pool.tolist() for pool in ratios.draws] == [[1.5], [0.9], [0.9, 1.5]]
    rows = asked(["talk", "new", None, "offer"], [10.0, 10.0, None, 0.0])
    np.testing.assert_allclose(ratios.expected(rows), [10 * 1290 / 1300, 10, 60, 60])
    assert ratios.places(rows).tolist() == [1, 2, 2, 0]


@pytest.mark.parametrize(
    ("won", "is_taken"), [(10.1, True), (10.0, False), (9.9, False), (999.9, True), (1000.0, False), (0.0, False)]
)
def test_an_amount_ten_times_as_large_or_small_is_a_typing_error(won: float, is_taken: bool) -> None:
    ratios = fit_ratios(won_panel([("a", "talk", 100.0, won)], [1]), np.zeros(0))
    assert (ratios.stages == {"talk": 0}) == is_taken
    assert ratios.draws[-1].tolist() == [pytest.approx(won / 100 if is_taken else 1.0)]
    assert ratios.mean[-1] == pytest.approx(won / 100 if is_taken else 1.0) and ratios.typical == 0


def test_a_deal_counts_once_per_stage_and_as_it_stood_last() -> None:
    rows = [("a", None, 10.0, 8.0), ("a", None, 16.0, 8.0), ("a", "talk", 4.0, 8.0)]
    ratios = fit_ratios(won_panel(rows, [1, 1, 1]), np.array([8.0]))
    assert ratios.stages == {"talk": 0, "unknown": 1}
    assert [pool.tolist() for pool in ratios.draws] == [[2.0], [0.5], [0.5, 2.0]]
    assert ratios.expected(asked([None], [10.0]))[0] == pytest.approx(10 * (8 + 160) / (16 + 200))
