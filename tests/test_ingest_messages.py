"""What is said about a file that cannot be read as meant is one line, and names what to change."""

from pathlib import Path

import pytest
from ingest_world import World
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.contracts import load_contracts
from pipelines.ingest.proposals.preview import Preview, preview

pytestmark = pytest.mark.fast

LINES = """
system: erp
title: ERP
timezone: UTC
objects:
  - object: order_lines
    files: "lines*.csv"
    exported_at: {on: 2024-01-31}
    key: [order_id]
    columns:
      order_id: Order
      %s
"""
CSV = "Order,Qty,Unit price,Day,Rate\nA,2,3.5,1704067200,13%\n"


def read(world: World, column: str, content: str = CSV, more: str = "") -> Preview:
    world.contract(LINES % column + more)
    system = load_contracts(world.settings.sources)["erp"]
    return preview(world.settings, system, system.objects[0], world.put("lines.csv", content))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_an_expression_sees_headers_in_quotes_and_columns_by_name(world: World) -> None:
    sql = 'unit_price * try_cast("Qty" as double) + length("Day")'
    result = read(world, f"unit_price: Unit price\n      amount_net: {{expression: '{sql}'}}")
    assert result.accepted["amount_net"].to_list() == [17]
    assert result.accepted["_extra"].to_list() == ['{"Rate":"13%"}']


@pytest.mark.parametrize(
    ("column", "more", "message"),
    [
        ("""amount_net: {expression: '"Unit prise" * 2'}""", "", "expression of amount_net: 'Unit prise' is neither a "
         "header of the file nor a column that the contract fills; nearest is 'Unit price'"),
        ("amount_net: {expression: 'quantty * 2'}\n      quantity: Qty", "", "expression of amount_net: 'quantty' is "
         "unknown here; nearest is 'quantity'"),
        ("""amount_net: {expression: '"Qty" * 2'}""", "", "write try_cast("),
        ("amount_net: {expression: '2 *'}", "", "expression of amount_net: Parser Error"),
        ("quantity: Qty", '    where: "Qtyy > 1"\n', "where: 'Qtyy' is unknown here; nearest is 'Qty'"),
        ("quantity: Qty", "    checks: [{name: some, expect: 'quantty > 1', because: x}]\n", "check some: 'quantty'"),
        ("quantity: Qty", "    corrections: [{name: c, set: {quantity: 'qty2'}, when: 'true', because: x}]\n",
         "correction c: 'qty2'"),
    ],
)  # fmt: skip
def test_a_fault_in_a_contracts_sql_is_named_with_its_place(world: World, column: str, more: str, message: str) -> None:
    outcome = read(world, column, more=more).outcome
    assert (outcome.status, outcome.reason_code) == ("rejected", "contract_sql")
    assert message in outcome.reason and "\n" not in outcome.reason


@pytest.mark.parametrize(
    ("column", "content", "message"),
    [
        ("ordered_on: {from: Day, formats: [epoch_ms]}", CSV, "'1704067200' is not a date"),  # seconds
        ("amount_net: {from: Qty, unit: 10000}", "Order,Qty\nA,8万\nB,1\n", "'8万' has a unit of its own"),
        ("amount_net: {from: Qty, tax: included, tax_rate: Rate}", "Order,Qty,Rate\nA,113,\nB,1,13\n",
         "'113 with tax rate (empty)'"),
    ],
)  # fmt: skip
def test_a_value_that_would_be_wrong_by_a_thousand_is_refused(
    world: World, column: str, content: str, message: str
) -> None:
    result = read(world, column, content)
    assert message in " ".join([result.outcome.reason, *result.refused["reason"]])


def test_words_that_nobody_mapped_name_the_seed_to_add_them_to(world: World) -> None:
    (world.folder / "config/seeds/currency_words.csv").write_text("word,currency\nEuro,EUR\n", encoding="utf-8")
    outcome = read(world, "currency: Cur", "Order,Cur\nA,Euros\nB,Euro\n").outcome
    assert (
        outcome.reason
        == "unknown currency 'Euros' (1 rows), perhaps EUR: add a row per word to seeds/currency_words.csv"
    )


def test_the_quarantine_is_listed_by_file_and_reason(world: World) -> None:
    world.contract(LINES % "quantity: Qty")
    world.put("lines1.csv", "Order,Qty\nA,x\nB,2\nC,y\n")
    world.put("lines2.csv", "Order,Quantity\nA,x\n")
    world.run()
    options = ["--home", str(world.settings.home), "--config", str(world.folder / "config")]
    output = CliRunner().invoke(app, [*options, "quarantine", "list"]).output
    assert "lines1.csv: 2 x bad_number: quantity: 'x' is not a number" in output
    assert "lines2.csv: rejected, missing_header: header 'Qty' is missing; nearest is 'Quantity'" in output


def test_a_numbered_stage_and_a_starred_header_are_what_they_are_without(world: World) -> None:
    world.contract(
        """
system: crm
title: CRM
objects:
  - object: opportunities
    files: "deals.csv"
    exported_at: {on: 2024-01-31}
    key: [opportunity_id]
    columns: {opportunity_id: ID, stage: Stage}
"""
    )
    world.put("deals.csv", "ID*,Stage *\n1,1-Prospecting\n2,06. Closed Won\n")
    assert world.run().files[0]["reason"] == ""
    assert world.column("select stage from raw.opportunities order by opportunity_id") == ["lead", "won"]
