"""Maps the headers of a file to the columns of its contract: which are present, renamed, new or missing."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pipelines.contracts import Column, ObjectContract
from pipelines.home.warehouse import quoted
from pipelines.ingest.casting.currency_marks import HEADER_MARK, is_known
from pipelines.ingest.casting.unit_words import unit_of
from pipelines.ingest.formats.source import SHEET, FileRefusedError, folded

MISSPELLED = 0.8  # of the letters of two headers in common: Amonut for Amount, but not Unit Price for Price
_BRACKETS = re.compile(r"\(.*?\)|\[.*?\]|【.*?】")
UNPIVOTED = "_column"  # added by unpivoting and kept in _extra: the header that a value is from


@dataclass(frozen=True)
class HeaderMapping:
    """Which header of the file feeds what.

    columns: canonical column to the headers it is read from (several for a join).
    keys: key part to its header, for parts that are source headers and not canonical columns.
    expression_headers: name in double quotes in an expression to its header, where it is no canonical column.
    extra: headers that the contract does not name; they are kept in `_extra` and reported.
    """

    columns: dict[str, tuple[str, ...]]
    keys: dict[str, str]
    expression_headers: dict[str, str]
    extra: tuple[str, ...]
    warnings: tuple[str, ...]


def map_headers(contract: ObjectContract, headers: list[str]) -> HeaderMapping:
    """Map the contract to the headers. Raises FileRefusedError with each missing header and the nearest present."""
    by_folded = {folded(header): header for header in reversed(headers)}
    columns = {name: _headers_of(column, by_folded) for name, column in contract.columns.items()}
    missing = [
        missing_header(column.source or column.join, headers)
        for name, column in contract.columns.items()
        if (column.source or column.join) and not columns[name] and not column.optional
    ]
    canonical = set(contract.columns)
    optional = {namespace.column for namespace in contract.key_namespace if namespace.optional}
    header_keys = [part for part in _key_parts(contract) if part not in canonical]
    header_keys = [part for part in header_keys if folded(part) in by_folded or part not in optional]
    missing += [missing_header((part,), headers) for part in header_keys if folded(part) not in by_folded]
    if missing:
        raise FileRefusedError("missing_header", "; ".join(missing) + ": rename it in the contract's `from`")
    expression_headers = _expression_headers(contract, by_folded)
    used = (
        {header for names in columns.values() for header in names}
        | {by_folded[folded(part)] for part in header_keys}
        | set(expression_headers.values())
    )
    used |= {by_folded[folded(name)] for name in _reader_headers(contract) if folded(name) in by_folded}
    ignored = {folded(header) for header in contract.ignore}
    extra = tuple(header for header in headers if header not in used and folded(header) not in ignored)
    added = ", ".join(header for header in extra if header not in (UNPIVOTED, SHEET))
    warnings = (f"new columns kept in _extra: {added}",) if added else ()
    return HeaderMapping(
        columns, {part: by_folded[folded(part)] for part in header_keys}, expression_headers, extra, warnings
    )


def refuse_misspelled(contract: ObjectContract, absent: Iterable[str], mapping: HeaderMapping) -> None:
    """Raise FileRefusedError where a header that no column reads is spelled nearly like an absent one: Amonut,
    or is it with another unit or currency in brackets."""
    spelled = {folded(header): header for header in mapping.extra}
    read = {folded(header) for name in mapping.columns if name not in absent for header in mapping.columns[name]}
    for name in absent:
        wanted = contract.columns[name].source or contract.columns[name].join
        near = [header for alias in wanted for header in spelled if _is_misspelled(folded(alias), header)]
        near += [header for header in spelled for alias in wanted if _is_in_other_units(folded(alias), header, read)]
        if near:
            raise FileRefusedError(
                "missing_header",
                f"header {' or '.join(map(repr, wanted))} is missing; nearest is {spelled[near[0]]!r}: rename it "
                "in the contract's `from`",
            )


def _is_misspelled(wanted: str, header: str) -> bool:
    """Whether two headers differ by letters of a word, as Amonut does, and not by another word: City for Country."""
    ours, theirs = (text.replace("(", " (").split() for text in (wanted, header))  # 名称(英文) is no 名称(中文)
    pairs = list(zip(ours, theirs, strict=True)) if len(ours) == len(theirs) else [(wanted, header)]
    return all(difflib.SequenceMatcher(None, *pair).ratio() >= MISSPELLED for pair in pairs)


def _is_in_other_units(wanted: str, header: str, read: Collection[str]) -> bool:
    """Whether two headers differ in a unit or currency in brackets: 商机金额 and 商机金额（万元）.

    Not Owner (Name) and Owner (Email), nor where another column reads the header without brackets.
    """
    plain = _BRACKETS.sub("", wanted).strip()
    if not plain or plain != _BRACKETS.sub("", header).strip() or plain in read:
        return False
    return any(_is_unit(text) for text in (*_BRACKETS.findall(wanted), *_BRACKETS.findall(header)))


def _is_unit(text: str) -> bool:
    return bool(unit_of(text) or HEADER_MARK.search(text.upper()) or is_known(text.strip("()[]【】 ")))


def expression_sql(expression: str, headers: Mapping[str, str]) -> str:
    """The contract's SQL with each header that it names replaced by the column of its cell."""
    for name in headers:
        expression = expression.replace(quoted(name), quoted(f"~cell {name}"))
    return expression


def _expression_headers(contract: ObjectContract, by_folded: dict[str, str]) -> dict[str, str]:
    """The headers that expressions name. Raises FileRefusedError for a name that is neither header nor column."""
    headers = {}
    for column, name in ((key, name) for key, item in contract.columns.items() for name in item.quoted):
        if name in contract.columns:
            continue
        if folded(name) not in by_folded:
            near = _nearest(name, [*by_folded.values(), *contract.columns])
            raise FileRefusedError(
                "contract_sql",
                f"expression of {column}: {name!r} is neither a header of the file nor a column that the contract "
                f"fills{f'; nearest is {near!r}' if near else ''}",
            )
        headers[name] = by_folded[folded(name)]
    return headers


def _nearest(wanted: str, names: list[str]) -> str | None:
    near = difflib.get_close_matches(folded(wanted), [folded(name) for name in names], n=1, cutoff=0.4)
    return next((name for name in names if near and folded(name) == near[0]), None)


def _headers_of(column: Column, by_folded: dict[str, str]) -> tuple[str, ...]:
    """First alias that is present; otherwise, for a join, every present part."""
    parts = tuple(by_folded[folded(part)] for part in column.join if folded(part) in by_folded)
    return next(((by_folded[folded(alias)],) for alias in column.source if folded(alias) in by_folded), parts)


def _key_parts(contract: ObjectContract) -> list[str]:
    parts = list(contract.key) if contract.has_key else []
    parts += [namespace.column for namespace in contract.key_namespace]
    parts += [column.tax_rate for column in contract.columns.values() if isinstance(column.tax_rate, str)]
    return list(dict.fromkeys(parts))


def _reader_headers(contract: ObjectContract) -> list[str]:
    return [*contract.reader.fill_down, *([contract.exported_at.column] if contract.exported_at.column else [])]


def missing_header(wanted: tuple[str, ...], headers: list[str]) -> str:
    """The message for a missing header, with the nearest one that is present."""
    nearest = _nearest(wanted[0], headers)
    hint = f"nearest is {nearest!r}" if nearest else f"the file has {', '.join(map(repr, headers[:30]))}"
    return f"header {' or '.join(map(repr, wanted))} is missing; {hint}"
