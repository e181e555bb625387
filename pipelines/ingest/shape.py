"""The headers of a file against the headers of its contract: what is found, renamed, new or missing."""

import difflib
import unicodedata
from dataclasses import dataclass

from pipelines.contracts import Column, ObjectContract
from pipelines.ingest.source import FileRefusedError


@dataclass(frozen=True)
class Shape:
    """Which header of the file feeds what.

    columns: canonical column to the headers it is read from (several for a join).
    keys: key part to its header, for parts that are source headers and not canonical columns.
    extra: headers nobody asked for; they are kept in `_extra` and reported.
    """

    columns: dict[str, tuple[str, ...]]
    keys: dict[str, str]
    extra: tuple[str, ...]
    warnings: tuple[str, ...]


def folded(header: str) -> str:
    """A header as it is compared: width, case and blanks do not matter."""
    return " ".join(unicodedata.normalize("NFKC", header).casefold().split())


def fit(contract: ObjectContract, headers: list[str]) -> Shape:
    """Match the contract to the headers. Raises FileRefusedError naming each missing header and the nearest found."""
    known = {folded(header): header for header in reversed(headers)}
    columns = {name: _headers_of(column, known) for name, column in contract.columns.items()}
    missing = [
        _missing(column.source or column.join, headers)
        for name, column in contract.columns.items()
        if (column.source or column.join) and not columns[name] and not column.optional
    ]
    canonical = set(contract.columns)
    loose = [part for part in _loose_parts(contract) if part not in canonical]
    missing += [_missing((part,), headers) for part in loose if folded(part) not in known]
    if missing:
        raise FileRefusedError("missing_header", "; ".join(missing) + ": rename it in the contract's `from`")
    used = {header for found in columns.values() for header in found} | {known[folded(part)] for part in loose}
    used |= {known[folded(name)] for name in _mentioned(contract) if folded(name) in known}
    ignored = {folded(header) for header in contract.ignore}
    extra = tuple(header for header in headers if header not in used and folded(header) not in ignored)
    warnings = (f"new columns kept in _extra: {', '.join(extra)}",) if extra else ()
    return Shape(columns, {part: known[folded(part)] for part in loose}, extra, warnings)


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


def _missing(wanted: tuple[str, ...], headers: list[str]) -> str:
    near = difflib.get_close_matches(folded(wanted[0]), [folded(header) for header in headers], n=1, cutoff=0.4)
    nearest = next((header for header in headers if near and folded(header) == near[0]), None)
    hint = f"nearest is {nearest!r}" if nearest else f"the file has {', '.join(map(repr, headers[:30]))}"
    return f"header {' or '.join(map(repr, wanted))} is missing; {hint}"
