"""Amounts whose currency nobody states: counted and asked about, refused where the company wants it, never silent."""

from pathlib import Path

import pytest
from ingest_world import World
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.gates import currencies
from pipelines.home import warehouse
from pipelines.home.settings import load_settings
from pipelines.ingest.proposals.propose import propose

pytestmark = pytest.mark.fast

CONTRACT = """
system: crm
title: CRM
timezone: UTC
objects:
  - object: receipts
    files: "*.csv"
    exported_at: {on: 2024-01-31}
    key: [receipt_id]
    columns:
      receipt_id: ID
      amount: {from: %s, unit: %s}
      received_on: Day
"""
BY_COLUMN = CONTRACT.replace("received_on", "currency: Currency\n      received_on")
ROWS = "1,14300,2024-01-05\n2,0,2024-01-05\n3,5,2024-01-06\n"


def world_in(tmp_path: Path, base_currency: str, contract: str, *, is_required: bool) -> World:
    """A home that counts in base_currency, with one contract."""
    world = World(tmp_path)
    text = f"base_currency: {base_currency}\nrequire_currency: {str(is_required).lower()}\n"
    (tmp_path / "config" / "company.yml").write_text(text, encoding="utf-8")
    world.settings = load_settings(tmp_path / "home", config=tmp_path / "config")
    return world.contract(contract)


def test_amounts_that_nobody_gives_a_currency_are_counted_and_said(tmp_path: Path) -> None:
    world = world_in(tmp_path, "EUR", CONTRACT % ("Amount", 1), is_required=False)
    world.put("a.csv", f"ID,Amount,Day\n{ROWS}")
    [row] = world.run().files
    assert row["status"] == "loaded"
    assert "2 rows have an amount and no currency: taken for EUR" in row["warnings"]  # zero is zero in every currency
    assert "reads like" not in row["warnings"]


@pytest.mark.parametrize(
    ("header", "cell", "guess"),
    [
        ("金额（万元）", "14300", "'万' reads like CNY"),
        ("Amount", "￥14300", "'￥' reads like CNY"),
        ("金额", "14300", "'金额' reads like CNY"),
    ],
)
def test_signs_of_another_currency_than_the_companys_are_asked_about(
    tmp_path: Path, header: str, cell: str, guess: str
) -> None:
    world = world_in(tmp_path, "EUR", CONTRACT % (header, 10000 if "万" in header else 1), is_required=False)
    world.put("a.csv", f"ID,{header},Day\n1,{cell},2024-01-05\n")
    assert f"{guess}: is it CNY?" in world.run().files[0]["warnings"]


def test_traditional_characters_read_like_no_currency(tmp_path: Path) -> None:
    """Taiwan, Hong Kong and Macao count in dollars of their own."""
    world = world_in(tmp_path, "EUR", CONTRACT % ("金額", 1), is_required=False)
    world.put("a.csv", "ID,金額,Day\n1,14300,2024-01-05\n")
    assert "reads like" not in world.run().files[0]["warnings"]


def test_signs_of_the_companys_own_currency_are_no_question(tmp_path: Path) -> None:
    world = world_in(tmp_path, "CNY", CONTRACT % ("金额（万元）", 10000), is_required=False)
    world.put("a.csv", "ID,金额（万元）,Day\n1,5,2024-01-05\n")
    assert "is it" not in world.run().files[0]["warnings"]


def test_a_file_without_a_currency_is_refused_with_the_question_where_the_company_requires_one(tmp_path: Path) -> None:
    world = world_in(tmp_path, "EUR", CONTRACT % ("金额（万元）", 10000), is_required=True)
    world.put("a.csv", "ID,金额（万元）,Day\n1,14300,2024-01-05\n")
    [row] = world.run().files
    assert (row["status"], row["reason_code"]) == ("rejected", "no_currency")
    assert "which currency is amount in?" in row["reason"] and "currency: {const: CNY}" in row["reason"]


def test_a_row_whose_currency_cell_is_empty_is_quarantined_where_the_company_requires_one(tmp_path: Path) -> None:
    world = world_in(tmp_path, "EUR", BY_COLUMN % ("Amount", 1), is_required=True)
    world.put("a.csv", "ID,Amount,Currency,Day\n1,5,USD,2024-01-05\n2,7,,2024-01-05\n3,0,,2024-01-05\n")
    world.run()
    refused = "select source_id, column_name, reason_code from quality.quarantine"
    assert world.rows(refused) == [("2", "currency", "no_currency")]
    assert world.rows("select source_id from raw.receipts order by all") == [("1",), ("3",)]


def test_the_proposal_puts_the_currency_as_a_question(tmp_path: Path) -> None:
    world = world_in(tmp_path, "EUR", CONTRACT % ("Amount", 1), is_required=True)
    rows = "R1,C1,14300,2024-01-05\nR2,C1,20,2024-01-06\n"
    chinese = world.put("回款.csv", f"回款编号,客户编号,回款金额（万元）,回款日期\n{rows}")
    english = world.put("receipts.csv", f"Receipt ID,Customer ID,Amount,Received on\n{rows}")
    asked = propose(world.settings, chinese, "t", "receipts")
    assert "currency: {const: CNY}  # which currency? '万' reads like CNY; the company counts in EUR" in asked
    asked = propose(world.settings, english, "t", "receipts")
    assert "currency: {const: EUR}  # which currency? the file does not state it; the company counts in EUR" in asked


def test_read_says_what_was_taken_for_what(tmp_path: Path) -> None:
    world = world_in(tmp_path, "EUR", BY_COLUMN % ("Amount", 1), is_required=False)
    path = world.put("a.csv", "ID,Amount,Currency,Day\n1,5,USD,2024-01-05\n2,7,,2024-01-05\n")
    options = ["--home", str(world.settings.home), "--config", str(tmp_path / "config")]
    said = CliRunner().invoke(app, [*options, "read", str(path)]).output
    assert "rows with amounts in USD: 1, amount 5.00" in said
    assert "rows with amounts without a currency, taken for EUR: 1, amount 7.00" in said


def test_the_gate_knows_what_was_taken_for_what_and_a_head_speaks_for_its_lines(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    moment = "timestamp '2024-01-01' as exported_at"
    empty = ", ".join(
        f"cast(null as double) as {name}" for name in ("unit_price", "amount_tax", "amount_gross", "cost")
    )
    unfilled = ", ".join(f"cast(null as double) as amount_{name}" for name in ("net", "tax", "gross"))
    tables = (
        "control.run as select 'EUR' as base_currency, timestamp '2024-02-01' as as_of_end_at",
        f"raw.receipts as select *, {moment} from (values ('crm', 5, 'USD'), ('crm', 7, null), ('crm', 0, null)) "
        "t(source_system, amount, currency)",
        f"raw.order_lines as select *, {empty}, {moment}, cast(null as varchar) as currency from "
        "(values ('erp', 'o1', 9), ('erp', 'o2', 8)) t(source_system, order_id, amount_net)",
        f"raw.orders as select 'erp' as source_system, 'o1' as order_id, 'CNY' as currency, {moment}, {unfilled}",
    )
    with warehouse.write(settings) as connection:
        for schema in ("raw", "control", "quality"):
            connection.execute(f"create schema if not exists {schema}")
        for table in tables:
            connection.execute(f"create or replace table {table}")
    currencies.record(settings)
    with warehouse.read(settings) as connection:
        rows = connection.execute("from quality.currencies order by all").fetchall()
    assert rows == [
        ("crm", "receipts", "USD", "USD", 1),
        ("crm", "receipts", None, "EUR", 1),
        ("erp", "order_lines", "CNY", "CNY", 1),
        ("erp", "order_lines", None, "EUR", 1),
    ]
