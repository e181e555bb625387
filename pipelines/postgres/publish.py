"""A run into the server: rows appended under its number, then the pointer, in one transaction; and the way back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home.warehouse import literal, quoted
from pipelines.postgres import layout
from pipelines.postgres.server import Server, opened
from pipelines.postgres.tables import BASE, Name, Table, keyed, known_columns, leftovers, served_tables

KEPT_RUNS = 5
KEY_MEMORY = "256MB"  # of the server, for the key of a part: the sort of a million rows spills to its disk in 64
ENFORCED_BY_NAME = 180_000  # server version from which a key may be declared without being enforced
Right = tuple[str, str, str]  # login, scope (team, owner, all), value
Known = Mapping[str, Mapping[str, str]]


def publish_file(
    url: str, file: Path, keys: Mapping[Name, tuple[str, ...]], rights: Sequence[Right] = (), kept: int = KEPT_RUNS
) -> dict[Name, int]:
    """Append the run of a served file and show it. Returns the rows of each table.

    All of it is visible at once or none of it. The same run again replaces its rows. Raises AlmanacError, and leaves
    what is shown as it was, where a column has changed its type and nobody has accepted that.
    """
    with opened(url, file) as server:
        with server.transaction():
            server.run(*layout.LAYOUT)
        stored, with_key = known_columns(server), keyed(server)
        tables = served_tables(server, keys, {base: base in with_key for base in stored})
        run = server.connection.execute("from served.control.published").fetchall()[0]
        _refuse_other_types(server, str(run[0]), tables, stored)
        number = _next_number(server)
        with server.transaction():  # nobody sees these yet: no rows, no view
            _make_tables(server, tables, stored, number)
        with server.transaction():
            _one_stream(server)
            counts = {name: _append(server, table, number) for name, table in tables.items()}
            _record(server, number)
            _make_views(server, str(run[0]), tables, stored)
            _write_rights(server, rights)
            server.run(
                f"insert into {BASE}.current_run (run_no) values ({number})"
                " on conflict (is_current) do update set run_no = excluded.run_no"
            )
        _prune(server, tables, kept)
    return counts


def _refuse_other_types(server: Server, run_id: str, tables: Mapping[Name, Table], stored: Known) -> None:
    changed = [
        (table, column, have[column], kind)
        for table in tables.values()
        if (have := stored.get("__".join(table.name)))
        for column, kind in table.columns.items()
        if column in have and have[column] != kind
    ]
    if not changed:
        return
    with server.transaction():
        server.run(*(_announce(run_id, table, column, f"{old} to {new}") for table, column, old, new in changed))
    told = "; ".join(f"{'.'.join(table.name)}.{column} from {old} to {new}" for table, column, old, new in changed)
    raise AlmanacError(f"PostgreSQL: type changed: {told}: `almanac postgres accept` lets the views follow")


def _announce(run_id: str, table: Table, column: str | None, change: str) -> str:
    values = ", ".join(
        literal(text) if text else "null" for text in (run_id, ".".join(table.name), column or "", change)
    )
    return (
        f"insert into {BASE}.change (run_id, table_name, column_name, change) values ({values}) on conflict do nothing"
    )


def _next_number(server: Server) -> int:
    return int(server.rows(f"select nextval(pg_get_serial_sequence('{BASE}.run', 'run_no'))")[0][0])


def _make_tables(server: Server, tables: Mapping[Name, Table], stored: Known, number: int) -> None:
    version = int(server.rows("select current_setting('server_version_num')::integer")[0][0])
    new = [table for table in tables.values() if "__".join(table.name) not in stored]
    server.run("select 1", *(f"drop table {part}" for part in leftovers(server)))
    for table in tables.values():
        server.run("select 1", *layout.base_statements(table, stored.get("__".join(table.name))))
    for table in new if version >= ENFORCED_BY_NAME else ():
        for column, pointed, statement in layout.foreign_keys(table, tables):
            if not _has_orphans(server, table, pointed, column):
                server.run(statement)
    server.run(*(layout.part_statements(table, number) for table in tables.values()))


def _has_orphans(server: Server, table: Table, pointed: Table, column: str) -> bool:
    query = f"select 1 from served.{table.view} anti join served.{pointed.view} using ({quoted(column)})"
    return bool(server.connection.execute(f"{query} where {quoted(column)} is not null limit 1").fetchall())


def _record(server: Server, number: int) -> None:
    """The row of the run. An earlier try under the same id keeps its rows, under another name, until it is pruned."""
    cursor = server.connection.execute("from served.control.published")
    heads = [column[0] for column in cursor.description or ()]
    run = dict(zip(heads, cursor.fetchall()[0], strict=True))
    names = ("run_id", "run_kind", "as_of", "known_at", "published_at", "base_currency", "timezone")
    values = ", ".join(_value(run.get(name)) for name in names)
    server.run(
        f"update {BASE}.run set run_id = run_id || '#' || run_no where run_id = {_value(run['run_id'])}",
        f"insert into {BASE}.run (run_no, {', '.join(names)}) overriding system value values ({number}, {values})",
    )


def _value(value: Any) -> str:
    return "null" if value is None else literal(str(value))


def _one_stream(server: Server) -> None:
    """Rows go as one stream, in order: more threads only wait for each other, at twice the processor seconds."""
    server.connection.execute("set threads = 1")
    server.run(f"set local maintenance_work_mem = '{KEY_MEMORY}'")


def _append(server: Server, table: Table, number: int) -> int:
    columns = list(table.columns)
    shown = ", ".join(f"to_json({quoted(name)})::varchar" if name in table.nested else quoted(name) for name in columns)
    target = f"pg.{table.part(number)} (run_no, {', '.join(map(quoted, columns))})"
    query = f"insert into {target} select {number}, {shown} from served.{table.view}"
    rows = int(server.connection.execute(query).fetchall()[0][0])
    server.run(*layout.attach_statements(table, number))
    return rows


def _make_views(server: Server, run_id: str, tables: Mapping[Name, Table], stored: Known) -> None:
    """Views of new tables, new columns at the end of old ones, and word of what is no longer served."""
    for table in tables.values():
        have = stored.get("__".join(table.name))
        added = [column for column in table.columns if have is not None and column not in have]
        retired = [column for column in have or () if column not in table.columns]
        if have is None or added or _news(server, table, retired):
            server.run(*layout.view_statements(table, [*(have or ()), *added] or list(table.columns)))
        changes = [*((column, "added") for column in added), *((column, "no longer served") for column in retired)]
        if changes:
            server.run(*(_announce(run_id, table, *change) for change in changes))
    for base, columns in stored.items():
        schema, _, name = base.partition("__")
        if (schema, name) not in tables:
            _keep_last(server, run_id, Table((schema, name), dict(columns)))


def _news(server: Server, table: Table, retired: Sequence[str]) -> bool:
    """Whether a column is retired by this run: the view's comments have to say so."""
    name = literal(".".join(table.name))
    where = f"table_name = {name} and change = 'no longer served' and accepted_at is null"
    told = server.rows(f"select column_name from {BASE}.change where {where}")
    return bool(set(retired) - {column for (column,) in told})


def _keep_last(server: Server, run_id: str, table: Table) -> None:
    """A table that is no longer served goes on showing its last rows, and says so, until that is accepted."""
    told = Table(table.name, table.columns, comment="No longer served: the rows of the last run that had it.")
    last = f"(select max(run_no) from {table.base})"
    server.run(_announce(run_id, table, None, "no longer served"))
    server.run(*layout.view_statements(told, list(table.columns), last))


def _write_rights(server: Server, rights: Sequence[Right]) -> None:
    rows = ", ".join(f"({', '.join(map(literal, right))})" for right in rights)
    server.run(f"delete from {BASE}.rights", f"insert into {BASE}.rights values {rows}" if rows else "select 1")


def _prune(server: Server, tables: Mapping[Name, Table], kept: int) -> None:
    """Old runs go; best effort: what a reader holds goes after a later run. The shown run stays, and so do the last
    rows of tables that are no longer served."""
    query = f"""select run_no from {BASE}.run where run_no <> {layout.CURRENT}
        order by run_id like '%#%', run_no desc offset {max(kept - 1, 0)}"""
    for (number,) in server.rows(query):
        try:
            with server.transaction():
                server.run(*_drop_parts(tables, number))
                server.run(f"delete from {BASE}.run where run_no = {number}")
        except duckdb.Error:
            continue  # a lock that somebody holds; the run itself is shown


def _drop_parts(tables: Mapping[Name, Table], number: int) -> Iterator[str]:
    """Those that point to others first: a part that is pointed to cannot go before."""
    for table in layout.pointing_first(tables):
        part, base = literal(table.part(number)), literal(table.base)
        yield (
            f"do $$ begin if exists (select from pg_inherits where inhrelid = to_regclass({part})"
            f" and inhparent = {base}::regclass) then"
            f" alter table {table.base} detach partition {table.part(number)}; end if; end $$"
        )
        yield f"drop table if exists {table.part(number)}"


def runs_of(url: str) -> list[tuple[str, Any, Any, bool]]:
    """The runs that the server keeps, newest first: run_id, as_of, published_at, whether it is shown."""
    with opened(url) as server:
        query = (
            "select run_id, as_of, published_at, coalesce(is_current, false) from control.runs order by published_at"
        )
        return [(row[0], row[1], row[2], bool(row[3])) for row in reversed(server.rows(query))]


def roll_back(url: str, run_id: str = "") -> str:
    """Show an earlier run again: the one before the shown one, or the one named. Returns its id."""
    with opened(url) as server:
        earlier = f"run_no < {layout.CURRENT} order by run_no desc limit 1"
        where = f"run_id like {literal(run_id.replace('%', '') + '%')}" if run_id else earlier
        runs = server.rows(f"select run_no, run_id from {BASE}.run where {where}")
        if len(runs) != 1:
            raise AlmanacError(f"PostgreSQL: {len(runs)} runs {f'begin with {run_id}' if run_id else 'are before it'}")
        with server.transaction():
            server.run(f"update {BASE}.current_run set run_no = {runs[0][0]}")
        return str(runs[0][1])


def accept(url: str, accepted_at: datetime) -> list[str]:
    """Let the views follow every change that was announced: retired columns and tables go, types change.

    Views that are built on these by others go with them, so this is a person's command. Returns what was done.
    accepted_at: naive UTC.
    """
    with opened(url) as server:
        query = (
            f"select table_name, column_name, change from {BASE}.change where accepted_at is null and change <> 'added'"
        )
        changes, stored = server.rows(query), known_columns(server)
        with server.transaction():
            for name in {table for table, _, _ in changes}:
                mine = [(column, change) for table, column, change in changes if table == name]
                schema, _, table = name.partition(".")
                server.run(*_accepted(Table((schema, table), dict(stored[f"{schema}__{table}"])), mine))
            server.run(f"update {BASE}.change set accepted_at = {literal(str(accepted_at))} where accepted_at is null")
        return [f"{table}{'.' + column if column else ''}: {change}" for table, column, change in changes]


def _accepted(table: Table, changes: Sequence[tuple[str | None, str]]) -> Iterator[str]:
    yield f"drop view if exists {table.view} cascade"
    yield f"drop view if exists {table.mine} cascade"
    if any(column is None for column, _ in changes):
        yield f"drop table {table.base} cascade"
        return
    gone = {column for column, change in changes if change == "no longer served"}
    for column, change in changes:
        if column in gone:
            yield f"alter table {table.base} drop column {quoted(column or '')} cascade"
        else:
            kind, name = change.partition(" to ")[2], quoted(column or "")
            yield f"alter table {table.base} alter column {name} type {kind} using {name}::text::{kind}"
    left = {column: kind for column, kind in table.columns.items() if column not in gone}
    yield from layout.view_statements(Table(table.name, left), list(left))
