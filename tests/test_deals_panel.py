"""Which deals were open on which day, what was known of them then, and how they ended: counted on a few deals."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from deal_histories import deal_looks, deal_rows

from forecasts.deals import panel as panels
from forecasts.deals.history import NEVER, History, day_numbers, in_order
from forecasts.deals.panel import Panel, panel, past_origins, windows
from forecasts.errors import ForecastError
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")
TODAY = date(2025, 6, 30)


def day(month: int, number: int = 1) -> date:
    return date(2025, month, number)


def opened(*names: str) -> tuple[tuple[str, date, str, float], ...]:
    return tuple((name, day(1), "open", 1.0) for name in names)


def test_windows_begin_with_the_period_of_the_next_day() -> None:
    whole = windows(MONTHS, day(1, 31), 2)
    first = (day(1, 31) - date(1970, 1, 1)).days
    assert whole.origin == first and whole.edges.tolist() == [first, first + 28, first + 59]
    assert whole.starts.tolist() == [first + 1, first + 29] and whole.left == 1
    begun = windows(MONTHS, day(2, 7), 1)
    assert begun.starts.tolist() == [first + 1] and begun.left == pytest.approx(21 / 28)


@pytest.mark.parametrize(
    ("as_of", "expected"),
    [
        (date(2025, 3, 31), [date(2025, 2, 28), date(2025, 1, 31), date(2024, 12, 31)]),
        (date(2025, 3, 30), [date(2025, 2, 27), date(2025, 1, 30), date(2024, 12, 30)]),
        (date(2025, 3, 2), [date(2025, 2, 1), date(2025, 1, 2), date(2024, 12, 2)]),
        (date(2025, 3, 1), [date(2025, 2, 1), date(2025, 1, 1), date(2024, 12, 1)]),
    ],
)
def test_past_origins_are_as_far_from_the_end_of_their_period(as_of: date, expected: list[date]) -> None:
    assert past_origins(MONTHS, as_of, 3) == expected


def test_a_deal_is_open_at_an_origin_from_the_day_it_came_and_until_the_day_before_it_ended() -> None:
    known = History(TODAY, deal_rows(
        {"created_on": day(3, 31)}, {"created_on": day(4, 1)}, {"closed_on": day(3, 31), "outcome": "won"},
        {"closed_on": day(4, 1), "outcome": "lost"}, {"closed_on": day(4, 30), "outcome": "won"},
        {"closed_on": day(5, 1), "outcome": "won"}, {"closed_on": day(6, 30), "outcome": "won"},
    ), deal_looks(*opened("d0", "d1", "d2", "d3", "d4", "d5", "d6")))  # fmt: skip
    made = panel(known, MONTHS, [day(3, 31)], 5)
    told = dict(zip(made.rows["deal_id"], zip(made.end, made.outcome, made.seen, strict=True), strict=True))
    assert told == {"d0": (0, 0, 3), "d3": (1, 2, 3), "d4": (1, 1, 3), "d5": (2, 1, 3), "d6": (3, 1, 3)}
    assert made.rows.filter(pl.col("amount_won").is_not_null())["deal_id"].to_list() == ["d4", "d5", "d6"]
    short = panel(known, MONTHS, [day(3, 31)], 2)
    assert short.seen.tolist() == [2] * 5 and dict(zip(short.rows["deal_id"], short.end, strict=True))["d6"] == 0
    assert short.rows.filter(deal_id="d6")["amount_won"].to_list() == [None], "what comes later is not known"


def test_a_window_that_has_begun_is_not_over() -> None:
    known = History(day(6, 29), deal_rows({"closed_on": day(6, 3), "outcome": "won"}), deal_looks(*opened("d0")))
    made = panel(known, MONTHS, [day(5, 31), day(4, 30)], 3)
    assert made.rows["origin"].to_list() == [day(4, 30), day(5, 31)], "the oldest first"
    assert (made.end.tolist(), made.seen.tolist()) == ([0, 0], [1, 0])
    assert made.outcome.tolist() == [0, 0] and made.rows["amount_won"].to_list() == [None, None]


def test_a_row_shows_what_was_known_then_and_deals_without_are_counted() -> None:
    frames = deal_rows({}, {"basis": "dated_exports"}, {"basis": "dated_exports"}, {}, {"customer_id": "c"})
    looks = deal_looks(("d0", day(2, 28), "open", 1.0), ("d0", day(3, 1), "open", 2.0), ("d1", day(2, 21), "open", 3.0),
                 ("d2", day(2, 20), "open", 4.0), ("d3", day(3, 9), "open", 5.0))  # fmt: skip
    made = panel(History(TODAY, frames, looks), MONTHS, [day(2, 28)], 1)
    columns = ("deal_id", "amount", "basis", "exported_on")
    assert made.rows.select(columns).rows() == [
        ("d0", 1.0, "exact_history", day(2, 28)), ("d1", 3.0, "dated_exports", day(2, 21)),
        ("d2", 4.0, "dated_exports_before", day(2, 20)),
    ]  # fmt: skip
    assert made.not_exported == {day(2, 28): 2}
    today = panel(History(TODAY, frames, looks), MONTHS, [TODAY], 1)
    assert today.rows["deal_id"].to_list() == ["d0", "d1", "d2", "d3", "d4"], "of today every open deal is a row"
    assert today.rows["customer_id"].to_list() == [None, None, None, None, "c"] and today.not_exported == {TODAY: 1}
    assert not today.seen.any() and not today.outcome.any()


def test_a_sample_takes_whole_deals_and_about_as_many_rows_as_asked() -> None:
    rows = pl.DataFrame({"deal_id": [f"d{number % 500}" for number in range(2000)]})
    numbers = np.arange(2000)
    whole = Panel(rows, numbers, numbers, numbers, {})
    assert whole.sample(2000) is whole
    part = whole.sample(1000)
    assert 850 < len(part.rows) < 1150 and set(part.rows.group_by("deal_id").len()["len"]) == {4}
    assert part.end.tolist() == part.outcome.tolist() == part.seen.tolist()
    assert part.rows["deal_id"].to_list() == [f"d{number % 500}" for number in part.end]
    assert whole.sample(1999) is not whole


def test_a_deal_that_came_back_has_a_spell_for_each_time_it_was_open() -> None:
    """Lost in February, open again in March and won in April; the other is still open."""
    looks = deal_looks(("d0", day(1, 1), "open", 1.0), ("d0", day(2, 5), "lost", 1.0), ("d0", day(3, 9), "open", 1.0),
                 ("d0", day(4, 4), "won", 1.0), ("d1", day(1, 8), "open", 1.0))  # fmt: skip
    known = History(TODAY, deal_rows({"closed_on": day(4, 4), "outcome": "won"}, {}), looks)
    assert known.spells.select("deal_id", "spell", "opened_on", "ended_on", "outcome").rows() == [
        ("d0", 0, day(1, 1), day(2, 5), "lost"), ("d0", 1, day(3, 9), day(4, 4), "won"),
        ("d1", 0, day(1, 1), None, None),
    ]  # fmt: skip


def test_a_deal_ends_on_its_closing_day_else_on_the_day_that_told_of_it_and_never_before_it_came() -> None:
    frames = deal_rows({"closed_on": day(2, 2), "outcome": "won"}, {"outcome": "lost"}, {"outcome": "won"},
                   {"created_on": day(5, 5), "closed_on": day(4, 4), "outcome": "lost"})  # fmt: skip
    looks = deal_looks(("d0", day(3, 3), "won", 1.0), ("d1", day(2, 2), "open", 1.0), ("d1", day(3, 3), "lost", 1.0),
                 ("d1", day(3, 8), "lost", 1.0))  # fmt: skip
    known = History(TODAY, frames, looks)
    assert known.spells.select("deal_id", "ended_on").rows() == [
        ("d0", day(2, 2)), ("d1", day(3, 8)), ("d3", day(5, 5)),
    ]  # fmt: skip
    assert (known.undated_deal_count, known.closed_deal_count, known.won_deal_count) == (1, 4, 2)


def test_what_closes_later_is_as_its_last_look_says() -> None:
    later = {"closed_on": date(2025, 7, 1), "outcome": "won", "amount": 99.0}
    looks = deal_looks(
        ("d0", day(6, 1), "open", 7.0), ("d0", date(2025, 7, 1), "won", 99.0), ("d1", day(6, 1), "lost", 8.0)
    )
    frames = deal_rows(later, later, later, {"closed_on": TODAY, "outcome": "won"}, {"created_on": date(2025, 7, 1)})
    told = History(TODAY, frames, looks)
    assert told.deals.select("deal_id", "outcome", "closed_on", "amount").rows() == [
        ("d0", None, None, 7.0), ("d1", "lost", day(6, 1), 8.0), ("d2", None, None, None), ("d3", "won", TODAY, 5.0),
    ]  # fmt: skip
    assert told.observations["known_on"].max() == day(6, 1)


def test_observations_are_sorted_where_they_are_not_and_kept_as_they_are_where_they_are() -> None:
    looks = deal_looks(("a", day(2), "open", 1.0), ("a", day(2), "won", 2.0), ("a", day(1), "open", 3.0))
    assert in_order(looks)["amount"].to_list() == [3, 1, 2]
    assert in_order(deal_looks(("b", day(1), "open", 1.0), ("a", day(2), "open", 2.0)))["amount"].to_list() == [2, 1]
    ordered = deal_looks(("a", day(2), "open", 1.0), ("a", day(2), "won", 2.0), ("b", day(1), "open", 3.0))
    assert in_order(ordered) is ordered and in_order(ordered.clear()).is_empty()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"deal_id": "d1"}, "two rows have the same deal_id"),
        ({"created_on": None}, "created_on is null"),
        ({"outcome": "open"}, "outcome is won, lost or null"),
        ({"basis": "guess"}, "basis is exact_history or dated_exports"),
    ],
)
def test_deals_that_cannot_be_placed_are_refused(change: dict[str, object], told: str) -> None:
    with pytest.raises(ForecastError, match=told):
        History(TODAY, deal_rows(change, {"outcome": "lost"}), deal_looks(*opened("d0")))


def test_frames_that_lack_columns_or_have_another_status_are_refused() -> None:
    with pytest.raises(ForecastError, match="deals: the columns basis, amount are missing"):
        History(TODAY, deal_rows({}).drop("basis", "amount"), deal_looks(*opened("d0")))
    with pytest.raises(ForecastError, match="observations: the columns stage_code are missing"):
        History(TODAY, deal_rows({}), deal_looks(*opened("d0")).drop("stage_code"))
    with pytest.raises(ForecastError, match="observations: status_code is open, won or lost"):
        History(TODAY, deal_rows({}), deal_looks(("d0", day(1), "void", 1.0)))


def test_a_day_that_is_not_known_lies_after_every_other() -> None:
    assert day_numbers(pl.Series([date(1970, 1, 3), None], dtype=pl.Date)).tolist() == [2, NEVER]
    assert NEVER == 10**9 and panels.IS_WON == 1 and panels.IS_LOST == 2 and panels.STILL_OPEN == 0
