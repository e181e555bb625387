"""`almanac match decide`: a person's decision about two records is one more row of the policy, nothing else changes."""

import csv
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings
from pipelines.matching.decide import decide
from pipelines.matching.overrides import validate_overrides
from pipelines.serving import console

pytestmark = pytest.mark.fast


@pytest.fixture
def matched() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema resolved")
        connection.execute(
            "create table resolved.customer_map as "
            "from (values ('crm', '1', 'C1'), ('erp', '2', 'C1')) as map(source_system, source_id, customer_id)"
        )
        yield connection


def decided(
    policy: Path,
    connection: duckdb.DuckDBPyConnection,
    *records: str,
    decision: str = "not_same",
    day: int = 2,
    reason: str = "two plants",
) -> Path:
    settings = load_settings(policy / "home", config=policy)
    on = date(2026, 11, day)
    return decide(settings, connection, list(records), decision=decision, by="mei", on=on, reason=reason)


def test_a_decision_is_one_more_row_whatever_characters_its_reason_has(
    tmp_path: Path, matched: duckdb.DuckDBPyConnection
) -> None:
    first = decided(tmp_path, matched, "crm|1", "erp|2", reason='two plants, "two buyers"\nand 两个地址')
    first.write_bytes(first.read_bytes().rstrip(b"\n"))  # as an editor may leave it
    assert decided(tmp_path, matched, "erp|2", "crm|1") == first
    with first.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:5] == ["source_system_l", "source_id_l", "source_system_r", "source_id_r", "decision"]
    assert rows[1:] == [
        ["crm", "1", "erp", "2", "not_same", "mei", "2026-11-02", 'two plants, "two buyers"\nand 两个地址'],
        ["erp", "2", "crm", "1", "not_same", "mei", "2026-11-02", "two plants"],
    ]


def test_two_different_decisions_of_one_day_are_rejected(tmp_path: Path, matched: duckdb.DuckDBPyConnection) -> None:
    before = decided(tmp_path, matched, "crm|1", "erp|2").read_bytes()
    with pytest.raises(AlmanacError, match="row 1 says not_same on that day"):
        decided(tmp_path, matched, "erp|2", "crm|1", decision="same")
    later = decided(tmp_path, matched, "erp|2", "crm|1", decision="same", day=3)
    assert later.read_bytes().startswith(before) and later.read_bytes() != before


@pytest.mark.parametrize(
    ("records", "message"),
    [(("crm|1", "crm|9"), r"no record 'crm\|9' in the working file"), (("crm|1", "crm|1"), "crm|1 is one record")],
)
def test_a_decision_about_an_unknown_record_is_rejected(
    tmp_path: Path, matched: duckdb.DuckDBPyConnection, records: tuple[str, str], message: str
) -> None:
    with pytest.raises(AlmanacError, match=message):
        decided(tmp_path, matched, *records)
    assert not (tmp_path / "seeds").exists()


@pytest.mark.parametrize(("by", "reason"), [("", "two plants"), ("mei", " "), ("\u3000", "")])
def test_a_decision_without_author_or_reason_is_rejected(
    tmp_path: Path, matched: duckdb.DuckDBPyConnection, by: str, reason: str
) -> None:
    settings = load_settings(tmp_path / "home", config=tmp_path)
    decision = {"decision": "same", "by": by, "reason": reason}
    with pytest.raises(AlmanacError, match="a decision needs an author and a reason: pass --by and --reason"):
        decide(settings, matched, ["crm|1", "erp|2"], on=date(2026, 11, 2), **decision)
    assert not (tmp_path / "seeds").exists()


def test_the_shipped_policy_cannot_be_changed(tmp_path: Path, matched: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(AlmanacError, match="almanac init DIR"):
        decide(
            load_settings(tmp_path),
            matched,
            ["crm|1", "erp|2"],
            decision="same",
            by="mei",
            on=date(2026, 11, 2),
            reason="x",
        )


HEADER = "source_system_l,source_id_l,source_system_r,source_id_r,decision,decided_by,decided_on,reason"


def checked(policy: Path, *rows: str, header: str = HEADER) -> None:
    (policy / "seeds").mkdir()
    (policy / "seeds" / "match_overrides.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8-sig")
    validate_overrides(load_settings(policy / "home", config=policy))


def test_rows_may_be_typed_with_blanks_and_capitals(tmp_path: Path) -> None:
    checked(tmp_path, "crm, 5,erp , 5, Not_Same ,mei, 2026-01-02,x", "", ",,,,,,,", "crm,1,erp,6,SAME,,2026-01-02,")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("crm,1,erp,6,apart,mei,2026-01-02,x", "the decision is same or not_same, not 'apart'"),
        ("crm,1,erp,6,,mei,2026-01-02,x", "the decision is same or not_same, not ''"),
        ("crm,1,erp, ,same,mei,2026-01-02,x", "source_id_r is empty"),
        ("crm,1,crm,1 ,same,mei,2026-01-02,x", r"crm\|1 is one record"),
        ("crm,1,erp,6,same,mei,02.01.2026,x", "decided_on is YYYY-MM-DD, not '02.01.2026'"),
        ("crm,1,erp,6,same,mei,20260102,x", "decided_on is YYYY-MM-DD, not '20260102'"),
        ("crm;1;erp;6;same;mei;2026-01-02;x", "source_id_l"),
    ],
)
def test_a_row_that_no_run_could_follow_is_rejected_by_its_number(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(AlmanacError, match=f"match_overrides.csv: row 2: .*{message}"):
        checked(tmp_path, "crm,5,erp,5,same,mei,2026-01-02,x", row)


def test_a_file_with_wrong_columns_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="no column source_id_l, source_system_r"):
        checked(tmp_path, "crm;1;erp;6;same;mei;2026-01-02;x", header=HEADER.replace(",", ";").replace(";", ",", 1))


def test_the_summary_of_a_run_warns_of_decisions_about_unknown_records() -> None:
    with duckdb.connect() as connection:
        connection.execute(
            "create schema marts; create table marts.customer_reviews as from (values"
            " ('crm', '1', 'erp', '2', 'grey', 'undecided'), ('x', '1', 'erp', '9', 'unknown_record', 'no record x|1'),"
            " ('crm', '1', 'erp', '6', 'unknown_record', 'no record erp|6 is known'))"
            " as reviews(source_system_l, source_id_l, source_system_r, source_id_r, kind, reason)"
        )
        warnings = list(console.words_that_reach_nobody(connection))
        assert warnings == [
            ("warning", "match_overrides.csv: no record erp|6 is known (and 1 more in marts.customer_reviews)")
        ]
        connection.execute("delete from marts.customer_reviews where kind = 'unknown_record'")
        assert list(console.words_that_reach_nobody(connection)) == []
