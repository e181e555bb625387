"""Review packs for named people: the pages of a role, with the rows of a team or a person alone.

An edition holds no other row than its recipient's: its pages are drawn from views that let no other through. It is not
access control all the same: whoever can open the folder can read it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.home.warehouse import literal, quoted
from pipelines.report.served import SERVED, Served, columns_of, opened

MINE = "mine"
PAGES_OF: Mapping[str, tuple[str, ...]] = {
    "executive": ("executive", "forecasts", "planning"),
    "manager": ("people", "pipeline", "due", "customers", "forecasts"),
    "rep": ("pipeline", "due", "people", "customers"),
    "data_engineer": ("quality", "reviews"),
}
WHOLE = ("executive", "data_engineer")  # roles that see every row of their pages
TEAM_COLUMNS = ("team", "owner_team")
OWNER_COLUMNS = ("rep_id", "rep_name", "owner_name")  # of whoever sells; `owner` may be a steward
OF_NOBODY = ("marts.stages", "marts.calendar", "marts.products", "control.published", "control.tables")
NOBODY = "select null::varchar as key where false"
KEYS = {"opportunity_id": "own_deals", "unique_id": "own_series", "customer_id": "own_customers"}


@dataclass(frozen=True)
class Edition:
    """Whom an edition is for. value: the team of a manager, the name or id of a rep; empty for roles that see all."""

    recipient: str
    role: str
    value: str = ""

    @property
    def pages(self) -> tuple[str, ...]:
        """The pages of the role, the first of which is opened."""
        return PAGES_OF[self.role]


@contextmanager
def edition_of(edition: Edition, file: Path, status: Path | None = None) -> Iterator[Served]:
    """The published file as this recipient may see it; data quality is only for who sees every row."""
    with opened(file, status if edition.role in WHOLE else None) as served:
        if edition.role in WHOLE:
            yield served
            return
        connection = served.connection
        connection.execute(f"attach ':memory:' as {MINE}")
        _own_keys(connection, edition, served)
        for name, columns in served.columns.items():
            if test := "true" if name in OF_NOBODY else own_rows(edition, columns):
                schema, table = name.split(".")
                connection.execute(f"create schema if not exists {MINE}.{quoted(schema)}")
                place = f"{quoted(schema)}.{quoted(table)}"
                connection.execute(f"create view {MINE}.{place} as select * from {SERVED}.{place} where {test}")
        connection.execute(f"use {MINE}")
        yield Served(connection, columns_of(connection, MINE))


def own_rows(edition: Edition, columns: frozenset[str]) -> str:
    """The condition that only the recipient's rows of a table meet; empty where no column tells whose a row is."""
    if edition.role == "manager":
        for column in TEAM_COLUMNS:
            if column in columns:
                return f"{column} = {literal(edition.value)}"
    for column in OWNER_COLUMNS:
        if column in columns:
            return _among(column, "own_reps")
    if "opportunity_id" in columns:
        return _among("opportunity_id", KEYS["opportunity_id"])
    if {"level", "member"} <= columns:
        return _own_members(edition)
    return next((_among(column, keys) for column, keys in KEYS.items() if column in columns), "")


def _own_members(edition: Edition) -> str:
    reps = f"level = 'rep' and {_among('member', 'own_reps')}"
    return f"({reps} or level = 'team' and member = {literal(edition.value)})" if edition.role == "manager" else reps


def _among(column: str, keys: str) -> str:
    return f"{column} in (select key from {MINE}.main.{keys})"


def _own_keys(connection: duckdb.DuckDBPyConnection, edition: Edition, served: Served) -> None:
    """The recipient's reps by id and by name, and the keys of their deals, customers and series."""
    connection.execute(f"create table {MINE}.main.own_reps as {_own_reps(edition, served)}")
    for table, key, keys in (
        ("marts.opportunities", "opportunity_id", "own_deals"),
        ("forecast.series", "unique_id", "own_series"),
        ("marts.customers", "customer_id", "own_customers"),
    ):
        columns = served.columns.get(table, frozenset())
        test = _own_members(edition) if keys == "own_series" else own_rows(edition, columns - {"customer_id"})
        found = f"select {key} as key from {SERVED}.{table} where {test}" if key in columns and test else NOBODY
        connection.execute(f"create table {MINE}.main.{keys} as {found}")


def _own_reps(edition: Edition, served: Served) -> str:
    """A name that two reps share asks for nobody and tells nobody's rows: their ids do."""
    value = literal(edition.value)
    if not served.has("marts.reps", "rep_id", "rep_name", "team"):
        return f"select {value} as key" if edition.role == "rep" else NOBODY
    alone = f"rep_name = {value} and count(*) over (partition by rep_name) = 1"
    is_own = f"team = {value}" if edition.role == "manager" else f"rep_id = {value} or {alone}"
    return f"""
        with reps as (select rep_id, rep_name, coalesce({is_own}, false) as is_own from {SERVED}.marts.reps)

        select rep_id as key from reps where is_own
        union
        select rep_name from reps where rep_name is not null group by rep_name having bool_and(is_own)
    """
