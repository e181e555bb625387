"""Nothing of a cell leaves the home but what is served, no cell runs as a formula, and nobody else can read a home."""

import csv
import stat
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest
from gate_homes import home, start
from ingest_world import DEALS, World, deals
from test_publish import publish_revenue
from test_status import FINISHED, read

from pipelines.contracts import load_contracts
from pipelines.home import spreadsheet, warehouse
from pipelines.home.settings import Settings
from pipelines.ingest.quarantine.resubmission import export_rejected, resubmit
from pipelines.serving import status

FORMULAS = ["=1+1", "@x", "-5", "+86 10", "plain", None, "\t=1", "\r=1", "'=1", "''@a", "－1", "-1.5e3", ""]
NEUTRAL = ["'=1+1", "'@x", "-5", "'+86 10", "plain", None, "'\t=1", "'\r=1", "''=1", "'''@a", "'－1", "-1.5e3", ""]
SECRETS = ("anna@example.com", "13800138000", "Anna Maier")


def test_formulas_are_neutral_and_numbers_left_alone() -> None:
    assert spreadsheet.neutralised(pl.LazyFrame({"a": FORMULAS})).collect()["a"].to_list() == NEUTRAL
    assert [text and spreadsheet.neutral(text) for text in FORMULAS] == NEUTRAL


@pytest.mark.parametrize("text", [text for text in FORMULAS if text is not None])
def test_what_was_made_neutral_is_the_same_text_again(text: str) -> None:
    assert spreadsheet.as_typed(spreadsheet.neutral(text)) == text


@pytest.mark.parametrize("name", ["x.csv", "x.parquet"])
def test_a_table_is_private_to_its_owner_with_neutral_headers(tmp_path: Path, name: str) -> None:
    out = tmp_path / name
    spreadsheet.write_table(pl.DataFrame({"=cmd()": ["=1"], "n": [-1]}), out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    if name == "x.csv":
        assert list(csv.reader(out.open())) == [["'=cmd()", "n"], ["'=1", "-1"]]


def test_quarantine_is_exported_neutral_and_comes_back_as_it_was(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240101.csv", deals(("1", "=1+1", "Prospecting", "@x", ""), ("2", "b", "", "1", "")))
    world.run()
    contracts = load_contracts(world.settings.sources)
    text = export_rejected(world.settings, contracts, "deals_20240101.csv")
    rows = list(csv.reader(text.splitlines()))
    assert rows[1][4] == "'=1+1" and rows[1][6] == "'@x"
    rows[1][6] = "12"
    corrected = "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
    resubmit(world.settings, contracts, corrected, FINISHED)
    world.run()
    assert ("=1+1", 12) in world.rows("select opportunity_name, amount from raw.opportunities")


def test_no_text_of_a_shifted_row_stands_in_what_is_published(tmp_path: Path) -> None:
    """A row with one cell too few puts an e-mail into the amount; a file without a header puts it into the headers."""
    world = World(tmp_path).contract(DEALS.replace("key: [opportunity_id]", "key: [opportunity_id]\n    pii: {}"))
    name, telephone, mail = SECRETS[2], SECRETS[1], SECRETS[0]
    world.put(
        "deals_20240101.csv", deals((mail, name, "Prospecting", mail, telephone), ("2", "a", "Prospecting", "1", ""))
    )
    world.put("deals_20240102.csv", f"{mail},{name},{telephone}\n1,2,3\n")
    world.put("deals_20240103.csv", deals(("1", "a", mail, "1", "")))
    world.run()
    start(world.settings)
    message = f"ingest: {mail!r} is unknown"
    status.write_status(world.settings, "r1", outcome="failed", message=message, finished_at=FINISHED)
    shown = [read(world.settings, f"from quality.{table}") for table in ("quarantine", "files", "runs", "results")]
    shown.append((world.settings.published / "status.json").read_text(encoding="utf-8"))
    assert not [secret for secret in SECRETS if secret in str(shown)]
    assert "date in any of the contract's formats" in str(shown), "the kind of fault is still told"
    with warehouse.read(world.settings) as connection:
        inside = str(connection.execute("from quality.quarantine").fetchall())
    assert all(secret in inside for secret in SECRETS), "in the home the whole reason stands"


def modes(settings: Settings) -> dict[str, str]:
    folders = (settings.home, settings.landing, settings.state, settings.warehouse, settings.published)
    files = (settings.served_file, settings.working_file, *settings.state.rglob("*.parquet"))
    return {
        path.relative_to(settings.home.parent).as_posix(): oct(stat.S_IMODE(path.stat().st_mode))
        for path in (*folders, *files)
    }


@pytest.mark.parametrize(
    ("published_for", "root", "folder", "file"),
    [
        ("owner", "0o700", "0o700", "0o400"),
        ("group", "0o710", "0o750", "0o440"),
        ("everyone", "0o711", "0o755", "0o444"),
    ],
)
def test_a_home_is_its_owners_but_for_what_is_published(
    tmp_path: Path, published_for: str, root: str, folder: str, file: str
) -> None:
    settings = home(tmp_path, published_for=published_for)
    settings.home.mkdir()
    (settings.home / "state").mkdir(mode=0o755)
    with warehouse.run_lock(settings, owner="a test"):
        publish_revenue(settings, as_of=date(2025, 3, 31))
    found = modes(settings)
    assert found["home"] == root
    assert {found[f"home/{name}"] for name in ("landing", "state", "warehouse")} == {"0o700"}
    assert found["home/published"] == folder and found["home/published/almanac.duckdb"] == file
    private = {mode for path, mode in found.items() if path.endswith((".parquet", "work.duckdb"))}
    assert private == {"0o600"}
    parquet = settings.published / "parquet" / "latest" / "marts" / "revenue.parquet"
    assert oct(stat.S_IMODE(parquet.stat().st_mode)) == file
    with duckdb.connect(str(settings.served_file), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.revenue").fetchall() == [(10,)]
