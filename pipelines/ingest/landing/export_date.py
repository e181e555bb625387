"""When the source system wrote an export: by the file's name, a sidecar, the contract or a column; never the mtime."""

import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from pipelines.contracts import ObjectContract
from pipelines.home.warehouse import quoted
from pipelines.ingest.formats.source import FileRefusedError, Source, folded

SIDECAR = ".meta.json"
DAY = re.compile(r"(?<!\d)((?:19|20)\d\d)[-_. ]?(0[1-9]|1[0-2])[-_. ]?(0[1-9]|[12]\d|3[01])(?!\d)")
# A day of a name is that of the export where no word of a span precedes it and no word but these follows.
_AFTER = frozenset({"t", "z", "h", "am", "pm", "at", "utc", "copy", "kopie", "副本"})
_EXTENSION = re.compile(r"(?:\.[A-Za-z]\w{0,8})+$")
_SPAN = re.compile(r"(?:(?<![a-z])(?:since|from|ab|seit|von|bis|to|until|till)|自|从|至|到)[\s_.-]*$", re.IGNORECASE)
EPOCH = re.compile(r"(?<!\d)(1[0-9]{12})(?!\d)")  # from 2001 to 2033


def as_utc(moment: datetime, zone: str) -> datetime:
    """A local or zoned time as naive UTC; a day without a time is its local midnight."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
    return aware.astimezone(UTC).replace(tzinfo=None)


def exported_at(contract: ObjectContract, path: Path, name: str, zone: str) -> datetime | None:
    """The instant as naive UTC; None where a column holds it. Raises FileRefusedError where there is none."""
    rule = contract.exported_at
    if rule.column:
        return None
    if rule.filename:
        match = _found(rule.filename, Path(name).name) or _found(rule.filename, name)
        if match:
            return as_utc(_parsed(match.group(1), rule.format), zone)
        return _named_otherwise(rule.filename, path, Path(name).name, zone)
    if rule.sidecar:
        return as_utc(_from_sidecar(path), zone)
    return as_utc(_iso(str(rule.on)), zone)


def _named_otherwise(pattern: str, path: Path, name: str, zone: str) -> datetime:
    """The date of a name that the contract's pattern does not match: a year-first day, the milliseconds that reports of
    Salesforce are numbered with, or what the sidecar says. Raises FileRefusedError with the two ways to state it."""
    days = {"".join(match.groups()) for match in DAY.finditer(name)} if _is_dated(name) else set()
    moments = {datetime.fromtimestamp(int(text) / 1000, UTC) for text in EPOCH.findall(name)}
    with suppress(ValueError):
        moments |= {datetime.strptime(day, "%Y%m%d") for day in days}
    if len(moments) == 1:
        return as_utc(moments.pop(), zone)
    if path.with_name(path.name + SIDECAR).exists():
        return as_utc(_from_sidecar(path), zone)
    stem, dot, ending = name.rpartition(".")
    raise FileRefusedError(
        "no_export_date",
        f"the name states no date of the export (exported_at {pattern!r}): put the day into it, as "
        f"{stem or name}_2026-01-31{dot}{ending if stem else ''}, or write it into {name}{SIDECAR}",
    )


def _is_dated(name: str) -> bool:
    """Whether each day of a name is the export's, unlike that of Orders since 2020-01-01 or 20231215 Auftraege."""
    stem = _EXTENSION.sub("", name)
    for match in DAY.finditer(stem):
        words = set(re.findall(r"[^\W\d_]+", stem[match.end() :].lower()))
        if _SPAN.search(stem[: match.start()]) or not words <= _AFTER:
            return False
    return True


def _found(pattern: str, name: str) -> re.Match[str] | None:
    return re.search(pattern, name, re.IGNORECASE)


def exported_from_column(
    connection: duckdb.DuckDBPyConnection, contract: ObjectContract, source: Source, zone: str
) -> datetime:
    """The newest value of the column that holds the export's date."""
    return newest_of(export_dates(connection, contract, source), contract, zone)


def newest_of(texts: set[str], contract: ObjectContract, zone: str) -> datetime:
    """The newest of the dates that the column holds. Raises FileRefusedError for none, or for what is no date."""
    if not texts:
        raise FileRefusedError("no_export_date", f"exported_at: column {contract.exported_at.column!r} is empty")
    return max(as_utc(_parsed(text, contract.exported_at.format), zone) for text in texts)


def export_dates(connection: duckdb.DuckDBPyConnection, contract: ObjectContract, source: Source) -> set[str]:
    """Every text of the column that holds the export's date."""
    wanted = str(contract.exported_at.column)
    header = next((name for name in source.headers if folded(name) == folded(wanted)), None)
    if header is None:
        raise FileRefusedError("no_export_date", f"exported_at: header {wanted!r} is missing")
    cell = f"trim({quoted(header)})"
    rows = connection.execute(f"select distinct {cell} from {source.relation} where {cell} <> ''").fetchall()
    return {text for (text,) in rows}


def _from_sidecar(path: Path) -> datetime:
    sidecar = path.with_name(path.name + SIDECAR)
    try:
        return _iso(str(json.loads(sidecar.read_text(encoding="utf-8"))["exported_at"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileRefusedError(
            "no_export_date", f'{sidecar.name} with {{"exported_at": ...}} is missing or broken'
        ) from error


def _parsed(text: str, form: str) -> datetime:
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return _iso(text)


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise FileRefusedError("no_export_date", f"exported_at: {text!r} is not a date") from error
