"""What people read at the end of a run, each part on the smallest tables that have it."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import gate_homes as homes
import polars as pl
import pytest

from pipelines import lake, postgres
from pipelines.errors import AlmanacError
from pipelines.serving import console, places, server
from pipelines.serving import lake as serving_lake
from pipelines.serving.relationships import relationships

pytestmark = pytest.mark.fast
CROSSWALK = """
create schema marts;
create table marts.customer_crosswalk as select * from (values
    ('crm', '1', 'A'), ('crm', '2', 'A'), ('erp', '1', 'A'), ('erp', '2', 'B'), ('erp', '9', 'C')
) as t(source_system, source_id, customer_id)
"""
TRUTH = [("crm", "1", "x"), ("crm", "2", "x"), ("erp", "1", "y"), ("erp", "2", "y"), ("crm", "7", "y")]


def truth_at(tmp_path: Path, rows: list[tuple[str, str, str]]) -> str:
    path = tmp_path / "truth.parquet"
    pl.DataFrame(rows, schema=["source_system", "source_id", "true_customer_id"], orient="row").write_parquet(path)
    return str(path)


def test_precision_and_recall_are_of_pairs_of_records(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute(CROSSWALK)  # of four known records three pairs are claimed, two are real, one is both
    assert console.match_quality(connection, truth_at(tmp_path, TRUTH)) == (pytest.approx(1 / 3), 0.5)
    assert console.match_quality(connection, truth_at(tmp_path, TRUTH[3:])) == (0.0, 0.0), "no pair, no share"


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, []),
        (1, [("warning", "match_overrides.csv: crm 1 is nobody")]),
        (2, [("warning", "match_overrides.csv: crm 1 is nobody (and 1 more in marts.customer_reviews)")]),
        (3, [("warning", "match_overrides.csv: crm 1 is nobody (and 2 more in marts.customer_reviews)")]),
    ],
)
def test_decisions_about_nobody_are_counted(connection: duckdb.DuckDBPyConnection, count: int, said: list) -> None:
    connection.execute(
        "create schema marts; create table marts.customer_reviews as select 'crm' as source_system_l, "
        "cast(n as varchar) as source_id_l, 'crm' as source_system_r, '0' as source_id_r, 'unknown_record' as kind, "
        f"'crm ' || n || ' is nobody' as reason from range({count}, 0, -1) as t(n) "
        "union all select 'a', '0', 'b', '0', 'grey', 'no'"
    )
    assert list(console.words_that_reach_nobody(connection)) == said


def test_files_of_one_folder_and_reason_share_a_line() -> None:
    files = [
        {"status": "unclaimed", "path": "old/b.csv", "reason": ""},
        {"status": "unclaimed", "path": "old/a.csv", "reason": None},
        {"status": "unclaimed", "path": "new/a.csv", "reason": ""},
        {"status": "rejected", "path": "old/c.csv", "reason": "no header"},
    ]
    assert list(console.unread_lines(files)) == [
        ("rejected", "old/c.csv: no header"),
        ("unclaimed", "new/a.csv: no contract names it"),
        ("unclaimed", "old/a.csv and 1 more there: no contract names it"),
    ]


def test_deals_revenue_and_waiting_months_are_told(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema marts; create schema control")
    connection.execute("create table marts.opportunity_crosswalk as select n // 2 as opportunity_id from range(6) t(n)")
    connection.execute(
        "create table marts.revenue as select 1000.5 * n as amount_base, date '2025-01-01' + n::int as invoiced_on "
        "from range(1, 3) t(n)"
    )
    told = [("deals", "6 records are 3 deals"), ("revenue", "3,001.50 on 2 lines, 2025-01-02 to 2025-01-03")]
    assert list(console._business(connection)) == told
    connection.execute("delete from marts.revenue")
    assert list(console._business(connection))[1] == ("revenue", "no line of an invoice or order")
    connection.execute(
        "create table control.tables as select * from (values ('marts', 'a', 0, null), ('marts', 'b', 1, null), "
        "('marts', 'c', 0, 'd')) as t(schema_name, table_name, row_count, renamed_to)"
    )
    assert list(console._empty(connection)) == [("no rows", "1 tables, left out of pages and workbooks: marts.a")]
    connection.execute("update control.tables set row_count = 2")
    assert list(console._empty(connection)) == []


def test_a_column_points_to_a_key_and_rows_that_it_does_not_reach_are_counted(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    connection.execute(
        "attach ':memory:' as served; create schema served.marts;"
        "create table served.marts.customers as select 'C' || n as customer_id from range(3) t(n);"
        "create table served.marts.orders as select * from (values ('C0'), ('C0'), ('C9'), (null)) as t(customer_id)"
    )
    tables = {("marts", "customers"), ("marts", "orders")}
    pointing = [("marts", "orders", "customer_id", "marts", "customers", "customer_id", 1)]
    assert relationships(connection, tables).rows() == pointing
    assert relationships(connection, {("marts", "orders")}).is_empty()
    connection.execute("insert into served.marts.customers values ('C0')")
    assert relationships(connection, tables).is_empty(), "a value twice is no key"


def test_runs_of_the_server_are_told_the_shown_one_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = homes.home(tmp_path)
    assert server.publish(settings, tmp_path / "x") == serving_lake.publish(settings, tmp_path / "x") == 0
    with pytest.raises(AlmanacError, match="names no server"):
        server.runs(settings)
    named = replace_company(settings, publish="postgres://a@b/c", lake="postgres://a@b/d")
    kept = [("r2", date(2025, 3, 2), "later", True), ("r1", date(2025, 3, 1), "early", False)]
    monkeypatch.setattr(postgres, "runs_of", lambda address: kept if address == "postgres://a@b/c" else [])
    assert server.runs(named) == ["shown  r2  as of 2025-03-02, later", "       r1  as of 2025-03-01, early"]
    assert server.run_rows(named)[1] == {
        "run_id": "r1", "as_of": date(2025, 3, 1), "published_at": "early", "is_shown": False,
    }  # fmt: skip
    with pytest.raises(AlmanacError, match="lake needs lake_folder"):
        serving_lake.publish(named, tmp_path / "x")
    both = replace_company(settings, lake="postgres://a@b/d", lake_folder="/lake")
    monkeypatch.setattr(lake, "publish_run", lambda *_: {"marts.a": 3, "marts.b": 4})
    assert serving_lake.publish(both, tmp_path / "x") == 7


def replace_company(settings, **named: str):  # type: ignore[no-untyped-def]
    return replace(settings, company=settings.company.model_copy(update=named))


def test_a_run_written_again_takes_the_place_of_its_folder(tmp_path: Path) -> None:
    settings = homes.home(tmp_path)
    for text in ("first", "second"):
        hidden = places.aside(settings, "pages", "r1")
        hidden.mkdir(parents=True)
        (hidden / "index.html").write_text(text)
        places.point_at(places.unhide(hidden, "r1"))
        assert places.first_page(settings).read_text() == text
    places.clear_leftovers(settings)
    assert sorted(path.name for path in (settings.published / "pages").iterdir()) == ["latest", "r1"]
    assert places.workbooks(settings) == settings.published / "workbooks" / "latest"
