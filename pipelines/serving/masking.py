"""Personal data on its way out: what a contract declares under `pii:` is served as a keyed hash, or not at all.

Matching needs the plain values, so they stay in the working file; the served copy is where they end.
"""

import hashlib
from collections.abc import Mapping
from typing import Literal

import duckdb

from pipelines.contracts import SourceContract, canonical_objects
from pipelines.home import warehouse

Treatment = Literal["hash", "drop"]
_BLOCK = 64  # bytes of a SHA-256 block

# Columns that hold values of other columns: which one stands beside them in `column_name`.
VALUES_OF_COLUMNS = ("old_value", "new_value")
# Served columns that hold a canonical column under another name, or quote it.
SERVED_AS = {"account_name": ("customer_name", "standard_name", "question")}


def personal_columns(contracts: Mapping[str, SourceContract]) -> dict[str, Treatment]:
    """Served column -> what to do with it. A column that one contract drops and another hashes is dropped.

    By name and over all systems: a golden attribute may come from any of them, so one system's promise binds them all.
    What a canonical object marks as personal, a contact's telephone for one, is hashed without being asked.
    """
    declared = (objects.columns.items() for objects in canonical_objects().values())
    treatments: dict[str, Treatment] = {name: "hash" for columns in declared for name, column in columns if column.pii}
    for item in (item for contract in contracts.values() for item in contract.objects):
        for column, treatment in item.pii.items():
            for served in (column, *SERVED_AS.get(column, ())):
                treatments[served] = "drop" if "drop" in (treatment, treatments.get(served)) else "hash"
    return treatments


def masked(columns: list[str], treatments: Mapping[str, Treatment], has_key: bool) -> str:
    """A select list in which personal columns are hashed by the macro `keyed_hash`, or null.

    Without a key a hash could be undone by trying every telephone number, so nothing is served instead. In a table of
    changed values the rows of personal columns are masked.
    """

    def hidden(name: str, treatment: Treatment) -> str:
        # nullif of itself is null in the column's own type
        return f"keyed_hash({name})" if treatment == "hash" and has_key else f"nullif({name}, {name})"

    def expression(column: str) -> str:
        name, treatment = warehouse.quoted(column), treatments.get(_one_of_a_pair(column))
        if column in VALUES_OF_COLUMNS and "column_name" in columns and treatments:
            cases = (f"when {_literal(item)} then {hidden(name, how)}" for item, how in sorted(treatments.items()))
            return f"case column_name {' '.join(cases)} else {name} end as {name}"
        return f"{hidden(name, treatment)} as {name}" if treatment else name

    return ", ".join(expression(column) for column in columns)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _one_of_a_pair(column: str) -> str:
    """Tables of pairs hold each column twice, as `_l` and `_r`."""
    return column[:-2] if column.endswith(("_l", "_r")) else column


def create_keyed_hash(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Create the temporary macro `keyed_hash(value)`: HMAC-SHA-256 as hex (RFC 2104), written out in SQL.

    A Python function called per row would cost minutes on a million rows.
    """
    secret = key.encode()
    block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
    outer, inner = (_blob(bytes(byte ^ pad for byte in block)) for pad in (0x5C, 0x36))
    text = "encode(cast(value as varchar))"
    connection.execute(
        f"create or replace temp macro keyed_hash(value) as sha256({outer} || unhex(sha256({inner} || {text})))"
    )


def _blob(content: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in content) + "'::blob"
