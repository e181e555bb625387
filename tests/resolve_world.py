"""Matching tables written by hand: what the step that gives ids reads, in a database of any kind."""

from dataclasses import dataclass, field
from datetime import date, datetime

import duckdb
import numpy as np
import polars as pl

from pipelines.home.warehouse import frames
from pipelines.resolve import ids
from pipelines.resolve.update import resolve_affected

FIRST = datetime(2026, 1, 1)
Pairs = list[tuple[str, float]]  # two letters, each a record of the CRM, and their bits
RECORDS = {
    "record_no": pl.Int64,
    "source_system": pl.String,
    "source_id": pl.String,
    "account_name": pl.String,
    "tax_id_key": pl.String,
    "is_tax_id_valid": pl.Boolean,
}
ENDS = {"record_no_l": pl.Int64, "record_no_r": pl.Int64}
PAIRS = {**ENDS, "score_bits": pl.Float64, "is_unproven": pl.Boolean}
LINKS = {**ENDS, "is_same": pl.Boolean, "rule": pl.String, "cause": pl.String}
KEYS = dict.fromkeys(["source_system", "source_id", "namespace", "namespace_key"], pl.String)
EXPORTS = {"source_system": pl.String, "source_id": pl.String, "exported_at": pl.Datetime("us")}


def number(record: str) -> int:
    """The number matching gave a record: later letters have smaller ones, as records of another run may have."""
    return 900 - ord(record)


def tables(
    records: str, pairs: Pairs, *, apart: str = "", same: str = "", keys: str = ""
) -> dict[str, tuple[list[tuple[object, ...]], dict[str, object]]]:
    """Rows and columns of the tables of one night. apart, same: pairs that Li decided; keys: that share a number."""
    kinds = ((apart, False, "override"), (same, True, "override"), (keys, True, "namespace"))
    links = [(*map(number, pair), is_same, rule, f"li: {pair}") for of, is_same, rule in kinds for pair in of.split()]
    exports = [("crm", one, FIRST) for one in records]
    return {
        "matching.mtc_records": ([(number(one), "crm", one, one, None, False) for one in records], RECORDS),
        "matching.mtc_pairs": ([(*map(number, ends), bits, False) for ends, bits in pairs], PAIRS),
        "matching.mtc_certain_links": (links, LINKS),
        "matching.mtc_namespaces": ([], KEYS),
        "raw.accounts": (exports, EXPORTS),
        "staging.stg_account_records": (exports, EXPORTS),
    }


def fill(connection: duckdb.DuckDBPyConnection, records: str, pairs: Pairs, **links: str) -> None:
    """Make the tables of one night."""
    for name, (rows, kinds) in tables(records, pairs, **links).items():
        connection.execute(f"create schema if not exists {name.split('.')[0]}")
        with frames(connection, rows=pl.DataFrame(rows, schema=kinds, orient="row")):  # type: ignore[arg-type]
            connection.execute(f"create or replace table {name} as from rows")


def begin() -> duckdb.DuckDBPyConnection:
    """A database in memory in which no id was ever given; a single thread, since its tables have a few rows."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("create schema resolved")
    with frames(connection, log=pl.DataFrame(schema=ids.LOG_COLUMNS)):
        connection.execute("create table resolved.customer_events as from log")
    return connection


@dataclass
class Nights:
    """Nights of one company, each of which updates what the one before left."""

    connection: duckdb.DuckDBPyConnection = field(default_factory=begin)
    count: int = 0

    def night(self, records: str, pairs: Pairs, affected: str | None = None, **links: str) -> list[tuple[str, str]]:
        """Update the customers of the affected records, or of all; returns `record, event` of the new log rows."""
        self.count += 1
        fill(self.connection, records, pairs, **links)
        numbers = None if affected is None else np.array([number(one) for one in affected], dtype=np.int64)
        day = {"as_of": date(2026, 1, self.count), "recorded_at": datetime(2026, 1, self.count)}
        events = resolve_affected(self.connection, numbers, {"run_id": f"r{self.count}", **day})
        return sorted(events.select("source_id", "event").rows())

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds in `resolved`."""
        return self.connection.execute(query).fetchall()

    @property
    def customers(self) -> dict[str, str]:
        """Record -> id."""
        return dict(self.rows("select source_id, customer_id from resolved.customer_map"))  # type: ignore[arg-type]

    @property
    def asked(self) -> list[tuple[object, ...]]:
        """Pairs to review, as `records, kind, bits`."""
        return self.rows(
            "select source_id_l || source_id_r, kind, score_bits from resolved.customer_reviews order by all"
        )
