"""The shipped contracts load every export of the sample company and refuse exactly the rows that are bad on purpose."""

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from conftest import found

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.demo import write_demo
from pipelines.demo.write import MANIFEST
from pipelines.home.settings import Settings, load_settings
from pipelines.home.warehouse import read

LANDED = datetime(2026, 11, 1)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small company's newest exports, ingested: the older ones have the same shapes."""
    home = tmp_path_factory.mktemp("ingested") / "home"
    write_demo(home, customers=60)
    newest = ("20261031", "2026-10-31", "2026_10_31")
    for path in found((home / "inbox").rglob("*.*")):
        if not any(stamp in path.name for stamp in newest):
            path.unlink()
    settings = load_settings(home)
    ingest.run(settings, load_contracts(settings.sources), LANDED)
    return settings


def rows(settings: Settings, sql: str) -> pl.DataFrame:
    with read(settings) as connection:
        return connection.execute(sql).pl()


def test_every_file_is_loaded(loaded: Settings) -> None:
    refused = rows(loaded, "select path, reason from control.files where status <> 'loaded'")
    assert refused.is_empty(), refused


def test_rows_in_are_loaded_quarantined_or_control_per_file(loaded: Settings) -> None:
    files = rows(
        loaded, "select path, rows_in, rows_loaded + rows_quarantined + rows_control as out from control.files"
    )
    assert files.filter(pl.col("rows_in") != pl.col("out")).is_empty()


def test_exactly_the_injected_rows_are_quarantined(loaded: Settings) -> None:
    bad = pl.read_parquet(loaded.home / "truth" / "bad_rows.parquet")
    refused = rows(loaded, "select f.path from quality.quarantine join control.files f using (file_id)")
    assert Counter(refused["path"]) == Counter(bad["path"])


def test_no_column_of_a_shipped_system_is_unknown(loaded: Settings) -> None:
    warned = rows(loaded, "select path, warnings from control.files where warnings is not null")
    unknown = [(path, json.loads(text)) for path, text in warned.iter_rows() if json.loads(text)]
    assert unknown == []


def test_every_account_and_deal_record_is_one_of_the_truth(loaded: Settings) -> None:
    for table, name in (("accounts", "accounts"), ("opportunities", "deals")):
        found = rows(loaded, f"select distinct source_system, source_id from raw.{table}")
        truth = pl.read_parquet(loaded.home / "truth" / f"{name}.parquet")
        strange = found.join(truth, on=["source_system", "source_id"], how="anti")
        assert strange.is_empty(), strange


def test_ten_thousands_and_shares_arrive_as_money_and_probability(loaded: Settings) -> None:
    sheet = rows(
        loaded,
        "select min(amount), max(amount), max(probability) from raw.opportunities where source_system = 'fxiaoke'",
    ).row(0)
    assert sheet[0] >= 300 and sheet[1] > 10_000 and sheet[2] == 1.0


def test_a_bill_s_head_reaches_all_its_lines(loaded: Settings) -> None:
    lines = rows(
        loaded, "select invoice_id, count(*) as n from raw.invoice_lines where source_system = 'kingdee' group by 1"
    )
    headless = rows(loaded, "select * from raw.invoice_lines where invoice_id is null or invoiced_on is null")
    assert lines["n"].max() > 1 and headless.is_empty()


def test_an_unmapped_stage_stops_its_file_and_names_the_word(loaded: Settings, tmp_path: Path) -> None:
    from pipelines.demo import write_unmapped_stage

    home = tmp_path / "home"
    write_demo(home, customers=60)
    target = write_unmapped_stage(home, "Blue sky")
    for path in found((home / "inbox").rglob("*.*")):
        if path != target:
            path.unlink()
    assert (home / MANIFEST).is_file()
    settings = load_settings(home)
    ingest.run(settings, load_contracts(settings.sources), LANDED)
    status, reason = rows(settings, "select status, reason from control.files").row(0)
    assert status == "rejected" and "Blue sky" in reason


def test_what_people_said_and_what_was_published_arrive_with_their_days(loaded: Settings) -> None:
    said = (
        "select count(*), min(submitted_at), max(submitted_at) from raw.forecast_submissions where amount is not null"
    )
    count, first, last = rows(loaded, said).row(0)
    assert count > 20 and first < last == datetime(2026, 10, 31, 10, 30)  # 18:30 in Shanghai
    facts = rows(loaded, "select count(*), count(published_on), count(distinct metric) from raw.market_facts").row(0)
    assert facts[0] == facts[1] > 60 and facts[2] == 2
