"""What a file would become can be seen before it is loaded; a contract can be proposed from one export."""

from pathlib import Path

import polars as pl
import pytest
import yaml
from ingest_world import DEALS, World, deals

from pipelines.contracts import load_contract, load_contracts
from pipelines.ingest.preview import check_samples, find_contract, neutralised, preview, read_table
from pipelines.ingest.propose import best_object, propose
from pipelines.settings import SHIPPED_SOURCES, load_settings


def test_a_file_is_read_without_leaving_a_trace(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    path = world.put(
        "deals_20240131.csv", deals(("1", "a", "Prospecting", "1", ""), ("2", "b", "Prospecting", "x", ""))
    )
    system, contract = find_contract(world.settings, load_contracts(world.settings.sources), path, None)
    read = preview(world.settings, system, contract, path)
    assert (read.accepted.height, read.refused["reason_code"].to_list()) == (1, ["bad_number"])
    assert not world.settings.landing.exists() and not world.settings.state.exists()


def test_a_file_without_an_export_date_would_be_rejected(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from pipelines.cli import app

    world = World(tmp_path).contract()
    path = world.put("deals_today.csv", deals(("1", "a", "Prospecting", "1", "")))
    system, contract = find_contract(world.settings, load_contracts(world.settings.sources), path, None)
    read = preview(world.settings, system, contract, path)
    assert (read.seen.status, read.seen.reason_code, read.accepted.height) == ("rejected", "no_export_date", 0)
    options = ["--home", str(world.settings.home), "--config", str(tmp_path / "config")]
    told = CliRunner().invoke(app, [*options, "read", str(path)])
    assert told.exit_code != 0 and "would be rejected: no_export_date" in f"{told.output}{told.exception}"


def test_a_sample_must_give_the_rows_its_contract_expects(tmp_path: Path) -> None:
    world = World(tmp_path)
    folder = world.settings.sources
    (folder / "deals.csv").write_text(
        deals(("1", "a", "Prospecting", "1,5", "")).replace("1,5", '"1,500"'), encoding="utf-8"
    )
    sample = "    sample: {file: deals.csv, expected: [{opportunity_id: 1, amount: %s}]}\n"
    for amount, problems in (("1500", 0), ("15", 1)):
        world.contract(DEALS + sample % amount)
        system = load_contract(folder / "crm.yml")
        assert len(check_samples(world.settings, system, folder)) == problems


def test_shipped_samples_give_the_rows_they_promise() -> None:
    settings = load_settings()
    problems = [
        line
        for system in load_contracts(SHIPPED_SOURCES).values()
        for line in check_samples(settings, system, SHIPPED_SOURCES)
    ]
    assert problems == []


def test_formulas_are_neutralised_and_numbers_left_alone() -> None:
    frame = neutralised(pl.DataFrame({"a": ["=1+1", "@x", "-5", "+86 10", "plain", None]}))
    assert frame["a"].to_list() == ["'=1+1", "'@x", "-5", "'+86 10", "plain", None]


@pytest.mark.parametrize(
    ("header", "row", "name", "expected"),
    [
        (
            "Opportunity ID,Opportunity Name,Account Name,Stage,Amount,Close Date,Probability (%),Opportunity Owner",
            "006A,Deal,Acme,Prospecting,100,2024-05-01,45,Ann",
            "opportunities",
            {"opportunity_id", "opportunity_name", "account_name", "stage", "amount", "expected_close_on",
             "probability", "owner_name"},
        ),
        (
            "商机编号,商机名称,客户名称,销售阶段,预计金额（万元）,预计成交日期,负责人,创建时间",
            "1,项目,神州,赢单,12.5,2024-05-01,王伟,2024-01-01",
            "opportunities",
            {"opportunity_id", "opportunity_name", "account_name", "stage", "amount", "expected_close_on", "owner_name",
             "created_on"},
        ),
        (
            "Record ID,Company name,Company Domain Name,City,Country/Region,Create Date,Industry,Company owner",
            "1,Acme,acme.com,Köln,Germany,2024-01-01,Retail,Ann",
            "accounts",
            {"account_id", "account_name", "website", "city", "country", "created_on", "industry"},
        ),
    ],
)  # fmt: skip
def test_a_proposal_knows_the_object_and_its_headers(
    tmp_path: Path, header: str, row: str, name: str, expected: set[str]
) -> None:
    path = tmp_path / "export_20240131.csv"
    path.write_text(f"{header}\n{row}\n{row}\n", encoding="utf-8")
    found, guesses = best_object(read_table(path)[0])
    assert found == name
    assert expected <= {guess.column for guess in guesses}
    written = tmp_path / "proposed.yml"
    written.write_text(propose(load_settings(tmp_path), path, "crm", None), encoding="utf-8")
    contract = load_contract(written).objects[0]
    assert contract.exported_at.filename == r"(\d{8})"
    if "万" in header:
        assert contract.columns["amount"].unit == 10000


def test_proposals_for_the_shipped_samples_agree_with_the_contracts() -> None:
    agreed = total = 0
    for system in load_contracts(SHIPPED_SOURCES).values():
        for contract in system.objects:
            if not contract.sample:
                continue
            frame, _ = read_table(SHIPPED_SOURCES / contract.sample.file, contract)
            _, guesses = best_object(frame, contract.object)
            proposed = {guess.column: guess.header for guess in guesses}
            read = {column: set(how.source) for column, how in contract.columns.items() if how.source}
            present = {column: names for column, names in read.items() if names & set(frame.columns)}
            total += len(present)
            agreed += sum(proposed.get(column) in names for column, names in present.items())
    if not total:
        pytest.skip("no shipped contract has a sample yet")
    assert agreed >= 0.9 * total, f"{agreed} of {total} columns"


def test_the_alias_file_names_only_canonical_columns() -> None:
    from pipelines.contracts import canonical_objects
    from pipelines.ingest.propose import ALIASES

    listed = yaml.safe_load(ALIASES.read_text(encoding="utf-8"))
    objects = canonical_objects()
    everywhere = {column for item in objects.values() for column in item.columns}
    assert set(listed.pop("*")) <= everywhere
    for name, columns in listed.items():
        assert set(columns) <= set(objects[name].columns), name
