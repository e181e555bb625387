"""Whether days, months or years come first in a column of dates: decided on all of it, each bound from both sides."""

from collections.abc import Sequence

import duckdb
import pytest

from pipelines.ingest.casting.date_order import DateOrderEvidence, date_order, order_evidence
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast


def evidence(*texts: str) -> DateOrderEvidence | None:
    with duckdb.connect() as connection:
        connection.execute("create table words as select unnest(?::varchar[]) as text", [list(texts)])
        return order_evidence(connection)


def order_of(*chunks: Sequence[str]) -> str:
    """The order of a column by the texts of each chunk of its file, or the code of the refusal."""
    try:
        return date_order("Closed", [item for texts in chunks if (item := evidence(*texts))])
    except FileRefusedError as refusal:
        assert "'Closed'" in refusal.reason
        return refusal.code.removesuffix("_date_order")


def test_the_evidence_is_what_the_numbers_of_each_place_can_be() -> None:
    found = evidence("24/11/30", "45/12/02", "15/06/1999", "1-2-24", "28/02/77", "2024-03-05", "x")
    assert found == DateOrderEvidence(5, 45, 12, "45/12/02", "45/12/02", 2, 24, 45, 2, 30, 1, 3, 3, False)
    pointed = evidence("24.11.30", "5.3.2024")  # with a year of four digits there is no question
    assert pointed == DateOrderEvidence(1, 24, 11, "24.11.30", "24.11.30", 1, 24, 24, 30, 30, 0, 0, 0, True)
    assert evidence("2024-03-05", "x") is None
    slashed = evidence("24.11.30", "1/2/24")
    assert slashed is not None and (slashed.dates, slashed.is_pointed) == (1, False)


@pytest.mark.parametrize(
    ("texts", "edges"),
    [
        (["01/05/2024", "15/06/2024", "31/07/2024"], 3),
        (["30/04/2024", "30/06/2024", "30/09/2024", "30/11/2024", "30/05/2024"], 4),
        (["28/02/2023", "29/02/2024", "28/03/2024", "29/04/2024"], 2),
        (["02/05/2024", "14/06/2024", "16/07/2024"], 0),
    ],
)
def test_the_first_the_middle_and_the_last_day_of_a_month_are_edges(texts: list[str], edges: int) -> None:
    found = evidence(*texts)
    assert found is not None and found.edges == edges


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["13/01/2024", "01/02/2024"], "dmy"),
        (["01/13/2024", "02/01/2024"], "mdy"),
        (["12/12/2024"], "undecidable"),
        (["12-13-24"], "mdy"),
        (["13/01/2024", "01/13/2024"], "mixed"),
        (["24/11/01", "24/12/06"], "ymd"),  # the third numbers are five apart
        (["24/11/01", "24/12/05"], "undecidable"),
        (["20/11/24", "25/12/24"], "dmy"),
        (["20/11/24", "24/12/24"], "undecidable"),
        (["20/11/20", "25/12/25"], "undecidable"),  # as far apart at both ends
        (["24/11/01", "25/12/07"], "ymd"),
        (["18/11/24", "24/12/25"], "dmy"),
        (["24/11/06", "24/12/31", "5/1/2024"], "dmy"),  # not each can begin with a year
    ],
)
def test_slashed_dates_are_told_by_numbers_that_only_one_place_can_hold(texts: list[str], order: str) -> None:
    assert order_of(texts) == order
    assert order_of(*([text] for text in texts)) == order  # in however many chunks


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["01.02.24"], "dmy"),
        (["24.11.05", "24.12.25"], "ymd"),  # third numbers twenty apart are days
        (["24.11.05", "24.12.24"], "dmy"),
        (["21.11.05", "25.12.25"], "ymd"),
        (["20.11.05", "25.12.25"], "dmy"),  # first numbers five apart are days
        (["24.11.05", "24.12.25", "24.12.45"], "dmy"),  # no day is 45
        (["15.11.05", "15.12.25"], "dmy"),  # both in the middle of a month
        (["15.11.05", "16.12.25"], "ymd"),
        (["98.11.30", "99.12.31"], "ymd"),
        (["98.11.30", "05.06.45"], "dmy"),  # as many that only a day can begin
        (["98.11.30", "99.11.30", "05.06.45"], "ymd"),
        (["98.11.30", *(f"05.11.{day}" for day in range(11, 20))], "ymd"),  # one of ten
        (["98.11.30", *(f"05.11.{day}" for day in range(11, 21))], "dmy"),  # a slip among years that lie together
        (["98.11.30", *(f"05.11.{day:02}" for day in range(1, 11))], "undecidable"),
        (["98.11.30", "99.11.30", *(f"05.11.{day:02}" for day in range(1, 29)), "05.06.45"], "dmy"),
    ],
)
def test_dates_with_points_begin_with_the_day_unless_their_numbers_deny_it(texts: list[str], order: str) -> None:
    assert order_of(texts) == order
    assert order_of(texts[:1], texts[1:]) == order


def test_a_slashed_date_speaks_for_the_pointed_ones_of_its_file() -> None:
    assert order_of(["98.11.30", "99.12.31"], ["13/01/2024"]) == "dmy"


def test_a_refusal_shows_the_dates_that_leave_it_open() -> None:
    for texts, said in (
        (["13/01/2024", "01/14/2024"], "holds both '13/01/2024' (day first) and '01/14/2024' (month first)"),
        (["11/01/2024", "12/01/2024"], "none of 2 different dates such as '12/01/2024' has a number above 12"),
        (["24/11/01", "25/12/02"], "in '25/12/02' the year can stand first or last"),
        (["98.11.30", *(f"05.11.{day:02}" for day in range(1, 11))], "in '98.11.30' the year stands first"),
    ):
        found = evidence(*texts)
        assert found is not None
        with pytest.raises(FileRefusedError) as refusal:
            date_order("Closed", [found])
        assert said in refusal.value.reason
