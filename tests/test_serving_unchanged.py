"""What a night takes over from the file that is served: the same rows as if all were written, and no old page."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import gate_homes as homes
import pytest
from serving_world import FINISHED

from pipelines.errors import AlmanacError
from pipelines.home import growth, kept, warehouse
from pipelines.home.settings import Settings
from pipelines.serving import publish, unchanged

pytestmark = pytest.mark.fast
LARGE = "create or replace table marts.lines as select range as line, 'Customer ' || range as name from range(50000)"
SMALL = "create or replace table marts.teams as from (values (1, 'a', true), (2, 'b', false)) as t (n, name, is_open)"
NESTED = """create or replace table marts.nested as select 1 as rows, []::int[] as many, {'one': null} as pair,
    interval 30 day as length, 'x' as note, timestamptz '2025-01-01 00:00:00Z' as moment"""
ALONE = "create schema if not exists outlook; create or replace table outlook.alone as select 1 as one"
COMMENTED = "comment on table marts.teams is 'Teams'; comment on column marts.teams.name is 'Name'"
GONE = "create or replace table marts.gone as select 'Erased Person' as who from range(20000)"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(publish.gates, "assert_passed", lambda *_: None)
    monkeypatch.setattr(publish.pages, "write_aside", lambda *_: [])
    settings = homes.home(tmp_path / "it's")
    publish_run(settings, "r1", LARGE, SMALL, GONE, NESTED, ALONE, COMMENTED)
    return settings


def publish_run(settings: Settings, run_id: str, *statements: str, policy: str = "p") -> None:
    run = homes.start(settings, run_id, as_of=date(2025, 3, 30 + int(run_id[1:]) % 2))
    homes.execute(settings, "create schema if not exists marts", *statements)
    publish.publish(settings, run, FINISHED, policy)


def parquet(settings: Settings, table: str) -> Path:
    return settings.published / "parquet" / "latest" / "marts" / f"{table}.parquet"


def tables(file: Path) -> dict[str, tuple]:
    """Columns, types and rows of every served table, and all schemas, views and comments."""
    names = "select schema_name || '.' || table_name from duckdb_tables()"
    others = """
        select schema_name, null, null from duckdb_schemas() where not internal and database_name = current_database()
        union all select schema_name, view_name, null from duckdb_views() where not internal
        union all select schema_name, table_name, comment from duckdb_tables() where comment is not null
        union all select table_name, column_name, comment from duckdb_columns() where comment is not null
    """
    with duckdb.connect(str(file), read_only=True) as served:
        relations = {name: served.table(name) for (name,) in served.execute(names).fetchall()}
        found = {name: (one.columns, one.types, sorted(map(repr, one.fetchall()))) for name, one in relations.items()}
        return found | {"others": (sorted(map(repr, served.execute(others).fetchall())),)}


def is_linked(settings: Settings, table: str) -> bool:
    return parquet(settings, table).stat().st_nlink > 1


@pytest.mark.parametrize(
    "change",
    [
        "update marts.teams set name = 'c' where n = 1",
        "update marts.teams set is_open = not is_open",  # each cell stands where the other stood
        "update marts.teams set n = 3 - n",
        "delete from marts.teams where n = 1",
        "insert into marts.teams from marts.teams",
        "update marts.teams set name = null",
        "alter table marts.teams alter n type bigint",
        "alter table marts.teams rename name to label",
        "create or replace table marts.teams as select name, n, is_open from marts.teams",
        "alter table marts.teams add column more integer",
        "drop table marts.teams",
        "create or replace table marts.teams as select 1 as n, 'a' as name, true as is_open where false",
        "create table marts.more as select 1 as one",
        "drop table outlook.alone",
        "comment on column marts.teams.name is null",
    ],
)
def test_what_changed_is_written_and_the_rest_taken_over(settings: Settings, tmp_path: Path, change: str) -> None:
    publish_run(settings, "r2", change)
    assert is_linked(settings, "lines") and is_linked(settings, "gone")
    is_kept = "marts.teams" not in change or change.startswith("comment")
    assert is_kept == (parquet(settings, "teams").exists() and is_linked(settings, "teams"))
    anew = homes.home(tmp_path / "anew")
    publish_run(anew, "r2", LARGE, SMALL, GONE, NESTED, ALONE, COMMENTED, change)
    assert tables(settings.served_file) == tables(anew.served_file)
    for file in (settings.published / "parquet" / "latest" / "marts").iterdir():
        rows = duckdb.read_parquet(str(file)).fetchall()
        assert sorted(rows) == sorted(duckdb.read_parquet(str(parquet(anew, file.stem))).fetchall())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("note", "'y'"),
        ("many", "null"),
        ("many", "[null]::int[]"),
        ("pair", "null"),
        ("length", "interval 1 month"),
        ("rows", "2"),
    ],
)
def test_values_that_duckdb_hashes_alike_are_told_apart(settings: Settings, name: str, value: str) -> None:
    changed = f"select * replace ({value} as {name}) from marts.nested"  # an update leaves what DuckDB calls equal
    publish_run(settings, "r2", f"create or replace table marts.nested as {changed}")
    assert is_linked(settings, "lines") and not is_linked(settings, "nested")
    with duckdb.connect(str(settings.served_file), read_only=True) as served:
        [(found, wanted)] = served.execute(f"select {name}::varchar, ({value})::varchar from marts.nested").fetchall()
    assert found == wanted


def test_rows_in_another_order_are_the_same_table(settings: Settings) -> None:
    publish_run(settings, "r2", "create or replace table marts.lines as from marts.lines order by line desc")
    assert is_linked(settings, "lines")


def test_comments_of_a_table_that_stands_are_written(settings: Settings) -> None:
    publish_run(settings, "r2", "comment on table marts.lines is 'Lines'")
    with duckdb.connect(str(settings.served_file), read_only=True) as served:
        assert served.execute("select comment from duckdb_tables() where table_name = 'lines'").fetchall() == [
            ("Lines",)
        ]


def test_the_file_does_not_grow_by_what_is_dropped(settings: Settings) -> None:
    sizes = []
    for number in range(2, 9):
        publish_run(
            settings,
            f"r{number}",
            f"create or replace table marts.gone as select 'Row {number} ' || range as who from range(90000)",
        )
        sizes.append(settings.served_file.stat().st_size)
    assert max(sizes[2:]) <= sizes[1] * 1.1


def erased(settings: Settings) -> None:
    warehouse.discard(settings)


def forgotten(settings: Settings) -> None:
    kept.forget(settings, "marts")


def untouched(settings: Settings) -> None:
    """Only the policy is another one."""


def test_another_release_makes_all_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged.masking, "personal_columns", lambda _: {"who": "drop"})
    publish_run(settings, "r2")
    assert not is_linked(settings, "lines") and b"Erased Person" not in settings.served_file.read_bytes()


def test_a_run_that_cannot_note_what_it_served_has_been_served(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = homes.start(settings, "r2")
    with monkeypatch.context() as locked:
        locked.setattr(unchanged.warehouse, "write", lambda _: (_ for _ in ()).throw(AlmanacError("in use")))
        publish.publish(settings, run, FINISHED, "p")
    publish_run(settings, "r3")
    assert not is_linked(settings, "lines")


@pytest.mark.parametrize("before", [erased, forgotten, untouched])
def test_a_file_that_must_be_new_holds_no_page_of_the_old_one(
    settings: Settings, before: Callable[[Settings], None]
) -> None:
    assert b"Erased Person" in settings.served_file.read_bytes()
    before(settings)
    policy = "p" if before is not untouched else "q"
    publish_run(settings, "r2", LARGE, SMALL, "drop table if exists marts.gone", policy=policy)
    assert not is_linked(settings, "lines")
    assert b"Erased Person" not in settings.served_file.read_bytes()


def test_a_damaged_block_of_the_served_file_is_found_and_all_is_written(settings: Settings) -> None:
    content = bytearray(settings.served_file.read_bytes())
    place = content.index(b"Erased Person")
    content[place : place + 200] = b"x" * 200
    settings.served_file.chmod(0o600)
    settings.served_file.write_bytes(content)
    publish_run(settings, "r2")
    assert not is_linked(settings, "lines") and len(tables(settings.served_file)["marts.gone"][2]) == 20000


def test_a_damaged_parquet_file_is_written_again(settings: Settings) -> None:
    file = parquet(settings, "lines")
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-500])
    publish_run(settings, "r2")
    assert not is_linked(settings, "lines") and duckdb.read_parquet(str(parquet(settings, "lines"))).shape == (50000, 2)


def test_a_run_that_was_killed_before_its_note_is_followed_by_a_new_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as dying:
        dying.setattr(unchanged, "remember", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish_run(settings, "r2")
    publish_run(settings, "r3")
    assert not is_linked(settings, "lines")
    publish_run(settings, "r4")
    assert is_linked(settings, "lines")


def test_a_note_of_another_release_is_none(settings: Settings) -> None:
    homes.execute(settings, f"alter table {unchanged.NOTE} drop column made_by")
    publish_run(settings, "r2")
    assert not is_linked(settings, "lines")


def test_a_disk_without_links_gets_files_of_its_own(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged.os, "link", lambda *_: (_ for _ in ()).throw(OSError("no links")))
    publish_run(settings, "r2")
    assert not is_linked(settings, "lines") and duckdb.read_parquet(str(parquet(settings, "lines"))).shape == (50000, 2)


def test_a_file_of_two_runs_counts_once_in_what_a_home_holds(settings: Settings) -> None:
    publish_run(settings, "r2")
    files = {path.stat().st_ino: path.lstat().st_size for path in settings.published.rglob("*.parquet")}
    others = [path.lstat().st_size for path in settings.published.rglob("*") if path.suffix != ".parquet"]
    assert growth.sizes(settings)["published"] == sum(files.values()) + sum(others)
