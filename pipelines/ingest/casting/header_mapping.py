"""The headers of a file against the headers of its contract: what is found, renamed, new or missing."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.contracts import Column, ObjectContract
from pipelines.home.warehouse import quoted
from pipelines.ingest.formats.source import SHEET, FileRefusedError, folded

# What the reader adds, kept in _extra: the header that a value stood under, the sheet that a record stands on.
UNPIVOTED = "_column"


@dataclass(frozen=True)
class Shape:
    """Which header of the file feeds what.

    columns: canonical column to the headers it is read from (several for a join).
    keys: key part to its header, for parts that are source headers and not canonical columns.
    said: name in double quotes in an expression to its header, where it is no canonical column.
    extra: headers nobody asked for; they are kept in `_extra` and reported.
    """

    columns: dict[str, tuple[str, ...]]
    keys: dict[str, str]
    said: dict[str, str]
    extra: tuple[str, ...]
    warnings: tuple[str, ...]


def fit(contract: ObjectContract, headers: list[str]) -> Shape:
    """Match the contract to the headers. Raises FileRefusedError naming each missing header and the nearest found."""
    known = {folded(header): header for header in reversed(headers)}
    columns = {name: _headers_of(column, known) for name, column in contract.columns.items()}
    missing = [
        missing_header(column.source or column.join, headers)
        for name, column in contract.columns.items()
        if (column.source or column.join) and not columns[name] and not column.optional
    ]
    canonical = set(contract.columns)
    optional = {namespace.column for namespace in contract.key_namespace if namespace.optional}
    loose = [part for part in _loose_parts(contract) if part not in canonical]
    loose = [part for part in loose if folded(part) in known or part not in optional]
    missing += [missing_header((part,), headers) for part in loose if folded(part) not in known]
    if missing:
        raise FileRefusedError("missing_header", "; ".join(missing) + ": rename it in the contract's `from`")
    said = _said(contract, known)
    used = (
        {header for found in columns.values() for header in found}
        | {known[folded(part)] for part in loose}
        | set(said.values())
    )
    used |= {known[folded(name)] for name in _mentioned(contract) if folded(name) in known}
    ignored = {folded(header) for header in contract.ignore}
    extra = tuple(header for header in headers if header not in used and folded(header) not in ignored)
    added = ", ".join(header for header in extra if header not in (UNPIVOTED, SHEET))
    warnings = (f"new columns kept in _extra: {added}",) if added else ()
    return Shape(columns, {part: known[folded(part)] for part in loose}, said, extra, warnings)


def expression_sql(expression: str, said: Mapping[str, str]) -> str:
    """The contract's SQL with each header it names in the place where its cell stands."""
    for name in said:
        expression = expression.replace(quoted(name), quoted(f"~cell {name}"))
    return expression


def _said(contract: ObjectContract, known: dict[str, str]) -> dict[str, str]:
    """The headers that expressions name. Raises FileRefusedError for a name that is neither header nor column."""
    found = {}
    for column, name in ((key, name) for key, item in contract.columns.items() for name in item.quoted):
        if name in contract.columns:
            continue
        if folded(name) not in known:
            near = _nearest(name, [*known.values(), *contract.columns])
            raise FileRefusedError(
                "contract_sql",
                f"expression of {column}: {name!r} is neither a header of the file nor a column that the contract "
                f"fills{f'; nearest is {near!r}' if near else ''}",
            )
        found[name] = known[folded(name)]
    return found


def _nearest(wanted: str, names: list[str]) -> str | None:
    near = difflib.get_close_matches(folded(wanted), [folded(name) for name in names], n=1, cutoff=0.4)
    return next((name for name in names if near and folded(name) == near[0]), None)


def _headers_of(column: Column, known: dict[str, str]) -> tuple[str, ...]:
    """First alias that is present; for a join, every present part."""
    if column.join:
        return tuple(known[folded(part)] for part in column.join if folded(part) in known)
    return next(((known[folded(alias)],) for alias in column.source if folded(alias) in known), ())


def _loose_parts(contract: ObjectContract) -> list[str]:
    parts = list(contract.key) if contract.has_key else []
    parts += [namespace.column for namespace in contract.key_namespace]
    parts += [column.tax_rate for column in contract.columns.values() if isinstance(column.tax_rate, str)]
    return list(dict.fromkeys(parts))


def _mentioned(contract: ObjectContract) -> list[str]:
    return [*contract.reader.fill_down, *([contract.exported_at.column] if contract.exported_at.column else [])]


def missing_header(wanted: tuple[str, ...], headers: list[str]) -> str:
    """The sentence that names a header that is not there, and the nearest that is."""
    nearest = _nearest(wanted[0], headers)
    hint = f"nearest is {nearest!r}" if nearest else f"the file has {', '.join(map(repr, headers[:30]))}"
    return f"header {' or '.join(map(repr, wanted))} is missing; {hint}"
