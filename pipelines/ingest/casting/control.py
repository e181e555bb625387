"""Which rows of a file are no records: totals, repeated headers, blank lines, rows that the contract excludes."""

import duckdb

from pipelines.contracts import ObjectContract
from pipelines.home.warehouse import literal, quoted
from pipelines.ingest.casting.contract_sql_errors import sql_refused
from pipelines.ingest.formats.source import FOOTER, Source, folded


def create_marked(connection: duckdb.DuckDBPyConnection, table: str, source: Source, contract: ObjectContract) -> None:
    """Create a table whose SQL marks control rows. Raises FileRefusedError where the contract's `where` fails."""
    try:
        connection.execute(f"create table {table}")
    except (duckdb.BinderException, duckdb.ParserException, duckdb.ConversionException) as error:
        raise sql_refused(connection, contract, source.headers, error, "where") from error


def control_sql(source: Source, contract: ObjectContract) -> str:
    """SQL that is true for rows that are no records: a total, the header again, or excluded by the contract's `where`.

    A `where` that is NULL, as on an empty cell, excludes nothing. Totals and blank rows are detected by the file's own
    cells, as added columns are filled in every row.
    `case` and not `coalesce` or `and`: only `case` stops reading cells at the first filled one.
    """
    own = [header for header in source.headers if header not in source.added]
    raw = [quoted(header) for header in own]
    filled = " ".join(f"when trim({cell}) <> '' then {cell}" for cell in raw)
    first = f"case {filled} end"
    words = "|".join(word.replace("'", "''") for word in contract.reader.totals)
    trimmed = ", ".join(f"trim({cell})" for cell in raw)
    numbers_only = f"len(list_filter([{trimmed}], lambda cell: regexp_matches(cell, '[A-Za-z一-龥]'))) = 1"
    rules = [f"({first}) is null"]
    if words:
        pattern = rf"(?i)\s*({words})\s*([:：(（\d].*)?"
        is_record = _has_own_key_sql(contract, own, first)
        is_total = f"{numbers_only} and not {is_record}" if is_record else numbers_only
        rules.append(f"(case when regexp_full_match({first}, '{pattern}') then {is_total} else false end)")
    if len(raw) > 2:  # a record has more than its first cell
        second, *rest = [f"coalesce(trim({cell}), '') = ''" for cell in raw[1:]]
        is_footer = f"{' and '.join(rest)} and coalesce(regexp_matches({raw[0]}, {literal(FOOTER)}), false)"
        rules.append(f"(case when {second} then {is_footer} else false end)")
    named = [header for header in own if not header.startswith("column_")][:3]
    if len(named) > 1:
        again = " and ".join(f"trim({quoted(header)}) = {literal(header)}" for header in named)
        rules.append(f"(case when contains({quoted(named[0])}, {literal(named[0])}) then {again} else false end)")
    if contract.where:
        rules.append(f"not coalesce(({contract.where}), true)")
    return f"coalesce({' or '.join(rules)}, false)"


def _has_own_key_sql(contract: ObjectContract, headers: list[str], first: str) -> str:
    """SQL that is true where the row's key is filled beside the word: account 1001 is called Total. Empty: no key."""
    spelled = {folded(header): header for header in headers}
    named = [contract.columns[part].source if part in contract.columns else (part,) for part in contract.key]
    cells = [next((spelled[folded(name)] for name in names if folded(name) in spelled), "") for names in named]
    if not contract.has_key or not cells or "" in cells:
        return ""
    filled = " and ".join(f"trim({quoted(cell)}) <> ''" for cell in cells)
    beside = " and ".join(f"trim({quoted(cell)}) <> trim({first})" for cell in cells)
    return f"coalesce({filled} and {beside}, false)"
