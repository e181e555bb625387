"""Several sheets of one workbook are one table, and what is stated once for a file is no cell of its rows."""

from pathlib import Path

import pytest
import xlsxwriter
from ingest_world import World

pytestmark = pytest.mark.fast

BUDGETS = """
system: plan
title: Plan
objects:
  - object: budgets
    files: "budget_*"
    exported_at: {filename: 'budget_\\w*?(\\d{8})', format: "%Y%m%d"}
    reader: {sheets: '.*'}
    key: [_sheet, budget_line]
    columns:
      budget_line: Line
      amount: {from: [Amount, Betrag]}
      department: {from: Dept, optional: true}
      period_start: {const: 2024-01-01}
"""
STATED = (
    BUDGETS.replace("    reader: {sheets: '.*'}\n", "    stated: {Dept: {filename: 'budget_([A-Z]+)?_?'}}\n")
    .replace("_sheet, ", "Dept, ")
)  # fmt: skip
FOUND = "select source_id, cast(amount as int) from raw.budgets order by _record"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract(BUDGETS)


def book(world: World, **sheets: list[list[str]]) -> None:
    with xlsxwriter.Workbook(world.settings.inbox / "budget_20240101.xlsx") as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)


def counts(world: World) -> tuple[int, ...]:
    file = world.run().files[0]
    return tuple(file[name] for name in ("rows_in", "rows_loaded", "rows_quarantined", "rows_control"))


def test_a_total_is_no_record_where_values_are_stated(world: World) -> None:
    world.contract(STATED).put("budget_EMEA_20240101.csv", "Line,Amount\nTravel,10\n,\nFairs,20\nTotal,30\n")
    assert counts(world) == (5, 2, 0, 3)
    assert world.rows("select budget_line, department from raw.budgets order by 1") == [
        ("Fairs", "EMEA"),
        ("Travel", "EMEA"),
    ]


@pytest.mark.parametrize("name", ["budget_20240101.csv", "budget__20240101.csv"])
def test_a_name_that_leaves_out_what_is_stated_refuses_the_file(world: World, name: str) -> None:
    world.contract(STATED).put(name, "Line,Amount\nTravel,10\n")
    file = world.run().files[0]
    assert (file["status"], file["reason_code"]) == ("rejected", "not_stated")
    assert f"is not found in the name {name}" in file["reason"]


def test_a_condition_sees_what_is_stated(world: World) -> None:
    world.contract(STATED + "    where: \"Dept = 'EMEA'\"\n")
    world.put("budget_APAC_20240101.csv", "Line,Amount\nTravel,99\n")  # of one day the one that arrives later counts
    world.put("budget_EMEA_20240101.csv", "Line,Amount\nTravel,10\n")
    world.run()
    assert world.column("select cast(amount as int) from raw.budgets") == [10]


def test_the_total_of_each_sheet_is_no_record(world: World) -> None:
    head, total = ["Line", "Amount"], ["Total", "30"]
    book(world, Jan=[head, ["Travel", "10"], ["Fairs", "20"], total], Feb=[head, ["Travel", "30"], [" ", " "], total])
    assert counts(world) == (8, 3, 0, 5)
    assert world.rows(FOUND) == [("Jan|Travel", 10), ("Jan|Fairs", 20), ("Feb|Travel", 30)]


def test_each_sheet_is_read_by_its_own_headers(world: World) -> None:
    book(
        world,
        Jan=[["Line", "Amount", "Betrag"], ["Travel", "10", "old"]],
        Feb=[["Betrag", "ＬＩＮＥ*"], ["20", "Travel"]],
        Mar=[["Line", "Ａｍｏｕｎｔ"], ["Travel", "30"]],
    )
    file = world.run().files[0]
    assert world.rows(FOUND) == [("Jan|Travel", 10), ("Feb|Travel", 20), ("Mar|Travel", 30)]
    extra = world.column("select _extra ->> 'Betrag' from raw.budgets order by _record")
    assert extra == ["old", None, None] and "new columns kept in _extra: Betrag" in file["warnings"]


def test_a_header_that_only_another_sheet_writes_is_not_kept_twice(world: World) -> None:
    book(world, Jan=[["Line", "Amount"], ["Travel", "10"]], Feb=[["Line", "Betrag"], ["Travel", "x"], ["Fairs", "2"]])
    file = world.run().files[0]
    assert world.rows(FOUND) == [("Jan|Travel", 10), ("Feb|Fairs", 2)] and "_extra" not in file["warnings"]
    refused = world.rows("select record, reason, raw_text from quality.quarantine")
    assert refused == [(2, "amount: 'x' is not a number in the contract's format", "Travel,,x,Feb")]


def test_two_columns_of_a_sheet_with_equal_headers_stay_two(world: World) -> None:
    book(world, Jan=[["Line", "Amount", "Amount*"], ["Travel", "10", "11"]], Feb=[["Line", "amount"], ["Travel", "20"]])
    world.run()
    assert world.rows(FOUND) == [("Jan|Travel", 10), ("Feb|Travel", 20)]
    assert world.column("select _extra ->> 'Amount*' from raw.budgets order by _record") == ["11", None]


def test_a_sheet_that_lacks_a_required_header_refuses_the_file_by_name(world: World) -> None:
    book(world, Jan=[["Line", "Amount"], ["Travel", "10"]], Mar=[["Line", "Amt"], ["Travel", "30"]])
    file = world.run().files[0]
    assert (file["status"], file["reason_code"]) == ("rejected", "missing_header")
    assert "sheet 'Mar': header 'Amount' or 'Betrag' is missing; nearest is 'Amt'" in file["reason"]
    assert "'Jan'" not in file["reason"]


def test_measures_of_unpivoted_columns_are_mapped_sheet_by_sheet(world: World) -> None:
    columns = "    unpivot: {columns: '(\\d{4}-\\d\\d) (\\w+)', name: Month}\n    key: [_sheet, period_start, "
    world.contract(
        BUDGETS.replace("    key: [_sheet, ", columns).replace(
            "{const: 2024-01-01}", "{from: Month, formats: ['%Y-%m']}"
        )
    )
    book(
        world,
        A=[["Line", "2024-01 Amount", "2024-02 AMOUNT"], ["Travel", "10", "11"]],
        B=[["Line", "2024-01 Betrag"], ["Travel", "20"]],
    )
    assert world.run().files[0]["reason"] == ""
    assert world.rows("select source_id, cast(amount as int) from raw.budgets order by 2") == [
        ("A|2024-01-01|Travel", 10),
        ("A|2024-02-01|Travel", 11),
        ("B|2024-01-01|Travel", 20),
    ]


def test_cells_are_filled_down_within_their_sheet_only(world: World) -> None:
    world.contract(BUDGETS.replace("{sheets: '.*'}", "{sheets: '.*', fill_down: [DEPT]}"))
    head = ["Dept", "Line", "Amount"]
    book(
        world,
        Jan=[head, ["EMEA", "Travel", "1"], ["", "Fairs", "2"]],
        Feb=[head, ["", "Travel", "3"], ["APAC", "Fairs", "4"]],
    )
    world.run()
    assert world.column("select department from raw.budgets order by _record") == ["EMEA", "EMEA", None, "APAC"]
