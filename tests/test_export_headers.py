"""Header lists of real exports, as documents and public code give them, load under the shipped contracts."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
import yaml
from ingest_world import World

from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.home.settings import SHIPPED_SOURCES, load_settings
from pipelines.ingest.landing.inbox import named_like
from pipelines.ingest.proposals.preview import find_contract, matches_expected, preview

EXPORTS: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("exports").joinpath("headers.yml").read_text(encoding="utf-8")
)
CONTRACTS = load_contracts(SHIPPED_SOURCES)


def written(folder: Path, export: dict[str, Any]) -> Path:
    """The export as its system writes it, with the day beside it where its name states none."""
    path = folder / "home" / "inbox" / export["file"]
    path.parent.mkdir(parents=True)
    if path.suffix == ".xlsx":
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            for number, row in enumerate(csv.reader(io.StringIO(export["csv"]))):
                sheet.write_row(number, 0, row)
    else:
        path.write_text(export["csv"], encoding="utf-8")
    path.with_name(path.name + ".meta.json").write_text('{"exported_at": "2026-10-31"}', encoding="utf-8")
    return path


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export["file"])
def test_a_real_header_list_loads_under_the_contract_of_its_system(tmp_path: Path, export: dict[str, Any]) -> None:
    path = written(tmp_path, export)
    settings = load_settings(tmp_path / "home")
    system, item = find_contract(settings, CONTRACTS, path, None)
    assert f"{system.system}/{item.name}" == export["contract"]
    read = preview(settings, system, item, path)
    assert read.outcome.status == "loaded", read.outcome.reason
    assert not read.refused.height, read.refused["reason"].to_list()
    rows = read.accepted.to_dicts()
    for expected in (export["expected"], export.get("also", {})):
        assert any(matches_expected(row, expected) for row in rows), rows


def test_the_date_of_an_export_is_read_from_the_names_that_systems_give(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home")
    for name, day in (
        ("report1730361600000.csv", datetime(2024, 10, 31, 8)),
        ("report 2024.10.31.csv", datetime(2024, 10, 31)),
    ):
        export = {"file": f"salesforce_reports/{name}", "csv": EXPORTS[0]["csv"]}
        path = written(tmp_path / name, export)
        path.with_name(path.name + ".meta.json").unlink()
        system, item = find_contract(settings, CONTRACTS, path, "salesforce_reports/opportunities")
        read = preview(settings, system, item, path)
        zone = settings.company.timezone
        assert zone and abs((read.outcome.exported_at - day).total_seconds()) <= 86400  # type: ignore[operator]


def test_a_file_that_no_contract_claims_names_the_nearest_by_its_headers_and_why_not(tmp_path: Path) -> None:
    deals = next(export["csv"] for export in EXPORTS if export["contract"] == "hubspot/deals")
    settings = load_settings(tmp_path / "home")
    path = tmp_path / "Q3 view.csv"
    path.write_text(deals, encoding="utf-8")
    with pytest.raises(AlmanacError, match=r"hubspot/deals reads \d+ of its 14 headers, but its files are named h"):
        find_contract(settings, CONTRACTS, path, None)
    path.write_text(deals.replace('"Record ID"', '"Ref"'), encoding="utf-8")
    with pytest.raises(AlmanacError, match="it lacks Record ID"):
        find_contract(settings, CONTRACTS, path, None)


def test_a_name_of_several_systems_is_read_under_the_contract_that_its_headers_fit(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home")
    for wanted in ("pipedrive/deals", "zoho/deals", "hubspot/deals"):
        path = tmp_path / "DEALS.csv"
        path.write_text(next(export["csv"] for export in EXPORTS if export["contract"] == wanted), encoding="utf-8")
        system, item = find_contract(settings, CONTRACTS, path, None)
        assert f"{system.system}/{item.name}" == wanted


def test_no_shipped_contract_claims_every_file_of_its_folder() -> None:
    for system in CONTRACTS.values():
        for item in system.objects:
            assert not named_like("what_anybody_may_call_a_file.csv", item), f"{system.system}/{item.name}"


def test_an_amount_under_another_unit_in_brackets_is_asked_about_and_not_read_as_empty(tmp_path: Path) -> None:
    export = next(export for export in EXPORTS if export["file"].startswith("fxiaoke/商机"))
    path = written(tmp_path, {**export, "csv": export["csv"].replace("商机金额（万元）", "商机金额")})
    settings = load_settings(tmp_path / "home")
    read = preview(settings, *find_contract(settings, CONTRACTS, path, None), path)
    assert (read.outcome.status, read.outcome.reason_code) == ("rejected", "missing_header")
    assert "nearest is '商机金额'" in read.outcome.reason


def test_an_export_without_a_date_says_how_to_state_it_and_what_would_load_otherwise(tmp_path: Path) -> None:
    export = next(export for export in EXPORTS if export["file"] == "pipedrive/deals.csv")
    path = written(tmp_path, export)
    path.with_name(path.name + ".meta.json").unlink()
    settings = load_settings(tmp_path / "home")
    read = preview(settings, *find_contract(settings, CONTRACTS, path, None), path)
    assert (read.outcome.status, read.outcome.reason_code) == ("rejected", "no_export_date")
    assert "as deals_2026-01-31.csv, or write it into deals.csv.meta.json" in read.outcome.reason
    assert read.outcome.reason.endswith("otherwise 1 of 1 rows would load")


SHOP = """
system: shop
title: Shop
objects:
  - object: order_lines
    files: "lines_*.csv"
    exported_at: {on: 2026-10-31}
    reader: {fill_down: [Order, Buyer], fill_down_within: Order}
    key: [order_id, line_number]
    columns: {order_id: Order, line_number: Line, account_name: Buyer, quantity: Quantity}
"""


@pytest.mark.parametrize("size", [3000, 10**9])
def test_a_blank_head_is_not_that_of_the_document_above_in_whichever_chunk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Every third order has no buyer; the lines of the others have the buyer of their first line."""
    monkeypatch.setattr("pipelines.ingest.formats.chunks.CHUNK_BYTES", size)
    world = World(tmp_path).contract(SHOP)
    lines = [
        f"{f'S{order}' if line == 1 else ''},{line},{f'Buyer {order}' if line == 1 and order % 3 else ''},1"
        for order in range(1, 301)
        for line in (1, 2, 3)
    ]
    world.put("lines_1.csv", "Order,Line,Buyer,Quantity\n" + "\n".join(lines) + "\n")
    assert world.run().files[0]["rows_loaded"] == 900
    wrong = world.rows(
        "select order_id, line_number, account_name from raw.order_lines where account_name is distinct from "
        "case when cast(order_id[2:] as int) % 3 <> 0 then 'Buyer ' || order_id[2:] end"
    )
    assert wrong == []


def test_a_header_of_another_word_is_no_misspelling(tmp_path: Path) -> None:
    world = World(tmp_path).contract(SHOP.replace("Buyer", "Shipping Country"))
    world.put("lines_1.csv", "Order,Line,Shipping City,Quantity\nS1,1,Delft,1\n")
    assert world.run().files[0]["absent_columns"] == "account_name"
    world.put("lines_2.csv", "Order,Line,Shiping Country,Quantity\nS1,1,NL,1\n")
    assert "nearest is 'Shiping Country'" in world.run().files[0]["reason"]
