"""One file under one contract, looked at without loading it: which contract, which rows, what samples promise."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from ingest_world import DEALS, World, deals

from pipelines.contracts import Reader, canonical_objects, load_contracts
from pipelines.errors import AlmanacError
from pipelines.ingest.arrival import FileOutcome
from pipelines.ingest.formats.source import FileRefusedError
from pipelines.ingest.proposals.preview import (
    _refuse_undated,
    check_samples,
    find_contract,
    matches_expected,
    money_lines,
    preview,
    read_table,
)

WON = ("1", "a", "Closed Won", "1500.50", "2024-01-05")
OTHER = """
system: other
title: Other
timezone: UTC
objects:
  - object: accounts
    files: "deals_*.csv"
    exported_at: {on: 2025-01-31}
    key: [account_id]
    columns: {account_id: Code, account_name: Firm}
"""


@pytest.mark.parametrize(
    ("row", "expected", "holds"),
    [
        ({"amount": Decimal("1500.5000")}, {"amount": 1500.5}, True),
        ({"amount": Decimal("1500.5000")}, {"amount": "1500.50"}, True),
        ({"amount": Decimal("1500.5000")}, {"amount": 1500}, False),
        ({"amount": Decimal("1500.5000")}, {"amount": 1500.500001}, False),
        ({"amount": 100}, {"amount": "100"}, True),
        ({"amount": 0.0}, {"amount": 0}, True),
        ({"amount": None}, {"amount": None}, True),
        ({"amount": None}, {"amount": 0}, False),
        ({}, {"amount": None}, True),
        ({"id": "007"}, {"id": 7}, False),
        ({"id": "007"}, {"id": "007"}, True),
        ({"id": "0.50"}, {"id": 0.5}, True),
        ({"is_won": True}, {"is_won": "true"}, True),
        ({"is_won": True}, {"is_won": 1}, False),
        ({"stage": "won", "amount": 1}, {"stage": "won"}, True),
        ({"stage": "won", "amount": 1}, {"stage": "won", "amount": 2}, False),
    ],
)
def test_a_loaded_row_has_the_expected_cells_however_the_numbers_are_written(
    row: dict[str, object], expected: dict[str, object], holds: bool
) -> None:
    assert matches_expected(row, expected) is holds


def test_amounts_are_summed_by_currency_with_those_that_state_none_last() -> None:
    rows = pl.DataFrame(
        {
            "amount_net": [None, 1000.0, 0.0, 2.5, 7.0, None],
            "amount_tax": [None, 1.0, None, None, None, 3.0],
            "amount_gross": pl.Series([None] * 6, dtype=pl.Float64),
            "currency": ["EUR", "EUR", "EUR", None, "CHF", "EUR"],
        }
    )
    assert money_lines(rows, "orders", "USD") == [
        "rows with amounts in CHF: 1, amount_net 7.00",
        "rows with amounts in EUR: 2, amount_net 1,000.00",
        "rows with amounts without a currency, taken for USD: 1, amount_net 2.50",
    ]
    assert money_lines(rows.select("amount_gross", "currency"), "orders", "USD") == []
    assert money_lines(rows, "activities", "USD") == []


@pytest.mark.parametrize(
    ("status", "rest"), [("loaded", "otherwise 4 of 6 rows would load"), ("rejected", "otherwise a broken table")]
)
def test_a_file_without_a_date_is_refused_with_what_would_come_of_it(status: str, rest: str) -> None:
    outcome = FileOutcome(status=status, reason="a broken table", rows_in=8, rows_control=2, rows_loaded=4)
    _refuse_undated(outcome, FileRefusedError("no_export_date", "no date"))
    assert (outcome.status, outcome.reason_code) == ("rejected", "no_export_date")
    assert outcome.reason == f"no date; {rest}"


def test_a_contract_is_found_by_its_name_or_by_that_of_the_file(tmp_path: Path) -> None:
    world = World(tmp_path).contract().contract(OTHER)
    contracts = load_contracts(world.settings.sources)
    outside = tmp_path / "deals_1.csv"
    outside.write_text("Code,Firm\n1,a\n", encoding="utf-8")

    def found(path: Path, wanted: str | None = None) -> str:
        system, item = find_contract(world.settings, contracts, path, wanted)
        return f"{system.system}/{item.name}"

    assert found(outside) == "other/accounts"
    outside.write_text(deals(WON), encoding="utf-8")
    assert found(outside) == "crm/opportunities"
    assert found(tmp_path / "none.csv", "other/accounts") == "other/accounts"
    assert found(outside.rename(tmp_path / "DEALS_1.CSV")) == "crm/opportunities"
    assert found(world.put("deals_1.csv", "Code,Firm\n1,a\n")) == "crm/opportunities"
    with pytest.raises(AlmanacError, match=r"no contract crm/quotes: `almanac sources new"):
        found(outside, "crm/quotes")
    with pytest.raises(AlmanacError, match=r"no contract matches its name: `almanac sources new"):
        found(tmp_path / "none.csv")
    like = tmp_path / "x.csv"
    like.write_text(deals(WON), encoding="utf-8")
    with pytest.raises(
        AlmanacError, match=r"nearest: crm/opportunities.*; read it with --contract crm/opportunities, or"
    ):
        found(like)


def test_a_preview_has_every_canonical_column_and_leaves_out_what_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    path = world.put("deals_20240131.csv", deals(WON, ("2", "b", "Closed Won", "x", "")))
    system, contract = find_contract(world.settings, load_contracts(world.settings.sources), path, None)
    read = preview(world.settings, system, contract, path)
    known = list(canonical_objects()["opportunities"].sql_columns)
    assert read.accepted.columns[: len(known)] == known and "_record" in read.accepted.columns[len(known) :]
    assert read.accepted.select("opportunity_id", "stage", "region").rows() == [("1", "won", None)]
    assert (read.contract, read.outcome.exported_at) == ("crm/opportunities", datetime(2024, 1, 31))
    assert (read.outcome.rows_in, read.outcome.rows_loaded, read.refused.height) == (3, 1, 1)
    undated = path.rename(path.with_name("deals_today.csv"))
    assert preview(world.settings, system, contract, undated).outcome.reason_code == "no_export_date"
    assert preview(world.settings, system, contract, undated).accepted.is_empty()
    sampled = preview(world.settings, system, contract, undated, is_sample=True)
    assert (sampled.outcome.status, sampled.accepted.height) == ("loaded", 1)
    path.write_text("ID,Title\n1,a\n", encoding="utf-8")
    rejected = preview(world.settings, system, contract, path)
    assert rejected.outcome.status == "rejected" and rejected.accepted.is_empty() and rejected.refused.is_empty()


def test_a_table_is_read_with_what_was_detected_about_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('Id;"a ""b"""\n2;x\n1;y\n', encoding="utf-8")
    frame, about = read_table(path)
    assert frame.rows(named=True) == [{"Id": "2", 'a "b"': "x"}, {"Id": "1", 'a "b"': "y"}]
    assert (about["delimiter"], about["rows"], about["has_header"], about["titles"]) == (";", 2, True, [])
    assert about["encoding"].startswith("utf-8") and list(about["refused"]) == []
    assert read_table(path, reader=Reader(delimiter=","))[0].width == 1
    contract = load_contracts(World(tmp_path).contract().settings.sources)["crm"].objects[0]
    assert read_table(path, contract)[0].height == 2
    path.write_bytes(b"")
    with pytest.raises(AlmanacError, match=r"a\.csv: "):
        read_table(path)


@pytest.mark.parametrize(
    ("sample", "problems"),
    [
        ("{file: deals.csv, loaded: 1, quarantined: 1, expected: [{opportunity_id: 1, amount: 1500.5}]}", []),
        ("{file: deals.csv, quarantined: 1}", []),
        ("{file: deals.csv}", ["1 rows quarantined, 0 expected"]),
        ("{file: deals.csv, loaded: 2, quarantined: 1}", ["1 rows loaded, 2 expected"]),
        (
            "{file: deals.csv, quarantined: 1, expected: [{opportunity_id: 1, amount: 7.0}]}",
            ["no loaded row is {'opportunity_id': '1', 'amount': '7'}"],
        ),
        ("{file: none.csv}", ["sample {folder}/none.csv is missing"]),
        ("{file: broken.csv}", None),
    ],
)
def test_a_sample_says_each_promise_that_it_breaks(tmp_path: Path, sample: str, problems: list[str] | None) -> None:
    world = World(tmp_path).contract(DEALS + f"    sample: {sample}\n")
    folder = world.settings.sources
    (folder / "deals.csv").write_text(deals(WON, ("2", "b", "Closed Won", "x", "")), encoding="utf-8")
    (folder / "broken.csv").write_text("ID,Title\n1,a\n", encoding="utf-8")
    messages = check_samples(world.settings, load_contracts(folder)["crm"], folder)
    if problems is None:
        assert len(messages) == 1 and messages[0].startswith("crm/opportunities: sample is rejected: ")
    else:
        assert messages == [f"crm/opportunities: {line.replace('{folder}', str(folder))}" for line in problems]
