"""What a file would become can be seen before it is loaded; a contract can be proposed from one export."""

import json
from pathlib import Path

import pytest
import yaml
from ingest_world import DEALS, World, deals
from proposal_score import held_out, scores

from pipelines.contracts import load_contract, load_contracts
from pipelines.home.settings import SHIPPED_SOURCES, load_settings
from pipelines.ingest.casting.code_lists import load_vocabulary
from pipelines.ingest.landing.inbox import InboxFile, matching_contracts
from pipelines.ingest.proposals.mapping import ProposalContext, best_object
from pipelines.ingest.proposals.preview import check_samples, find_contract, preview, read_table
from pipelines.ingest.proposals.propose import propose


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
    assert (read.outcome.status, read.outcome.reason_code, read.accepted.height) == ("rejected", "no_export_date", 0)
    options = ["--home", str(world.settings.home), "--config", str(tmp_path / "config")]
    result = CliRunner().invoke(app, [*options, "read", str(path)])
    assert result.exit_code != 0 and "would be rejected: no_export_date" in f"{result.output}{result.exception}"


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
    object_name, guesses = best_object(read_table(path)[0], ProposalContext.of(load_settings(tmp_path)))
    assert object_name == name
    assert expected <= {guess.column for guess in guesses}
    contract_file = tmp_path / "proposed.yml"
    contract_file.write_text(propose(load_settings(tmp_path), path, "crm", None), encoding="utf-8")
    contract = load_contract(contract_file).objects[0]
    assert contract.exported_at.filename == r"(\d{8})"
    if "万" in header:
        assert contract.columns["amount"].unit == 10000


def test_proposals_map_nine_columns_in_ten_as_the_contracts_do() -> None:
    """Each sample as if its system were unknown, so that the alias files and the values have to say it."""
    rows = list(scores(SHIPPED_SOURCES, load_contracts(SHIPPED_SOURCES).values()))
    assert [row for row in rows if row.matching < 0.9 * row.columns] == []
    assert sum(row.mapped_matching for row in rows) >= 0.9 * sum(row.mapped for row in rows)
    assert sum(row.object_found for row in rows) >= 0.95 * len(rows)


@pytest.mark.real
def test_data_sets_that_the_words_were_not_written_for_are_mapped_as_by_hand(datasets: Path) -> None:
    """62 of 65 columns; the three left are choices of their contract, which no header or value tells."""
    rows = list(held_out(datasets, Path(__file__).parent / "real_sources"))
    assert sum(row.mapped_matching for row in rows) >= 62
    assert sum(row.object_found for row in rows) >= len(rows) - 1


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (
            "sap_list_VBAK.txt",
            ['reader: {"delimiter": "|", "comment": "-"}', 'thousands: ".", decimal: ","', "kept in _extra"],
        ),
        ("fxiaoke_api_商机.json", ['"records": "data.dataList"', 'formats: ["epoch_ms"]', 'scale: "percent"']),
        ("fxiaoke_商机.xlsx", ["unit: 10000", "'赢单' (8) -> won"]),
        ("kingdee_cloud_销售订单.xlsx", ['"fill_down": ["FBillNo", "FDate"', "where:", "key: [order_id, line_number]"]),
        ("zoho_Deals.csv", ["zcrm_", "3 quarantined"]),
        ("hubspot_contacts.csv", ['join: ["First Name", "Last Name"]', "set `true_words`"]),
    ],
)
def test_a_proposal_says_what_the_values_ask_for_and_can_be_run(
    tmp_path: Path, sample: str, expected: list[str]
) -> None:
    text = propose(load_settings(tmp_path), SHIPPED_SOURCES / "samples" / sample, "", None)
    assert [words for words in expected if words not in text] == []
    assert "# Tried on the file: " in text, text.splitlines()[1]


def test_an_unknown_stage_is_listed_with_the_nearest_code(tmp_path: Path) -> None:
    path = tmp_path / "deals_20240131.csv"
    path.write_text(
        "Deal ID,Deal Name,Stage,Amount\n1,a,Closed Won,5\n2,b,Negotiatoin,6\n3,c,Zzz,7\n", encoding="utf-8"
    )
    text = propose(load_settings(tmp_path), path, "crm", None)
    assert "'Closed Won' (1) -> won" in text
    assert (
        "'Negotiatoin' (1) -> unmapped, perhaps negotiation (91% similar)" in text and "'Zzz' (1) -> unmapped" in text
    )
    assert "it is rejected: unknown stage" in text


@pytest.mark.parametrize(
    ("word", "code"), [("Verbal yes", "negotiation"), ("6. 商务谈判（集团）", "negotiation"), ("Blue sky", None)]
)
def test_a_stage_is_proposed_by_the_known_word_it_holds_and_never_by_chance(
    tmp_path: Path, word: str, code: str | None
) -> None:
    assert load_vocabulary(load_settings(tmp_path), "stages", "crm").proposal(word) == code


def test_day_or_month_first_is_asked_where_the_file_does_not_tell(tmp_path: Path) -> None:
    path = tmp_path / "deals_20240131.csv"
    path.write_text("Deal ID,Deal Name,Stage,Close Date\n1,a,Won,01/02/2024\n2,b,Won,03/04/2024\n", encoding="utf-8")
    assert "day or month first?" in propose(load_settings(tmp_path), path, "crm", None)


def test_the_alias_files_name_only_canonical_objects_and_columns() -> None:
    from pipelines.contracts import canonical_objects
    from pipelines.ingest.proposals.headers import ALIASES, ENTITIES

    listed = yaml.safe_load(ALIASES.read_text(encoding="utf-8"))
    objects = canonical_objects()
    everywhere = {column for item in objects.values() for column in item.columns}
    assert set(listed.pop("*")) <= everywhere
    assert all(isinstance(word, str) for word in [*listed.pop("-"), *listed.pop("abbreviations").values()])
    for name, columns in listed.items():
        assert set(columns) <= set(objects[name].columns), name
        assert all(isinstance(word, str) for words in columns.values() for word in words), name
    assert set(yaml.safe_load(ENTITIES.read_text(encoding="utf-8"))) == set(objects)


def test_no_file_is_claimed_by_two_systems() -> None:
    """Folders and names tell systems apart; within a system, one file may feed several objects."""
    contracts = load_contracts(SHIPPED_SOURCES)
    names = {
        glob.replace("[0-9]", "1").replace("*", "20240131"): system.system
        for system in contracts.values()
        for item in system.objects
        for glob in item.files
    }
    claims = matching_contracts([InboxFile(Path(name), name, "", 0) for name in names], contracts)
    assert {name: {system.system for system, _ in matches} for name, matches in claims.items()} == {
        name: {system} for name, system in names.items()
    }


@pytest.mark.parametrize(
    "cells",
    [
        ["name", "Acme Corp", "ACME Corporation", "Globex Inc", "Initech"],
        ["seen at", "2026-01-31 10:15:00", "2026-02-01 09:00:30", "2026-02-02"],
        ["time", "10:15", "09:00", "noon"],
    ],
)
def test_words_and_times_make_no_second_column(tmp_path: Path, cells: list[str]) -> None:
    file = tmp_path / "one.csv"
    file.write_text("\n".join(cells) + "\n", encoding="utf-8")
    frame, _ = read_table(file)
    assert (frame.columns, frame[cells[0]].to_list()) == (cells[:1], cells[1:])


def test_cells_parted_by_blanks_are_cells(tmp_path: Path) -> None:
    file = tmp_path / "blanks.csv"
    file.write_text("day sales cost\n2026-01-01 5 3\n2026-01-02 6 4\n", encoding="utf-8")
    assert read_table(file)[0].columns == ["day", "sales", "cost"]


ACCOUNTS = [("1", "Müller", "Köln"), ("2", "Söhne", "Zürich")]


def test_a_stated_encoding_holds_for_json_and_for_lists_with_rules_of_dashes(tmp_path: Path) -> None:
    records = [{"Customer ID": a, "Customer Name": b, "City": c} for a, b, c in ACCOUNTS]
    lines = [("Customer ID", "Customer Name", "City"), *ACCOUNTS]
    ruled = "".join("-" * 30 + f"\n|{'|'.join(line)}|\n" for line in lines) + "-" * 30 + "\n"
    texts = {"a.json": json.dumps({"data": {"list": records}}, ensure_ascii=False), "b.txt": ruled}
    for name, text in texts.items():
        path = tmp_path / name
        path.write_bytes(text.encode("mac_roman"))
        contract_file = tmp_path / "crm.yml"
        contract_file.write_text(
            propose(load_settings(tmp_path), path, "crm", "accounts", "mac_roman"), encoding="utf-8"
        )
        system = load_contract(contract_file)
        assert system.objects[0].reader.encoding == "mac_roman", name
        rows = preview(load_settings(tmp_path), system, system.objects[0], path, is_sample=True).accepted
        assert rows["account_name"].to_list() == ["Müller", "Söhne"], name
