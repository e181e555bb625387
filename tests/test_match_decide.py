"""`almanac match decide`: a person's word about two records is one more row of the policy, and nothing else changes."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import AlmanacError
from pipelines.matching.decide import decide
from pipelines.settings import load_settings


@pytest.fixture
def matched() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema resolved")
        connection.execute(
            "create table resolved.customer_map as "
            "from (values ('crm', '1', 'C1'), ('erp', '2', 'C1')) as map(source_system, source_id, customer_id)"
        )
        yield connection


def said(
    policy: Path,
    connection: duckdb.DuckDBPyConnection,
    *records: str,
    decision: str = "not_same",
    day: int = 2,
    reason: str = "two plants",
) -> Path:
    settings = load_settings(policy / "home", config=policy)
    told = date(2026, 11, day)
    return decide(settings, connection, list(records), decision=decision, by="mei", on=told, reason=reason)


def test_a_word_is_one_more_row_whatever_the_reason_says(tmp_path: Path, matched: duckdb.DuckDBPyConnection) -> None:
    first = said(tmp_path, matched, "crm|1", "erp|2", reason='two plants, "two buyers"\nand 两个地址')
    first.write_bytes(first.read_bytes().rstrip(b"\n"))  # as an editor may leave it
    assert said(tmp_path, matched, "erp|2", "crm|1") == first
    with first.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:5] == ["source_system_l", "source_id_l", "source_system_r", "source_id_r", "decision"]
    assert rows[1:] == [
        ["crm", "1", "erp", "2", "not_same", "mei", "2026-11-02", 'two plants, "two buyers"\nand 两个地址'],
        ["erp", "2", "crm", "1", "not_same", "mei", "2026-11-02", "two plants"],
    ]


def test_two_words_of_one_day_leave_nothing_open(tmp_path: Path, matched: duckdb.DuckDBPyConnection) -> None:
    before = said(tmp_path, matched, "crm|1", "erp|2").read_bytes()
    with pytest.raises(AlmanacError, match="row 1 of today says not_same"):
        said(tmp_path, matched, "erp|2", "crm|1", decision="same")
    later = said(tmp_path, matched, "erp|2", "crm|1", decision="same", day=3)
    assert later.read_bytes().startswith(before) and later.read_bytes() != before


@pytest.mark.parametrize(
    ("records", "message"),
    [(("crm|1", "crm|9"), r"no record 'crm\|9' in the working file"), (("crm|1", "crm|1"), "crm|1 is one record")],
)
def test_a_word_about_what_is_not_there_is_refused(
    tmp_path: Path, matched: duckdb.DuckDBPyConnection, records: tuple[str, str], message: str
) -> None:
    with pytest.raises(AlmanacError, match=message):
        said(tmp_path, matched, *records)
    assert not (tmp_path / "seeds").exists()


def test_the_shipped_policy_is_not_written_to(tmp_path: Path, matched: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(AlmanacError, match="almanac init DIR"):
        decide(
            load_settings(tmp_path),
            matched,
            ["crm|1", "erp|2"],
            decision="same",
            by="mei",
            on=date(2026, 11, 2),
            reason="",
        )
