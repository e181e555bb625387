"""The `keys.*` tables: every distinct value of raw, parsed once and kept until the rules change."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.home.settings import Settings
from pipelines.home.warehouse import frames, write
from pipelines.keys import contacts
from pipelines.keys.company_name import NameKey, parse_names, simplified
from pipelines.keys.countries import country_keys
from pipelines.keys.latin import folded
from pipelines.keys.lexicon import KNOWN_GIVEN_NAMES
from pipelines.keys.tax import tax_id_keys
from pipelines.keys.trades import trade
from pipelines.keys.writing import writing


def name_keys(values: pl.Series) -> pl.DataFrame:
    """One row per name: `name`, the fields of `NameKey`, and how it is written.

    `digits`, `word_count` and `letter_mask` are of its core, `script` and `is_plain` of the whole name. folded_core:
    the sorted core where Müller, Mueller and Muller are one. spoken: sound and trade of a company, alike in Chinese and
    in English. is_given_known: the given name is in the list of names.
    """
    names = values.to_list()
    parsed = _parse(names)
    kinds = NameKey.__annotations__
    frame = pl.DataFrame(
        {"name": values, **{field: pl.Series(parsed[i], dtype=_dtype(kinds[field])) for i, field in enumerate(kinds)}}
    )
    core = pl.col("core")
    return frame.with_columns(
        *writing(values, simplified(names)),
        digits=core.str.replace_all(r"[^0-9]", ""),
        word_count=core.str.count_matches(" ", literal=True) + 1,
        folded_core=folded(frame["sorted_core"]),
        spoken=pl.Series(
            [_spoken(*row) for row in frame.select("sound", "core", "brand").iter_rows()], dtype=pl.String
        ),
        is_given_known=pl.col("given").is_in(KNOWN_GIVEN_NAMES),
        letter_mask=pl.Series(letter_masks(frame["core"].to_list()), dtype=pl.UInt64),
    )


def _spoken(sound: str, core: str, brand: str) -> str | None:
    named = trade(core, brand) if sound else ""
    return f"{sound}|{named}" if named else None


def letter_masks(texts: list[str]) -> npt.NDArray[np.uint64]:
    """64 bits per text, set by its characters: a bit that only one of two texts has is a character they do not share.

    Matching compares these bits first, because comparing two names letter by letter is expensive.
    """
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    letters = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    bits = np.left_shift(np.uint64(1), (letters % 64).astype(np.uint64))
    masks = np.zeros(len(texts), dtype=np.uint64)
    filled = lengths > 0
    if filled.any():
        masks[filled] = np.bitwise_or.reduceat(bits, (np.cumsum(lengths) - lengths)[filled])
    return masks


def _dtype(kind: type) -> pl.DataType:
    return pl.Boolean() if kind is bool else pl.String()


def _parse(names: list[str]) -> list[tuple]:
    return list(zip(*parse_names(names), strict=True)) or [() for _ in NameKey._fields]


# keys.<table> -> the raw columns it covers, and the function that parses their distinct values.
TABLES: dict[str, tuple[tuple[str, ...], str, Callable[[pl.Series], pl.DataFrame]]] = {
    "names": (("account_name", "contact_name"), "name", name_keys),
    "phones": (("phone",), "value", contacts.phone_keys),
    "emails": (("email",), "value", contacts.email_keys),
    "websites": (("website",), "value", contacts.website_keys),
    "tax_ids": (("tax_id",), "value", tax_id_keys),
    "addresses": (("address",), "value", contacts.address_keys),
    "places": (("city", "province"), "value", contacts.place_keys),
    "countries": (("country",), "value", country_keys),
}


def build_keys(settings: Settings) -> dict[str, int]:
    """Fill `keys.*` for every distinct value of raw. Returns the rows of each table."""
    with write(settings) as connection:
        return build_key_tables(connection, schema="raw")


def build_key_tables(connection: duckdb.DuckDBPyConnection, schema: str) -> dict[str, int]:
    """Parse the values of one schema that have no key yet; all of them when the rules have changed."""
    connection.execute("create schema if not exists keys")
    _drop_keys_of_other_rules(connection)
    for table, (columns, value, parse) in TABLES.items():
        _add_new_values(connection, schema, table, columns, value, parse)
    return {table: _count(connection, table) for table in TABLES}


def parse_values(connection: duckdb.DuckDBPyConnection, schema: str, into: str) -> None:
    """The keys of all values of one schema as tables of another, ignoring kept keys: for a few records."""
    for table, (columns, value, parse) in TABLES.items():
        distinct = connection.execute(f"select distinct value from ({_values(connection, schema, columns)})").pl()
        values = distinct["value"].cast(pl.String).drop_nulls().sort()
        with frames(connection, parsed=parse(values.rename(value))):
            connection.execute(f"create table {into}.{table} as from parsed")


def _exists(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    query = "select 1 from information_schema.tables where table_schema = 'keys' and table_name = ?"
    return connection.execute(query, [table]).fetchone() is not None


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from keys.{table}").fetchone()
    return int(row[0]) if row else 0


def rules_version() -> str:
    """A digest of the parsing rules: keys made by other rules are dropped."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _drop_keys_of_other_rules(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create table if not exists keys.rules (version varchar)")
    if connection.execute("select version from keys.rules").fetchall() == [(rules_version(),)]:
        return
    for table in TABLES:
        connection.execute(f"drop table if exists keys.{table}")
        connection.execute(f"drop table if exists keys.{table}_seen")
    connection.execute("create or replace table keys.rules as select ? as version", [rules_version()])


def _add_new_values(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    table: str,
    columns: tuple[str, ...],
    value: str,
    parse: Callable[[pl.Series], pl.DataFrame],
) -> None:
    connection.execute(f"create table if not exists keys.{table}_seen (value varchar)")
    new = connection.execute(
        f"select distinct value from ({_values(connection, schema, columns)}) anti join keys.{table}_seen using (value)"
        " where value is not null order by value"
    ).pl()
    if new.is_empty() and _exists(connection, table):
        return
    with frames(connection, parsed=parse(new["value"].cast(pl.String).rename(value)), unseen=new):
        connection.execute(f"create table if not exists keys.{table} as select * from parsed limit 0")
        connection.execute(f"insert into keys.{table} by name select * from parsed")
        connection.execute(f"insert into keys.{table}_seen select value from unseen")


def _values(connection: duckdb.DuckDBPyConnection, schema: str, columns: tuple[str, ...]) -> str:
    """A query over the columns in all tables of the schema."""
    sources = connection.execute(
        "select table_name, column_name from information_schema.columns where table_schema = ?"
        " and list_contains(?, column_name) and data_type = 'VARCHAR' order by all",
        [schema, list(columns)],
    ).fetchall()
    union = " union all ".join(f'select "{column}" as value from {schema}."{source}"' for source, column in sources)
    return union or "select null::varchar as value where false"
