"""Removing a person: from landing onward, with a tombstone that keeps them out when old files are read again.

The tombstone is a keyed hash: it recognises the person and does not name them. Kept bytes of text files have the
person's records blanked, so record numbers stay; kept workbooks and the like are deleted, their other rows stay.
"""

import io
from pathlib import Path

import duckdb
import polars as pl
import zstandard

from pipelines import state
from pipelines.contracts import ObjectContract, canonical_objects
from pipelines.ingest import history as ledger
from pipelines.ingest import landing
from pipelines.ingest.history import History, Row
from pipelines.ingest.personal import tombstone_key
from pipelines.ingest.records import Dialect, parse
from pipelines.ingest.shape import folded
from pipelines.ingest.values import literal
from pipelines.settings import Settings
from pipelines.warehouse import quoted

LOG = "forgotten"


def personal_columns(contract: ObjectContract) -> list[str]:
    """Where a person can be recognised: the record's id and every personal column that the contract fills."""
    columns = canonical_objects()[contract.object].columns
    marked = {name for name, column in columns.items() if column.pii} | set(contract.pii)
    return ["source_id", *sorted(marked & set(contract.columns))]


def set_aside_forgotten(settings: Settings, connection: duckdb.DuckDBPyConnection, contract: ObjectContract) -> None:
    """Make records of forgotten people control rows: they are counted, and neither loaded nor quarantined."""
    stones = state.read(settings, LOG)
    if stones.is_empty():
        return
    key = tombstone_key(settings)
    hashes = ", ".join(literal(stone) for stone in stones["person"].unique().sort())
    known = " or ".join(
        f"sha256({literal(key)} || lower(trim(cast({quoted(name)} as varchar)))) in ({hashes})"
        for name in personal_columns(contract)
    )
    connection.execute(f"update typed set _is_control = true where {known}")
    connection.execute("delete from faults where _record in (select _record from typed where _is_control)")


def forget(settings: Settings, person: str, run_name: str) -> list[Row]:
    """Remove every record of a person, named by record id, e-mail, telephone or name; the files that were changed.

    The working file is deleted, because a database keeps old pages; the caller makes it anew (`ingest.rebuild`).
    """
    stone = _stone(settings, person)
    number = len(list((settings.state / LOG).glob("*.parquet")))
    state.append(settings, LOG, f"{number:06d}-{run_name}", pl.DataFrame({"person": [stone]}))
    changed = [row for row in _latest_rows(settings) if _strip(settings, row, person)]
    if changed:
        ledger.append(settings, ledger.next_name(settings, run_name), changed)
    _strip_logs(settings, person)
    settings.working_file.unlink(missing_ok=True)
    return changed


def _stone(settings: Settings, person: str) -> str:
    connection = duckdb.connect()
    try:
        found = connection.execute("select sha256(? || lower(trim(?)))", [tombstone_key(settings), person]).fetchone()
    finally:
        connection.close()
    assert found is not None
    return str(found[0])


def _latest_rows(settings: Settings) -> list[Row]:
    return list({row["file_id"]: row for row in History.read(settings).rows if row["object"]}.values())


def _strip(settings: Settings, row: Row, person: str) -> bool:
    """Take the person's records out of the kept rows, refusals and bytes of one file; whether there were any."""
    wanted, gone = folded(person), 0
    rows = landing.rows_path(settings, row["object"], row["file_id"])
    if rows.exists():
        frame = pl.read_parquet(rows)
        kept = frame.filter(~_mentions(frame, wanted))
        gone = frame.height - kept.height
        if gone:
            aside = rows.with_name(f".{rows.name}.tmp")
            kept.write_parquet(aside)
            aside.replace(rows)
    refused = landing.refused_path(settings, row["file_id"])
    refusals = 0
    if refused.exists():
        frame = pl.read_parquet(refused)
        left = frame.filter(~pl.col("raw_text").fill_null("").str.to_lowercase().str.contains(wanted, literal=True))
        refusals = frame.height - left.height
        if refusals:
            landing.keep_frame(left, refused)
    if gone or refusals:
        _blank_bytes(landing.bytes_path(settings, row["sha256"]), row, wanted)
        row["rows_loaded"] -= gone
        row["rows_quarantined"] -= refusals
        row["rows_control"] += gone + refusals
    return bool(gone or refusals)


def _mentions(frame: pl.DataFrame, wanted: str) -> pl.Expr:
    """Rows in which a personal column or the record's id is the person."""
    columns = [name for name, kind in frame.schema.items() if kind == pl.String and not name.startswith("_")]
    return pl.any_horizontal(
        pl.col(name).str.strip_chars().str.to_lowercase().eq(wanted).fill_null(False) for name in columns
    )


def _blank_bytes(path: Path, row: Row, wanted: str) -> None:
    """Blank the person's records in the kept bytes of a text file; delete the kept bytes of anything else."""
    if not path.exists():
        return
    if not row["delimiter"]:
        path.unlink()
        return
    raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(path.read_bytes())).read()
    try:
        text = raw.decode(row["encoding"] or "utf-8")
    except UnicodeDecodeError:
        path.unlink()  # a packed file, or one whose encoding is mixed: not to be edited safely
        return
    pieces, position = [], 0
    for record in parse(text, Dialect(row["delimiter"])):
        if any(folded(cell) == wanted for cell in record.cells):
            pieces += [text[position : record.start], row["delimiter"] * (len(record.cells) - 1)]
            position = record.end
    blanked = "".join([*pieces, text[position:]])
    aside = path.with_suffix(".tmp")
    aside.write_bytes(zstandard.compress(blanked.encode(row["encoding"] or "utf-8"), 1))
    aside.replace(path)


def _strip_logs(settings: Settings, person: str) -> None:
    """Corrections and returned rows that quote the person are rewritten without them."""
    wanted = folded(person)
    for log in ("corrections", "returned"):
        for path in sorted((settings.state / log).glob("*.parquet")):
            frame = pl.read_parquet(path)
            words = [name for name, kind in frame.schema.items() if kind == pl.String]
            hit = pl.any_horizontal(
                pl.col(name).str.to_lowercase().str.contains(wanted, literal=True).fill_null(False) for name in words
            )
            kept = frame.filter(~hit)
            if kept.height < frame.height:
                kept.write_parquet(path) if kept.height else path.unlink()
