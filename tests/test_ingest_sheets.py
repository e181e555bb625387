"""Several sheets of one workbook are one table, and what is stated for a whole file is no cell of its rows."""

from pathlib import Path

import pytest
import xlsxwriter
from ingest_world import World

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


def test_a_total_beside_what_is_stated_is_no_record(world: World) -> None:
    world.contract(STATED).put("budget_EMEA_20240101.csv", "Line,Amount\nTravel,10\n,\nFairs,20\nTotal,30\n")
    assert counts(world) == (5, 2, 0, 3)
    assert world.rows("select budget_line, department from raw.budgets order by 1") == [
        ("Fairs", "EMEA"),
        ("Travel", "EMEA"),
    ]


def test_a_condition_sees_what_is_stated(world: World) -> None:
    world.contract(STATED + "    where: \"Dept = 'EMEA'\"\n")
    world.put("budget_EMEA_20240101.csv", "Line,Amount\nTravel,10\n")
    world.put("budget_APAC_20240101.csv", "Line,Amount\nTravel,99\n")
    world.run()
    assert world.column("select cast(amount as int) from raw.budgets") == [10]


def test_the_total_of_each_sheet_is_no_record(world: World) -> None:
    head, total = ["Line", "Amount"], ["Total", "30"]
    book(world, Jan=[head, ["Travel", "10"], ["Fairs", "20"], total], Feb=[head, ["Travel", "30"], [" ", " "], total])
    assert counts(world) == (8, 3, 0, 5)
    assert world.rows(FOUND) == [("Jan|Travel", 10), ("Jan|Fairs", 20), ("Feb|Travel", 30)]
