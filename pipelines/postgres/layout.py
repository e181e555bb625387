"""What stands in the server besides rows: the runs and their pointer, roles, views, rights, changes of the layout."""

from collections.abc import Iterator, Mapping

from pipelines.home.warehouse import literal, quoted
from pipelines.postgres.tables import BASE, REFERENCES, SCHEMAS, Name, Table

READER, MANAGER = "almanac_reader", "almanac_manager"
CURRENT = f"(select run_no from {BASE}.current_run)"
# Columns by which a manager's rows are told: of a team, or of a person.
TEAM_COLUMNS = ("team", "owner_team")
OWNER_COLUMNS = ("owner_name", "rep_name", "owner_id", "rep_id")


def _role(name: str) -> str:
    return (
        f"do $$ begin if not exists (select from pg_roles where rolname = '{name}') then"
        f" create role {name} nologin; end if; end $$"
    )


# Layout 1. A later layout adds statements that lead from the one before; `almanac.layout` says which one a server has.
LAYOUT = (
    *(_role(name) for name in (READER, MANAGER)),
    *(f"create schema if not exists {schema}" for schema in (BASE, *SCHEMAS, "control", "mine")),
    f"create table if not exists {BASE}.layout (version integer primary key)",
    f"insert into {BASE}.layout values (1) on conflict do nothing",
    f"""create table if not exists {BASE}.run (
        run_no integer generated always as identity primary key, run_id text not null unique, run_kind text, as_of date,
        known_at timestamp, published_at timestamp, base_currency text, timezone text)""",
    f"""create table if not exists {BASE}.current_run (
        is_current boolean primary key default true check (is_current), run_no integer references {BASE}.run)""",
    f"""create table if not exists {BASE}.rights (
        login text, scope text check (scope in ('team', 'owner', 'all')), value text,
        unique nulls not distinct (login, scope, value))""",
    f"""create table if not exists {BASE}.change (
        change_id integer generated always as identity primary key, run_id text, table_name text, column_name text,
        change text, accepted_at timestamp,
        unique nulls not distinct (table_name, column_name, change, accepted_at))""",
    f"""create or replace view control.published as
        select run.run_id, run.run_kind, run.as_of, run.known_at, run.published_at, run.base_currency, run.timezone
        from {BASE}.run as run where run.run_no = {CURRENT}""",
    f"""create or replace view control.runs as
        select run.run_id, run.as_of, run.published_at, run.run_no = {CURRENT} as is_current from {BASE}.run as run""",
    f"""create or replace view control.schema_changes as
        select run_id, table_name, column_name, change, accepted_at from {BASE}.change""",
    "comment on view control.published is 'One row: the run whose rows all views show.'",
    "comment on view control.runs is 'One row per run that is kept; any of them can be shown again.'",
    "comment on view control.schema_changes is 'One row per change of a served table: what was added, and what is no"
    " longer served but still stands here until it is accepted.'",
    *(f"grant usage on schema {schema} to {READER}" for schema in (*SCHEMAS, "control")),
    f"grant usage on schema mine, control to {MANAGER}",
    f"grant select on control.published, control.runs, control.schema_changes to {READER}, {MANAGER}",
)


def base_statements(table: Table, stored: Mapping[str, str] | None) -> Iterator[str]:
    """What makes the base table hold the served columns: a part per run, so that loading one is in nobody's way."""
    if stored is None:
        columns = "".join(f", {quoted(name)} {kind}" for name, kind in table.columns.items())
        key = f", {key_of(table)}" if table.key else ""
        yield f"create table {table.base} (run_no integer not null{columns}{key}) partition by list (run_no)"
        return
    for name, kind in table.columns.items():
        if name not in stored:
            yield f"alter table {table.base} add column {quoted(name)} {kind}"


def key_of(table: Table) -> str:
    """The primary key of the base table and of each part."""
    return f"primary key (run_no, {', '.join(map(quoted, table.key))})"


def part_statements(table: Table, number: int) -> str:
    """A run's part, not attached yet: filled first and keyed then, which takes a third of the time."""
    return f"create table {table.part(number)} (like {table.base}, check (run_no = {number}))"


def attach_statements(table: Table, number: int) -> Iterator[str]:
    """The key of a filled part, and the part into its table."""
    if table.key:
        yield f"alter table {table.part(number)} add {key_of(table)}"
    yield f"alter table {table.base} attach partition {table.part(number)} for values in ({number})"


def foreign_keys(table: Table, tables: Mapping[Name, Table]) -> Iterator[tuple[str, Table, str]]:
    """Column, table it points to and the statement. Not enforced (PostgreSQL 18): that costs ten times the load."""
    for column, target in REFERENCES.items():
        pointed = tables.get(target)
        if column in table.columns and pointed and pointed.name != table.name and pointed.key == (column,):
            yield (
                column,
                pointed,
                f"alter table {table.base} add foreign key (run_no, {quoted(column)})"
                f" references {pointed.base} (run_no, {quoted(column)}) not enforced",
            )


def pointing_first(tables: Mapping[Name, Table]) -> list[Table]:
    """The tables in an order in which none comes before one that points to it; those in a circle come last."""
    left, ordered = dict(tables), list[Table]()
    while left:
        pointed = {target.name for table in left.values() for _, target, _ in foreign_keys(table, tables)}
        free = [table for table in left.values() if table.name not in pointed] or list(left.values())
        ordered += free
        left = {name: table for name, table in left.items() if table not in free}
    return ordered


def view_statements(table: Table, columns: list[str], shown: str = CURRENT) -> Iterator[str]:
    """The views on a base table. columns: all that the view has, retired ones included; shown: which run's rows."""
    listed = ", ".join(f"base.{quoted(column)}" for column in columns)
    source = f"from {table.base} as base where base.run_no = {shown}"
    yield f"create or replace view {table.view} as select {listed} {source}"
    yield f"grant select on {table.view} to {READER}"
    yield from _comments(table.view, table, columns)
    if mine := _mine(table):
        yield f"create or replace view {table.mine} with (security_barrier) as select {listed} {source} and {mine}"
        yield f"grant select on {table.mine} to {MANAGER}"
        yield from _comments(table.mine, table, columns)


def _mine(table: Table) -> str:
    """The rows of a login, by the rights table. By session_user: `set role` and settings do not change it."""
    tests = ["rights.scope = 'all'"]
    tests += [f"rights.scope = 'team' and rights.value = base.{name}" for name in TEAM_COLUMNS if name in table.columns]
    tests += [
        f"rights.scope = 'owner' and rights.value = base.{name}" for name in OWNER_COLUMNS if name in table.columns
    ]
    if len(tests) == 1:
        return ""
    return (
        f"exists (select from {BASE}.rights as rights where rights.login = session_user"
        f" and ({' or '.join(f'({test})' for test in tests)}))"
    )


def _comments(view: str, table: Table, columns: list[str]) -> Iterator[str]:
    """A view does not inherit the comments of its table."""
    if table.comment:
        yield f"comment on view {view} is {literal(table.comment)}"
    for column in columns:
        if column not in table.columns:
            yield f"comment on column {view}.{quoted(column)} is 'No longer served: see control.schema_changes.'"
        elif column in table.comments:
            yield f"comment on column {view}.{quoted(column)} is {literal(table.comments[column])}"
