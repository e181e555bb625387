"""Headers of two rows, titles of several sheets, months as words, and lines that say nothing."""

from datetime import date
from pathlib import Path

import pytest
import xlsxwriter
from ingest_world import DEALS, World, deals

from pipelines.contracts import load_contract, load_contracts
from pipelines.home.settings import load_settings
from pipelines.ingest.erasure.erase import forget
from pipelines.ingest.files import store
from pipelines.ingest.formats.two_row_header import two_row_header
from pipelines.ingest.proposals.preview import preview, read_table
from pipelines.ingest.proposals.propose import propose

YEARS = [["", "2024", "", "2025", ""], ["Line", "Q1", "Q2", "Q1", "Q2"], ["Travel", "1", "2", "3", "4"]]
MONTHS = """
system: plan
title: Plan
objects:
  - object: budgets
    files: "budget_*"
    exported_at: {on: 2024-12-31}
    reader: {sheets: '.*'}
    stated: {Year: {title: '(\\d{4})年'}}
    unpivot: {columns: '([一二三四五六七八九十]+月|\\d{1,2}月)', name: Month, value: Value}
    key: [budget_line, period_start]
    columns:
      budget_line: Line
      period_start: {join: [Year, Month], separator: "-", formats: ["%Y-%m月"]}
      amount: Value
"""
FOUND = "select budget_line, period_start, cast(amount as int) from raw.budgets order by 2, 1"


def book(path: Path, **sheets: list[list[str]]) -> Path:
    with xlsxwriter.Workbook(path) as made:
        for name, rows in sheets.items():
            sheet = made.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


def text(path: Path, rows: list[list[str]]) -> Path:
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_labels_of_two_rows_are_joined_in_text_and_workbook_alike(tmp_path: Path) -> None:
    for path in (text(tmp_path / "budget.csv", YEARS), book(tmp_path / "budget.xlsx", Sheet=YEARS)):
        frame, about = read_table(path)
        assert frame.columns == ["Line", "2024 Q1", "2024 Q2", "2025 Q1", "2025 Q2"], path
        assert frame.rows() == [("Travel", "1", "2", "3", "4")] and about["control"] == 2


def test_a_title_above_a_header_of_two_rows_is_a_title(tmp_path: Path) -> None:
    frame, about = read_table(text(tmp_path / "budget.csv", [["Budget in TEUR", "", "", "", ""], *YEARS]))
    assert frame.columns[1] == "2024 Q1" and about["titles"] == ["Budget in TEUR"] and about["control"] == 3


@pytest.mark.parametrize(
    "rows",
    [
        [["Sales 2024", "", ""], ["Region", "Plan", "Actual"], ["North", "1", "2"]],
        [["Region", "Plan", "Actual"], ["North", "a", "b"], ["South", "a", "b"]],
        [["Name", "", "Type", ""], ["Ann", "x", "Bob", "y"], ["Cy", "x", "Dee", "y"]],
        [["", "2024", "", "2025", ""], ["Line", "1", "2", "1", "2"], ["Travel", "1", "2", "3", "4"]],
        [["Date", "Date"], ["Date", "Date"], ["2024-01-01", "2024-01-02"]],
    ],
)
def test_rows_that_are_no_two_halves_of_a_header_stay_apart(rows: list[list[str]]) -> None:
    assert two_row_header(rows, 0) is None and two_row_header(rows, 1) is None


def test_years_over_quarters_are_proposed_as_columns_that_become_rows(tmp_path: Path) -> None:
    path = book(tmp_path / "budget_20241231.xlsx", Sheet=[*YEARS, ["Fairs", "5", "6", "7", "8"]])
    (tmp_path / "plan.yml").write_text(propose(load_settings(tmp_path), path, "plan", None), encoding="utf-8")
    system = load_contract(tmp_path / "plan.yml")
    rows = preview(load_settings(tmp_path), system, system.objects[0], path, is_sample=True).accepted
    assert rows.height == 8 and rows["amount"].sum() == 36
    assert sorted(set(rows["period_start"])) == [date(y, m, 1) for y in (2024, 2025) for m in (1, 4)]


def test_each_sheet_is_read_by_its_own_title(tmp_path: Path) -> None:
    world = World(tmp_path).contract(MONTHS)
    head = ["Line", "一月", "十二月"]
    sheets = {f"S{year}": [[f"{year}年预算", "", ""], head, ["Travel", str(year), "1"]] for year in (2024, 2025)}
    book(world.settings.inbox / "budget_a.xlsx", **sheets)
    assert world.run().files[0]["reason"] == ""
    assert world.rows(FOUND) == [
        ("Travel", date(2024, 1, 1), 2024), ("Travel", date(2024, 12, 1), 1),
        ("Travel", date(2025, 1, 1), 2025), ("Travel", date(2025, 12, 1), 1),
    ]  # fmt: skip


def test_a_sheet_without_the_title_that_others_have_is_named(tmp_path: Path) -> None:
    world = World(tmp_path).contract(MONTHS)
    head = ["Line", "1月", "2月"]
    titled = {f"S{year}": [[f"{year}年预算", "", ""], head, ["Travel", "1", "1"]] for year in (2024, 2025)}
    book(world.settings.inbox / "budget_a.xlsx", **titled, Bare=[head, ["Travel", "1", "1"]])
    file = world.run().files[0]
    assert (file["status"], file["reason_code"]) == ("rejected", "not_stated") and "sheet 'Bare'" in file["reason"]


@pytest.mark.parametrize(
    "months",
    [
        ("Jän", "Mär", "Mai", "Okt", "Dez"),
        ("一月", "三月", "五月", "十月", "十二月"),
        ("1月", "3月", "5月", "10月", "12月"),
    ],
)
def test_months_as_words_in_headers_are_proposed_and_read(tmp_path: Path, months: tuple[str, ...]) -> None:
    path = text(tmp_path / "budget_2025.csv", [["Line", *months], ["Travel", *"12345"], ["Fairs", *"12345"]])
    (tmp_path / "plan.yml").write_text(propose(load_settings(tmp_path), path, "plan", None), encoding="utf-8")
    system = load_contract(tmp_path / "plan.yml")
    rows = preview(load_settings(tmp_path), system, system.objects[0], path, is_sample=True).accepted
    assert sorted(set(rows["period_start"])) == [date(2025, month, 1) for month in (1, 3, 5, 10, 12)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("faulty", [False, True])
def test_blank_lines_are_counted_whoever_reads_the_file(tmp_path: Path, end: str, faulty: bool) -> None:
    """Two between records and two at the end, and none within a cell; a faulty record calls the careful parser."""
    rows = ["1,a,Prospecting,1,", "", '2,"b' + end * 2 + 'c",Prospecting,2,', "", "3,d,Prospecting,3,", "", ""]
    rows += ['4,"e"x,Prospecting,4,'] if faulty else []
    world = World(tmp_path).contract(DEALS)
    world.put("deals_20240131.csv", end.join(["ID,Title,Stage,Amount,Closed", *rows]) + end)
    file = world.run().files[0]
    counts = [file[f"rows_{part}"] for part in ("in", "loaded", "quarantined", "control")]
    assert counts == ([9, 3, 1, 5] if faulty else [8, 3, 0, 5])
    assert world.column("select opportunity_name from raw.opportunities order by 1")[1] == f"b{end * 2}c"


def test_a_person_is_blanked_in_a_file_with_quotes_of_its_own(tmp_path: Path) -> None:
    contract = DEALS.replace("opportunities", "contacts").replace("opportunity_id: ID", "contact_id: ID")
    contract = contract.split("      opportunity_name")[0].replace("[opportunity_id]", "[contact_id]")
    world = World(tmp_path).contract(contract + "      contact_name: Name\n      email: Mail\n")
    lines = ["ID,Name,Mail", "1,'Lee, Ann','ann@x.com'", "2,'Ray, Bob','bob@x.com'", "3,'Roe, Cy','cy@x.com'"]
    world.put("deals_20240131.csv", "\n".join(lines) + "\n")
    row = world.run().files[0]
    assert row["rows_loaded"] == 3
    forget(world.settings, load_contracts(world.settings.sources), "Lee, Ann", "forget")
    kept = store.restore(world.settings, row["sha256"], tmp_path / "kept").read_text()
    assert kept == "\n".join([lines[0], ",,", *lines[2:]]) + "\n"


def test_blank_lines_do_not_depend_on_the_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = "".join(f"{n},a,Prospecting,1,\n" + "\n" * (n % 7 == 0) for n in range(1, 400))
    counts = []
    for name, size in (("chunks", 3000), ("whole", 10**9)):
        monkeypatch.setattr("pipelines.ingest.formats.chunks.CHUNK_BYTES", size)
        world = World(tmp_path / name).contract(DEALS)
        world.put("deals_20240131.csv", deals() + rows + '400,"a"b,Prospecting,1,\n')
        file = world.run().files[0]
        counts.append([file[f"rows_{part}"] for part in ("in", "loaded", "quarantined", "control")])
    assert counts[0] == counts[1] == [401 + 57, 399, 1, 58]


SHORT = "ID,Title,Stage\nd1,Alpha,Closed Won\n"


def test_a_column_that_the_first_export_lacks_is_empty_and_said(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240131.csv", SHORT)
    file = world.run().files[0]
    assert (file["status"], file["absent_columns"]) == ("loaded", "amount,closed_on")
    assert "the file lacks the headers of amount, closed_on: read as empty" in file["warnings"]
    assert world.rows("select opportunity_id, amount from raw.opportunities") == [("d1", None)]


def test_a_column_that_an_earlier_export_had_is_lost_and_its_file_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240131.csv", SHORT.replace("Stage\n", "Stage,Amount\n").replace("Won\n", "Won,5\n"))
    assert world.run().files[0]["status"] == "loaded"
    world.put("deals_20240229.csv", SHORT)
    file = world.run().files[0]
    assert (file["status"], file["reason_code"]) == ("rejected", "missing_header")
    assert "'Amount'" in file["reason"] and "'Closed'" not in file["reason"]


@pytest.mark.parametrize("lost", ["ID", "Stage"])
def test_the_key_and_what_a_deal_cannot_live_without_are_required(tmp_path: Path, lost: str) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240131.csv", SHORT.replace(lost, "Other"))
    assert world.run().files[0]["reason_code"] == "missing_header"
