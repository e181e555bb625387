"""What a served table or column is called and said to be, under its old name too."""

import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.serving import descriptions, renamed

pytestmark = pytest.mark.fast


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """The database that is to be served beside a working one."""
    with duckdb.connect() as opened:
        opened.execute("create schema marts; attach ':memory:' as served; create schema served.marts")
        yield opened


def comments(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str | None], str]:
    """Table or view, and column, to what is said of it in the served database."""
    rows = connection.execute(
        "select table_name, null, comment from duckdb_tables() where database_name = 'served' union all "
        "select view_name, null, comment from duckdb_views() where database_name = 'served' union all "
        "select table_name, column_name, comment from duckdb_columns() where database_name = 'served'"
    ).fetchall()
    return {(table, column): comment for table, column, comment in rows if comment}


def test_what_is_said_of_a_table_is_served_with_it(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        "create table marts.a as select 1 as x, 2 as y; create table marts.b as select 1 as x;"
        "create table served.marts.a as select 1 as x, 2 as z; create table served.marts.b as select 1 as x;"
        "comment on table marts.a is 'One row\n  each.'; comment on column marts.a.x is 'It''s x.';"
        "comment on column marts.a.y is 'Not served.'; comment on table marts.b is 'Of another run.'"
    )
    kept = descriptions.carry_over(connection, [("marts", "a")], {("marts", "a", "z"): "Old name."})
    said = {("a", None): "One row each.", ("a", "x"): "It's x.", ("a", "z"): "Old name."}
    assert comments(connection) == said
    assert {key[1:]: " ".join(text.split()) for key, text in kept.items()} == said


def test_tables_of_forecasts_are_explained_by_their_own_page(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema served.forecast; create table served.forecast.latest as select 1 yhat, 2 own")
    descriptions.carry_over(connection, [("forecast", "latest")], {})
    assert set(comments(connection)) == {("latest", None), ("latest", "yhat")}


def test_an_old_name_answers_and_says_the_new_one(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renamed, "RENAMED_TABLES", {("marts", "was"): "now", ("marts", "gone"): "not_built"})
    monkeypatch.setattr(renamed, "RENAMED_COLUMNS", {("marts", "now"): {"old": "new", "lost": "not_there"}})
    tables = {("marts", "now"): ["n", "new"], ("marts", "other"): ["n"]}
    assert renamed.old_tables(tables) == {("marts", "was"): ("marts", "now")}
    for name, columns in tables.items():
        selected = renamed.with_old_columns(name, columns)
        connection.execute(f"create table served.marts.{name[1]} as select {selected} from (select 1 as n, 7 as new)")
    said = {("marts", "now", None): "New.", ("marts", "now", "n"): "A number.", ("marts", "other", "n"): "Another."}
    renamed.create_old_views(connection, tables, said)
    assert connection.sql("select n, new, old from served.marts.was").fetchall() == [(1, 7, 7)]
    assert connection.sql("from served.marts.other").columns == ["n", "new"]
    notice = f"Renamed to {{}}; this name goes with version {renamed.GOES_WITH}."
    assert comments(connection) == {("was", None): notice.format("marts.now"), ("was", "n"): "A number."}
    assert renamed.old_column_comments()["marts", "now", "old"] == notice.format("new")


@pytest.mark.parametrize("has_links", [True, False])
def test_the_file_of_a_renamed_table_has_its_old_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    monkeypatch.setattr(renamed, "RENAMED_TABLES", {("marts", "was"): "now"})
    if not has_links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError))
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / "now.parquet").write_text("rows")
    renamed.link_old_parquet(tmp_path, [("marts", "now"), ("marts", "other")])
    assert (tmp_path / "marts" / "was.parquet").read_text() == "rows"
    assert len(list((tmp_path / "marts").iterdir())) == 2
