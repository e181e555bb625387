"""`almanac add`: exports become a contract of the company's own, files that are named together know each other."""

from pathlib import Path

import pytest
from proposal_unseen import scores, summary
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.contracts import load_contract
from pipelines.home.settings import load_settings
from pipelines.ingest.proposals.propose import propose

CUSTOMERS = "ref,name,town\n" + "".join(f"K{n:04d},Firm {n},Bergen\n" for n in range(1, 41))
SALES = "belegnr,party,on_day,menge,worth\n" + "".join(
    f"B{n:05d},K{n % 40 + 1:04d},2025-03-{n % 28 + 1:02d},2,{n}.50\n" for n in range(1, 81)
)


def company(folder: Path) -> Path:
    """A company's folder without contracts."""
    (folder / "acme" / "sources").mkdir(parents=True)
    (folder / "acme" / "company.yml").write_text("base_currency: EUR\ntimezone: Europe/Berlin\n", encoding="utf-8")
    return folder / "acme"


def add(folder: Path, *arguments: object) -> str:
    """What the command says."""
    own = ["--home", str(folder / "home"), "--config", str(folder / "acme"), "add", *map(str, arguments)]
    result = CliRunner().invoke(app, own)
    return result.output + (str(result.exception) if result.exception else "")


def test_an_export_becomes_a_contract_that_was_tried_and_the_rows_for_its_unknown_words(tmp_path: Path) -> None:
    own = company(tmp_path)
    export = tmp_path / "funnel_2025-10-31.csv"
    rows = "".join(f"D{n},Deal {n},{'Won' if n % 2 else 'Smoke signal'},{n}00\n" for n in range(1, 30))
    export.write_text("Deal ID,Deal name,Deal stage,Amount\n" + rows, encoding="utf-8")
    said = add(tmp_path, export, "--system", "funnel")
    assert "seeds/stage_words.csv:" in said and "Smoke signal,funnel," in said
    contract = load_contract(own / "sources" / "funnel.yml")
    assert contract.objects[0].columns["stage"].source == ("Deal stage",)
    assert "exists: give the new one a name" in add(tmp_path, export, "--system", "funnel")


def test_ids_that_are_keys_in_one_file_are_references_in_the_other(tmp_path: Path) -> None:
    company(tmp_path)
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "customers_2025-10-31.csv").write_text(CUSTOMERS.replace("ref", "customer_id"), encoding="utf-8")
    (folder / "orders_2025-10-31.csv").write_text(SALES.replace("belegnr", "order no"), encoding="utf-8")
    said = add(tmp_path, folder, "--system", "shop")
    assert "customers_2025-10-31.csv as accounts: Tried on the file: 41 rows in = 40 loaded" in said
    contract = load_contract(tmp_path / "acme" / "sources" / "shop.yml")
    orders = next(item for item in contract.objects if item.object != "accounts")
    assert orders.columns["account_id"].source == ("party",)


def test_the_first_column_of_a_list_is_its_key_under_whatever_name(tmp_path: Path) -> None:
    path = tmp_path / "funnel_2025-10-31.csv"
    rows = "".join(f"C{n},Deal {n},Won,{n}\n" for n in range(1, 20))
    path.write_text("Chance,Deal name,Deal stage,Amount\n" + rows, encoding="utf-8")
    assert "key: [opportunity_id]" in propose(load_settings(tmp_path), path, "crm", None)


def test_counts_are_over_the_whole_file_and_a_key_that_repeats_late_is_none(tmp_path: Path) -> None:
    rows = [f"{n},Deal {n},Won,5" for n in range(1, 3001)] + ["7,Deal again,Won,6"]
    path = tmp_path / "deals_2025-10-31.csv"
    path.write_text("Deal ID,Deal name,Deal stage,Amount\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = propose(load_settings(tmp_path), path, "crm", None)
    assert "3001 rows examined" in text and "key: [opportunity_id]  # 1 rows repeat a key" in text


def test_a_proposal_that_would_refuse_more_than_one_row_in_a_hundred_says_so_first(tmp_path: Path) -> None:
    rows = [f"{n},Deal {n},Won,{'x' if n % 20 == 0 else 5},2025-10-{n % 28 + 1:02d}" for n in range(1, 201)]
    path = tmp_path / "deals_2025-10-31.csv"
    path.write_text("Deal ID,Deal name,Deal stage,Amount,Close date\n" + "\n".join(rows) + "\n", encoding="utf-8")
    lines = propose(load_settings(tmp_path), path, "crm", None).splitlines()
    assert lines[1] == "# It would refuse 10 of 200 rows (5%): why?"
    assert lines[2].startswith("# Tried on the file: 201 rows in = 190 loaded + 10 quarantined")


def test_what_is_written_on_the_first_line_of_a_document_only_is_no_amount_of_a_line(tmp_path: Path) -> None:
    lines = "#1001,EUR,20.00,2,Mug,5.00\n#1001,,,1,Cup,10.00\n#1002,EUR,5.00,1,Mug,5.00\n#1003,EUR,9.00,1,Pot,9.00\n"
    path = tmp_path / "orders_export_2025-10-31.csv"
    path.write_text("Name,Currency,Total,Lineitem quantity,Lineitem name,Lineitem price\n" + lines, encoding="utf-8")
    text = propose(load_settings(tmp_path), path, "shop", None)
    assert (
        'order_id: "Name"' in text
        and 'fill_down": ["Name", "Currency"], "fill_down_within": "Name"' in text
        and "amount_gross" not in text
    )
    assert "5 rows in = 4 loaded + 0 quarantined" in text


@pytest.mark.parametrize("part", ["tune", "held", "fresh", "found", "found_next", "found_held", "found_last"])
def test_public_exports_without_a_contract_are_proposed_right(part: str, capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 % of the columns, every object, none wrong; `python tests/proposal_unseen.py last` shows others."""
    found = list(scores(part))
    print(summary(part, found))
    assert sum(score.found for score in found) >= 0.95 * sum(score.columns for score in found)
    assert all(score.object_found for score in found) and not [line for score in found for line in score.wrong]
    assert sum(len(score.asked) for score in found) <= 2 * len(found)
