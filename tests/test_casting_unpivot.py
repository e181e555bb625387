"""A column per month becomes a row per month: names, numbers and warnings of what is made, and what is refused."""

from typing import Any

import pytest
from casting_table import LINES, cells, contract_of

from pipelines.contracts import ObjectContract
from pipelines.ingest.casting import unpivot
from pipelines.ingest.casting.unpivot import (
    add_stated,
    export_record_sql,
    headings,
    long_headers,
    merge_warnings,
    unpivot_columns,
)
from pipelines.ingest.formats.source import FileRefusedError, Source

pytestmark = pytest.mark.fast
Rows = list[tuple[object, ...]]
MONTHS = r"unpivot: {columns: '20\d\d-\d\d', name: Month, value: Amount}"
LISTED = "unpivot: {columns: [Jan, Feb], name: Month, value: Amount}"


def item(more: str, columns: str = "ordered_on: Month, amount_net: Amount") -> ObjectContract:
    return contract_of(LINES % columns + "".join(f"    {line}\n" for line in more.split("\n"))).objects[0]


def long(
    contract: ObjectContract, *rows: str, null_words: tuple[str, ...] = (), **about: object
) -> tuple[Source, Rows]:
    with cells(*rows, **about) as (connection, source):
        table = unpivot_columns(connection, source, contract, null_words)
        return table, connection.execute(f"select * from {table.relation} order by _record").fetchall()


def code_of(contract: ObjectContract, *headers: str) -> tuple[str, str]:
    assert contract.unpivot is not None
    with pytest.raises(FileRefusedError) as refusal:
        headings(contract.unpivot, list(headers))
    return refusal.value.code, refusal.value.reason


def test_each_value_is_a_row_that_knows_its_record_and_column() -> None:
    source, rows = long(item(MONTHS), "ID|2024-01|2024-02", "a|5| ", "b|~|7", "Total|5|7")
    assert source.headers == ["ID", "Month", "Amount", "_column"] and source.has_control
    first, second = 5_010_000_000, 5_020_000_000
    assert rows == [
        (3, True, "Total", None, None, None),
        (first + 1, False, "a", "2024-01", "5", "2024-01"),
        (first + 2, True, "b", "2024-01", None, "2024-01"),
        (second + 1, True, "a", "2024-02", " ", "2024-02"),
        (second + 2, False, "b", "2024-02", "7", "2024-02"),
    ]
    assert source.warnings == ["2 records x 2 columns unpivoted = 4 values, 2 of them empty"]
    with cells("A", "1") as (connection, _):
        for record, expected in ((first + 1, 1), (second + 9_999_999, 9_999_999), (4_999_999_999, 4_999_999_999)):
            assert connection.execute(f"select {export_record_sql(str(record))}").fetchall() == [(expected,)]


def test_a_null_word_of_the_contract_the_system_or_the_column_is_an_empty_value() -> None:
    contract = item(
        f"{MONTHS}\nnull_words: [keine]", "ordered_on: Month, amount_net: {from: Amount, null_words: [nix]}"
    )
    _, rows = long(contract, "ID|2024-01", "a|keine", "b|none", "c|nix", "d|-", "e|5", null_words=("none",))
    assert [row[1] for row in rows] == [True, True, True, True, False]


def test_several_values_of_a_month_are_one_row() -> None:
    contract = item(
        r"unpivot: {columns: '(?<name>20\d\d-\d\d) (?<value>plan|actual)', name: Month}".replace("?<", "?P<"),
        "ordered_on: Month, amount_net: plan, cost: actual",
    )
    source, rows = long(contract, "ID|2024-01 plan|2024-01 Actual|2024-02 plan", "a|1|2|3", "b|||")
    assert source.headers == ["ID", "Month", "plan", "Actual", "_column"]
    assert [row[1:] for row in rows] == [
        (False, "a", "2024-01", "1", "2", "2024-01 plan | 2024-01 Actual"),
        (True, "b", "2024-01", "", "", "2024-01 plan | 2024-01 Actual"),
        (False, "a", "2024-02", "3", None, "2024-02 plan"),
        (True, "b", "2024-02", "", None, "2024-02 plan"),
    ]
    assert long_headers(contract, ["ID", "2024-01 plan", "2024-01 Actual"]) == source.headers
    ordered = item(r"unpivot: {columns: '(20\d\d)/(\w+)', name: Month}", "ordered_on: Month, amount_net: plan")
    assert long_headers(ordered, ["ID", "2024/plan"]) == ["ID", "Month", "plan", "_column"]


def test_without_unpivoting_the_table_stays() -> None:
    plain = item("ignore: [x]", "amount_net: Amount")
    source, rows = long(plain, "ID|Amount", "a|5")
    assert (source.headers, rows) == (["ID", "Amount"], [(1, "a", "5")])
    assert long_headers(plain, ["ID"]) == ["ID"]


def test_listed_columns_are_found_in_any_spelling() -> None:
    assert long_headers(item(LISTED), ["ID", "JAN ", "feb", "Mar"]) == ["ID", "Mar", "Month", "Amount", "_column"]


@pytest.mark.parametrize(
    ("more", "headers", "code", "said"),
    [
        (MONTHS, ["ID", "May"], "missing_header", "no header matches '20"),
        (LISTED, ["ID", "Jan", "Febr"], "missing_header", "nearest is 'Febr'"),
        (MONTHS, ["2024-01", "2024-01 (2)"], "duplicate_header", "the header '2024-01' twice"),
        (r"unpivot: {columns: '(\d\d) ?\w*', name: Month, value: Amount}", ["01 a", "01 b"], "duplicate_header",
         "'01 a' and '01 b' are both '01'"),
    ],
)  # fmt: skip
def test_headers_that_do_not_make_rows_are_refused(more: str, headers: list[str], code: str, said: str) -> None:
    found = code_of(item(more), *headers)
    assert found[0] == code and said in found[1]


def test_a_file_of_more_columns_or_records_than_can_be_numbered_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpivot, "MAX_COLUMNS", 2)
    assert len(headings(item(MONTHS).unpivot, ["2024-01", "2024-02"])) == 2  # type: ignore[arg-type]
    assert code_of(item(MONTHS), "2024-01", "2024-02", "2024-03")[0] == "too_large"
    monkeypatch.setattr(unpivot, "RECORDS_PER_COLUMN", 3)
    assert len(long(item(MONTHS), "ID|2024-01", "a|1", "b|2")[1]) == 2
    with pytest.raises(FileRefusedError, match="more than 3 records"):
        long(item(MONTHS), "ID|2024-01", "a|1", "b|2", "c|3")


def test_499_columns_can_be_numbered() -> None:
    assert unpivot.MAX_COLUMNS * unpivot.RECORDS_PER_COLUMN + unpivot.FIRST_RECORD < 10_000_000_000
    contract = item(r"unpivot: {columns: 'c\d+', name: Month, value: Amount}")
    assert contract.unpivot is not None
    assert len(headings(contract.unpivot, [f"c{n}" for n in range(499)])) == 499
    assert code_of(contract, *(f"c{n}" for n in range(500)))[0] == "too_large"


def test_optional_columns_may_be_missing_and_then_no_row_is_a_record() -> None:
    contract = item(LISTED.replace("value:", "optional: true, value:"))
    source, rows = long(contract, "ID|Mar", "a|5")
    assert source.headers == ["ID", "Mar", "Month", "Amount", "_column"]
    assert rows == [(1, True, "a", "5", None, None, None)]
    assert source.warnings == ["no header matches 'Jan', 'Feb': nothing was unpivoted"]


def test_a_header_that_the_contract_gives_to_what_it_makes_is_refused() -> None:
    with pytest.raises(FileRefusedError, match="already has a header 'amount'"):
        long(item(MONTHS), "ID|AMOUNT|2024-01", "a|1|2")


@pytest.mark.parametrize(
    ("months", "is_refused"),
    [
        ("Jan|Feb|Dec", False),
        ("Apr|Dec|Jan", True),
        ("Apr|Apr.", False),
        ("Jan|total|Feb", False),
        ("Feb|Total|Jan", False),
    ],
)
def test_months_that_run_into_the_next_year_are_not_joined_to_one(months: str, is_refused: bool) -> None:
    names = ", ".join(months.split("|"))
    unpivoted = f"unpivot: {{columns: [{names}], name: Month, value: A}}"
    contract = item(unpivoted, "ordered_on: {join: [Year, Month]}, cost: A")
    rows = f"ID|Year|{months}", "a|2024" + "|5" * len(months.split("|"))
    if is_refused:
        with pytest.raises(FileRefusedError, match="from 'Jan' on") as refusal:
            long(contract, *rows)
        assert refusal.value.code == "one_year"
    else:
        assert long(contract, *rows)[1]
    alone = item(unpivoted, "ordered_on: Month, cost: A")
    assert long(alone, *rows)[1]


def test_the_counts_of_chunks_are_added_up() -> None:
    lines = [
        "2 records x 3 columns unpivoted = 6 values, 1 of them empty",
        "other",
        "1 records x 3 columns unpivoted = 3 values, 2 of them empty",
        "other",
        "1 records x 2 columns unpivoted = 2 values, 0 of them empty",
    ]
    assert merge_warnings(lines) == [
        "3 records x 3 columns unpivoted = 9 values, 3 of them empty",
        "other",
        "1 records x 2 columns unpivoted = 2 values, 0 of them empty",
    ]


def stated(more: str, path: str = "2024/deals_May.csv", **about: Any) -> list[object]:
    with cells("ID|_sheet", "1|A", "2|B", **about) as (connection, source):
        table = add_stated(connection, source, item(f"stated: {{{more}}}"), path)
        assert table.headers == ["ID", "_sheet", "Month"] and table.added == ("Month",)
        rows = connection.execute(f'select "Month" from {table.relation} order by _record').fetchall()
    return [text for (text,) in rows]


def test_what_a_file_states_once_stands_in_each_of_its_rows() -> None:
    assert stated("Month: {const: May}") == ["May", "May"]
    assert stated("Month: {filename: 'deals_(\\w+)'}") == ["May", "May"]
    assert stated("Month: {filename: '^(\\d+)/'}") == ["2024", "2024"]  # in the whole path, where not in the name
    assert stated("Month: {title: 'of (\\w*)'}", titles=["of ", "Deals of June"]) == ["June", "June"]
    titles = {"A": ["of May"], "B": ["x", "of June"]}
    assert stated("Month: {title: 'of (\\w+)'}", sheet_titles=titles) == ["May", "June"]
    one = {"A": ["of May"], "B": ["x"]}
    assert stated("Month: {title: 'of (\\w+)'}", sheet_titles=one, titles=["of May", "x"]) == ["May", "May"]


@pytest.mark.parametrize(
    ("more", "about", "code", "said"),
    [
        ("Month: {filename: 'x(y)'}", {}, "not_stated", "in the name deals_May.csv"),
        ("Month: {title: 'x(y)'}", {"titles": ["z"]}, "not_stated", r"in the titles above the header: \['z'\]"),
        ("id: {const: a}", {}, "contract", "the file has a header 'id'"),
        ("Month: {title: 'of (.+)'}", {"sheet_titles": {"A": ["of 1"], "B": ["of 2"], "C": ["x"]}}, "not_stated",
         "titles of sheet 'C'"),
    ],
)  # fmt: skip
def test_what_is_not_stated_refuses_the_file(more: str, about: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(FileRefusedError, match=said) as refusal:
        stated(more, **about)
    assert refusal.value.code == code
