"""What the whole of a column says before it is cast: whether it is written plainly, and whether days come first.

Day before month, or month before day, is decided for a column on evidence, or the file is refused. Plainly written
columns (nearly all) are then read by a plain cast; the careful expressions are slow to plan and to run.
"""

import re
from dataclasses import replace

import duckdb

from pipelines.contracts import CanonicalColumn, Column, ObjectContract, SourceContract, canonical_objects
from pipelines.ingest.dates import AMBIGUOUS, needs_order
from pipelines.ingest.numbers import add_number
from pipelines.ingest.shape import Shape
from pipelines.ingest.source import FileRefusedError, Source
from pipelines.ingest.values import NUMERIC, Rules, cell_sql, is_padded_sql, is_plain_sql, number_kind
from pipelines.warehouse import quoted

# A plain cast would read such a null word, `9999-12-31` for one, as the value it looks like.
_A_VALUE = re.compile(r"[-+.]?\d")


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
    general = Rules(zone, form, (*system.null_words, *contract.null_words), is_padded=source.odd_blanks)
    read = {name: headers for name, headers in shape.columns.items() if headers}
    probes = [_probe(name, headers, contract, general) for name, headers in read.items()]
    keys = " or ".join(is_padded_sql(quoted(header)) for header in shape.keys.values())
    probes.append(f"count(*) filter ({keys})" if keys and not general.is_padded else "1")
    counts = connection.execute(f"select {', '.join(probes)} from {source.relation}").fetchone()
    assert counts is not None
    rules = {**dict.fromkeys(contract.columns, general), "*": replace(general, is_padded=counts[-1] > 0)}
    for (name, headers), odd in zip(read.items(), counts[:-1], strict=True):
        rules[name] = _rules(connection, source, contract, name, headers[0], general, odd)
    return rules


def _rules(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    contract: ObjectContract,
    name: str,
    header: str,
    general: Rules,
    odd: int,
) -> Rules:
    """The rules of one column, given how many of its cells are not plain. Reads its numbers with care where needed."""
    column, canonical = contract.columns[name], canonical_objects()[contract.object].columns[name]
    kind = canonical.type
    if kind in ("text", "boolean"):
        return replace(general, is_padded=odd > 0)
    careful = replace(general, is_padded=True)
    hides_values = any(_A_VALUE.match(word) for word in (*general.null_words, *column.null_words))
    if not hides_values and (odd == 0 or _only_null_words(connection, source, column, canonical, header, careful)):
        return replace(general, is_plain=True)
    if kind in NUMERIC:
        text = cell_sql(header, column, careful, kind)
        text = f"rtrim(replace({text}, '％', '%'), '% ')" if kind == "share" else text
        add_number(
            connection,
            f"~number {name}",
            quoted(header),
            text,
            column.number_format or general.number_format,
            number_kind(column, canonical),
        )
        return careful
    order = _order(connection, source, header) if needs_order(column.formats) else None
    return replace(careful, order=order)


def _only_null_words(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    column: Column,
    canonical: CanonicalColumn,
    header: str,
    rules: Rules,
) -> bool:
    """Whether every cell that a plain cast does not read is a word for nothing."""
    plain = is_plain_sql(quoted(header), column, canonical, rules)
    if plain is None:
        return False
    left = f"select {cell_sql(header, column, rules, canonical.type)} as text from {source.relation} where not {plain}"
    found = connection.execute(f"select count(*) from ({left}) where text is not null").fetchone()
    return found == (0,)


def _probe(name: str, headers: tuple[str, ...], contract: ObjectContract, rules: Rules) -> str:
    """SQL that counts the cells of a column that are padded, or that a plain cast would not read."""
    column, canonical = contract.columns[name], canonical_objects()[contract.object].columns[name]
    if canonical.type in ("text", "boolean"):
        padded = " or ".join(is_padded_sql(quoted(header)) for header in headers)
        return "1" if rules.is_padded else f"count(*) filter ({padded})"
    plain = is_plain_sql(quoted(headers[0]), column, canonical, rules)
    if plain is None or len(headers) > 1:
        return "1"
    return f"count(*) filter ({quoted(headers[0])} is not null and not {plain})"


def _order(connection: duckdb.DuckDBPyConnection, source: Source, header: str) -> str | None:
    """dmy or mdy where the column holds slashed dates, None where it holds none."""
    cell = f"trim({quoted(header)})"
    evidence = connection.execute(
        "select count(*), max(first), max(second), arg_max(text, first), arg_max(text, second) from ("
        f"select {cell} as text, try_cast(regexp_extract({cell}, '^(\\d+)', 1) as integer) as first, "
        f"try_cast(regexp_extract({cell}, '^\\d+[/-](\\d+)', 1) as integer) as second "
        f"from {source.relation} where regexp_matches({cell}, '{AMBIGUOUS}'))"
    ).fetchone()
    return _decided(header, *evidence) if evidence and evidence[0] else None


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
            f"{header!r}: none of {count} dates such as {first_text!r} has a number above 12, so day and month cannot "
            "be told apart: name the format in `formats`",
        )
    return "dmy" if first > 12 else "mdy"
