"""A column per month or stage becomes rows; each value stands for itself, and each record is accounted for."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ingest_world import LANDED, World

from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.ingest.casting.unpivot import export_record_sql
from pipelines.ingest.files import store
from pipelines.ingest.formats import chunks
from pipelines.ingest.quarantine.resubmission import export_rejected, resubmit

pytestmark = pytest.mark.fast

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
    assert "2 records x 3 columns unpivoted = 6 values, 2 of them empty" in file["warnings"]
    refused = "select record, source_id, column_name, reason, raw_text from quality.quarantine"
    assert world.rows(refused) == [
        (1, "region|华东|2025-03-01", "amount", "3月: amount: 'x3' is not a number in the contract's format",
         "华东,1,2,x3,6"),
    ]  # fmt: skip


def test_a_value_is_walked_back_to_its_record_and_its_header(world: World) -> None:
    world.put("targets_20250101.csv", SHEET)
    world.run()
    rows = world.rows(
        f"select target_id, cast(amount as int), {export_record_sql('_record')}, _extra ->> '_column' "
        "from raw.targets order by 1"
    )
    assert rows == [
        ("华东-2025-1月", 10000, 1, "1月"),
        ("华东-2025-2月", 20000, 1, "2月"),
        ("华南-2025-1月", 15000, 2, "1月"),
    ]


def test_a_corrected_record_comes_back_whole(world: World) -> None:
    world.put("targets_20250101.csv", SHEET.replace("1.5,-", "y,-").replace("-,,6", "-,z,6"))
    world.run()
    contracts = load_contracts(world.settings.sources)
    text = export_rejected(world.settings, contracts, "targets_20250101.csv")
    assert [line.count("is not a number") for line in text.splitlines()] == [0, 1, 2]
    resubmit(world.settings, contracts, text.replace("x3", "3").replace("y,", "7,").replace("z,", "8,"), LANDED)
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
    ("content", "message"),
    [
        (
            "2025年\nRegion,Jan,Feb\n华东,1,2\n",
            "unpivot: no header matches '\\d+月'; the file has 'Region', 'Jan', 'Feb'",
        ),
        ("Targets\nRegion,1月,2月\n华东,1,2\n", "stated: Year: '(\\d{4})年' is not found in"),
        (
            "2025年\nRegion,Month,1月\n华东,1,2\n",
            "unpivot: the file already has a header 'month': rename it in the contract",
        ),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused_with_what_was_looked_for(
    world: World, content: str, message: str
) -> None:
    world.put("targets_20250101.csv", content)
    file = world.run().files[0]
    assert file["status"] == "rejected" and message in file["reason"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((", name: Month", ", name: Monat"), "no column reads 'Monat'"),
        ((", value: Value", ""), "say `value`"),
        (("'\\\\d+月'", "'(a)(b)(c)'"), "3 groups"),
        (("{title: '(\\\\d{4})年'}", "{title: '2025'}"), "exactly one group"),
    ],
)
def test_nonsense_about_columns_is_refused_when_the_contract_is_read(
    world: World, change: tuple[str, str], message: str
) -> None:
    before, after = (text.replace("\\\\", "\\") for text in change)
    assert before in TARGETS
    world.contract(TARGETS.replace(before, after))
    with pytest.raises(AlmanacError, match=message):
        load_contracts(world.settings.sources)


LISTED = """
system: plan
title: Plan
objects:
  - object: budgets
    files: "budget_*.csv"
    exported_at: {on: 2025-01-01}
    unpivot: {columns: [2024-01, 2024-02, 2024-03], name: Month, value: Value}
    key: [budget_line, period_start]
    columns:
      budget_line: {from: Line, null_words: ["0"]}
      period_start: {from: Month, formats: ["%Y-%m"]}
      amount: Value
"""
PATTERN = LISTED.replace("[2024-01, 2024-02, 2024-03]", "'\\d{4}-\\d{2}'")


def budget(world: World, contract: str, content: str) -> dict[str, Any]:
    world.contract(contract).put("budget_1.csv", content)
    return world.run().files[0]


def test_a_listed_column_that_is_missing_refuses_the_file_with_the_nearest_header(world: World) -> None:
    content = "Line,2024-01,2024-02,2024-3\nTravel,10,11,12\n"
    file = budget(world, LISTED, content)
    assert (file["status"], file["reason_code"]) == ("rejected", "missing_header")
    assert "unpivot: header '2024-03' is missing; nearest is '2024-3'" in file["reason"]
    optional = LISTED.replace("value: Value}", "value: Value, optional: true}")
    assert budget(world, optional, content)["rows_loaded"] == 2


@pytest.mark.parametrize("contract", [LISTED, PATTERN])
def test_a_month_that_stands_twice_refuses_the_file(world: World, contract: str) -> None:
    file = budget(world, contract, "Line,2024-01,2024-02,2024-01,2024-03\nTravel,10,11,12,13\n")
    assert (file["reason_code"], file["rows_loaded"]) == ("duplicate_header", 0)
    assert "the file has the header '2024-01' twice" in file["reason"]


def test_a_word_that_is_no_value_elsewhere_is_one_here(world: World) -> None:
    file = budget(world, PATTERN, "Line,2024-01,2024-02\nTravel,0,5\n")
    assert (file["rows_loaded"], file["rows_control"]) == (2, 1)
    silent = PATTERN.replace("amount: Value", 'amount: {from: Value, null_words: ["0"]}')
    assert budget(world, silent, "Line,2024-01,2024-02\nTravel,0,5\n")["rows_loaded"] == 1


@pytest.mark.parametrize("reader", ["", "    reader: {fill_down: [Line]}\n"])
@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("Month = '2024-01'", "where: 'Month' is unknown here, before columns are unpivoted"),
        ("cast(Line as integer) > 0", "where: Conversion Error"),
    ],
)
def test_a_condition_that_fails_is_named_as_the_contracts(world: World, reader: str, where: str, message: str) -> None:
    file = budget(world, f'{PATTERN}{reader}    where: "{where}"\n', "Line,2024-01,2024-02\nTravel,1,5\n")
    assert (file["status"], file["reason_code"]) == ("rejected", "contract_sql")
    assert file["reason"].startswith(message)


def test_headers_may_be_called_what_the_reader_calls_its_own(world: World) -> None:
    content = "Line,_item,_is_control,2024-01,2024-02\nTravel,a,b,1,5\n"
    assert budget(world, PATTERN, content)["rows_loaded"] == 2
    assert world.column("select distinct _extra ->> '_item' from raw.budgets") == ["a"]


def test_a_file_read_in_chunks_counts_its_values_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    content = "Line,2024-01,2024-02\n" + "".join(f"travel {n},{n},\n" for n in range(400))
    whole = budget(world, PATTERN, content)["warnings"]
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 3_000)
    world.put("budget_2.csv", content.replace("travel", "fairs"))
    again = next(file for file in world.run().files if file["path"] == "budget_2.csv")
    assert len(store.rows_paths(world.settings, "budgets", again["file_id"])) > 1
    assert again["warnings"] == whole
    assert "400 records x 2 columns unpivoted = 800 values, 400 of them empty" in whole
