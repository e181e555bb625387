"""What is done to tables on their way out: copied whole, rounded, masked."""

import hmac
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import gate_homes as homes
import pytest
from serving_world import FINISHED

from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.serving import digits, masking, publish

pytestmark = pytest.mark.fast
CONTRACT = """
system: {0}
title: Shop
objects:
  - {{object: accounts, files: "{0}_(*).csv", exported_at: {{on: 2025-01-31}}, key: [account_id],
     pii: {1}, columns: {{account_id: Id, account_name: Name, email: Mail, birth_date: Born}}}}
"""


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create schema marts")
        yield opened


def test_every_table_is_served_whole_with_its_file_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = homes.home(tmp_path / "it's")  # a quote in a path is a quote in SQL
    run = homes.start(settings)
    homes.execute(settings, homes.REVENUE, "create table marts.orders as from range(3)")
    monkeypatch.setattr(publish.gates, "assert_passed", lambda *_: None)
    monkeypatch.setattr(publish.pages, "write_aside", lambda *_: [])
    assert publish.publish(settings, replace(run, run_kind="backfill"), FINISHED) == {}
    assert not settings.published.exists()
    counts = {("marts", "orders"): 3, ("marts", "revenue"): 10}
    assert publish.publish(settings, run, FINISHED) == counts
    with duckdb.connect(str(settings.served_file), read_only=True) as served:
        assert served.execute("select run_id, published_at from control.published").fetchall() == [("r1", FINISHED)]
    for (schema, table), rows in counts.items():
        file = settings.published / "parquet" / "latest" / schema / f"{table}.parquet"
        assert duckdb.read_parquet(str(file)).shape[0] == rows
    copied = publish.copying.copy
    monkeypatch.setattr(publish.copying, "copy", lambda *given: (copied(*given)[0] | {("marts", "orders"): 4}, {}))
    with pytest.raises(AlmanacError, match=r"marts\.orders holds 3 of 4 rows: nothing was published"):
        publish.publish(settings, run)


def test_an_empty_working_file_is_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = homes.home(tmp_path)
    run = homes.start(settings)
    monkeypatch.setattr(publish.gates, "assert_passed", lambda *_: None)
    with pytest.raises(AlmanacError, match="has no table of marts, forecast, outlook to publish"):
        publish.publish(settings, run)


def test_numbers_have_twelve_digits_and_large_amounts_their_hundredths(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table marts.t as select * from (values (1, 1 / 3), (2, 12345678901.236)) as t (n, x)")
    digits.create_rounding(connection)
    query = digits.rounded("marts.t", digits.doubles(connection)["marts", "t"])
    assert connection.execute(query).fetchall() == [(1, 0.333333333333), (2, 12345678901.24)]
    assert connection.execute(digits.rounded("marts.t", [])).fetchall() == [(1, 1 / 3), (2, 12345678901.236)]


@pytest.mark.parametrize("key", ["k", "k" * 64, "k" * 65, ""])
def test_a_personal_value_is_served_as_its_hmac_and_nothing_else_is_changed(
    connection: duckdb.DuckDBPyConnection, key: str
) -> None:
    def masked(treatments: dict, query: str) -> list[tuple]:
        relation = connection.sql(query)
        return relation.project(masking.masked(relation.columns, treatments, bool(key))).fetchall()

    masking.create_keyed_hash(connection, key)
    treatments: dict = {"email": "hash", "phone": "drop"}
    hashed = hmac.new(key.encode(), b"a@b.cn", "sha256").hexdigest() if key else None
    row = "select 'Ulm' as city, 'a@b.cn' as email, '138' as phone_l, 'a@b.cn' as email_r, '138' as old_value"
    assert masked(treatments, row) == [("Ulm", hashed, None, hashed, "138")]
    changes = "('email', 'a@b.cn'), ('phone', '138'), ('city', 'Ulm')"
    changed = f"select * from (values {changes}) as t (column_name, new_value)"
    assert masked(treatments, changed) == [("email", hashed), ("phone", None), ("city", "Ulm")]
    assert masked({}, changed) == [("email", "a@b.cn"), ("phone", "138"), ("city", "Ulm")]


@pytest.mark.parametrize("systems", [("a", "b"), ("b", "a")])
def test_what_one_system_promises_to_drop_is_dropped_of_all(tmp_path: Path, systems: tuple[str, str]) -> None:
    for system, pii in zip(systems, ("{email: drop, account_name: hash}", "{email: hash}"), strict=True):
        (tmp_path / f"{system}.yml").write_text(CONTRACT.format(system, pii), encoding="utf-8")
    treatments = masking.personal_columns(load_contracts(tmp_path))
    assert (treatments["email"], treatments["customer_name"]) == ("drop", "hash")
    assert "city" not in treatments
