"""Day before month, or month before day: decided for a whole column, on evidence, or the file is refused."""

import duckdb

from pipelines.contracts import ObjectContract, SourceContract, canonical_objects
from pipelines.ingest.dates import AMBIGUOUS, needs_order
from pipelines.ingest.shape import Shape
from pipelines.ingest.source import FileRefusedError, Source
from pipelines.ingest.values import Rules
from pipelines.warehouse import quoted


def column_rules(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    shape: Shape,
    source: Source,
    zone: str,
) -> dict[str, Rules]:
    """What each column inherits, date order included; `*` holds for cells that are no canonical column."""
    form = contract.number_format or system.number_format
    general = Rules(zone, form, (*system.null_words, *contract.null_words))
    types = canonical_objects()[contract.object].columns
    open_columns = {
        name: headers[0]
        for name, headers in shape.columns.items()
        if headers and types[name].type in ("date", "timestamp") and needs_order(contract.columns[name].formats)
    }
    found = _orders(connection, source, open_columns)
    return {
        "*": general,
        **{name: Rules(zone, form, general.null_words, found.get(name)) for name in contract.columns},
    }


def _orders(connection: duckdb.DuckDBPyConnection, source: Source, columns: dict[str, str]) -> dict[str, str]:
    """Order per column that holds slashed dates; a column without any needs none."""
    found = {}
    for name, header in columns.items():
        cell = f"trim({quoted(header)})"
        evidence = connection.execute(
            f"select count(*), max(first), max(second), arg_max(text, first), arg_max(text, second) from ("
            f"select {cell} as text, try_cast(regexp_extract({cell}, '^(\\d+)', 1) as integer) as first, "
            f"try_cast(regexp_extract({cell}, '^\\d+[/-](\\d+)', 1) as integer) as second "
            f"from {source.relation} where regexp_matches({cell}, '{AMBIGUOUS}'))"
        ).fetchone()
        if evidence and evidence[0]:
            found[name] = _decided(header, *evidence)
    return found


def _decided(header: str, count: int, first: int, second: int, first_text: str, second_text: str) -> str:
    if first > 12 and second > 12:
        raise FileRefusedError(
            "mixed_date_order",
            f"{header!r} holds both {first_text!r} (day first) and {second_text!r} (month first): part the files, "
            "or name the one right format in `formats`",
        )
    if first <= 12 and second <= 12:
        raise FileRefusedError(
            "undecidable_date_order",
            f"{header!r}: none of {count} dates such as {first_text!r} has a number above 12, so day and month cannot be "
            "told apart: name the format in `formats`",
        )
    return "dmy" if first > 12 else "mdy"
