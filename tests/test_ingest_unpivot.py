"""A column per month or stage becomes rows; each value stands for itself, and each record is accounted for."""

from datetime import timedelta
from pathlib import Path

import pytest
from ingest_world import LANDED, World

from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.ingest.returned import export_refused, take_back
from pipelines.ingest.unpivot import export_record

TARGETS = """
system: plan
title: Plan
timezone: UTC
objects:
  - object: targets
    files: "targets_*.csv"
    exported_at: {filename: 'targets_(\\d{8})', format: "%Y%m%d"}
    stated: {Year: {title: '(\\d{4})年'}}
    unpivot: {columns: '\\d+月', name: Month, value: Value}
    key: [level, member, period_start]
    columns:
      target_id: {join: [Region, Year, Month], separator: "-"}
      metric: {const: revenue}
      level: {const: region}
      member: Region
      period_start: {join: [Year, Month], separator: "-", formats: ["%Y-%m月"]}
      amount: {from: Value, unit: 10000}
    ignore: [合计]
"""
SHEET = "2025年销售目标,,,,\nRegion,1月,2月,3月,合计\n华东,1,2,x3,6\n华南,1.5,-,,6\n合计,2.5,2,3,12\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path).contract(TARGETS)


def test_one_bad_month_does_not_take_the_others_along(world: World) -> None:
    world.put("targets_20250101.csv", SHEET)
    file = world.run().files[0]
    assert (file["rows_in"], file["rows_loaded"], file["rows_quarantined"], file["rows_control"]) == (9, 3, 1, 5)
    assert "2 records x 3 columns turned into rows = 6 values, 2 of them empty" in file["warnings"]
    refused = "select record, source_id, column_name, reason, raw_text from quality.quarantine"
    assert world.rows(refused) == [
        (1, "region|华东|2025-03-01", "amount", "3月: amount: 'x3' is not a number in the contract's format",
         "华东,1,2,x3,6"),
    ]  # fmt: skip


def test_a_value_is_walked_back_to_its_record_and_its_header(world: World) -> None:
    world.put("targets_20250101.csv", SHEET)
    world.run()
    found = world.rows(
        "select target_id, cast(amount as int), _record, _extra ->> '_column' from raw.targets order by 1"
    )
    assert [(key, amount, export_record(record), column) for key, amount, record, column in found] == [
        ("华东-2025-1月", 10000, 1, "1月"),
        ("华东-2025-2月", 20000, 1, "2月"),
        ("华南-2025-1月", 15000, 2, "1月"),
    ]


def test_a_corrected_record_comes_back_whole(world: World) -> None:
    world.put("targets_20250101.csv", SHEET.replace("1.5,-", "y,-").replace("-,,6", "-,z,6"))
    world.run()
    contracts = load_contracts(world.settings.sources)
    text = export_refused(world.settings, contracts, "targets_20250101.csv")
    assert [line.count("is not a number") for line in text.splitlines()] == [0, 1, 2]
    take_back(world.settings, contracts, text.replace("x3", "3").replace("y,", "7,").replace("z,", "8,"), LANDED)
    file = world.run(LANDED + timedelta(days=1)).files[0]
    assert (file["rows_in"], file["rows_loaded"], file["rows_quarantined"]) == (9, 5, 0)


def test_two_measures_of_a_month_are_one_row(world: World) -> None:
    world.contract(
        """
system: plan
title: Plan
objects:
  - object: budgets
    files: "budget.csv"
    exported_at: {on: 2025-01-01}
    unpivot: {columns: '(\\w+ \\d{4}) (Plan|Actual)', name: Month}
    key: [budget_line, period_start]
    columns:
      budget_line: Line
      period_start: {from: Month, formats: ["%b %Y"]}
      amount: Plan
      amount_spent: {from: Actual, optional: true}
"""
    )
    world.put("budget.csv", "Line,Jan 2025 Plan,Jan 2025 Actual,Feb 2025 Plan\nTravel,10,9,12\n")
    world.run()
    values = "cast(period_start as varchar), cast(amount as int), cast(amount_spent as int)"
    assert world.rows(f"select {values} from raw.budgets order by 1") == [
        ("2025-01-01", 10, 9),
        ("2025-02-01", 12, None),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("2025年\nRegion,Jan,Feb\n华东,1,2\n", "unpivot: no header fits '\\d+月'; the file has 'Region', 'Jan', 'Feb'"),
        ("Targets\nRegion,1月,2月\n华东,1,2\n", "stated: Year: '(\\d{4})年' is not found in"),
        ("2025年\nRegion,Month,1月\n华东,1,2\n", "unpivot: the file has a header 'month': give yours another name"),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused_with_what_was_looked_for(world: World, content: str, said: str) -> None:
    world.put("targets_20250101.csv", content)
    file = world.run().files[0]
    assert file["status"] == "rejected" and said in file["reason"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((", name: Month", ", name: Monat"), "no column reads 'Monat'"),
        ((", value: Value", ""), "say `value`"),
        (("'\\\\d+月'", "'(a)(b)(c)'"), "3 groups"),
        (("{title: '(\\\\d{4})年'}", "{title: '2025'}"), "exactly one group"),
    ],
)
def test_nonsense_about_columns_is_refused_when_the_contract_is_read(
    world: World, change: tuple[str, str], said: str
) -> None:
    before, after = (text.replace("\\\\", "\\") for text in change)
    assert before in TARGETS
    world.contract(TARGETS.replace(before, after))
    with pytest.raises(AlmanacError, match=said):
        load_contracts(world.settings.sources)
