"""Rejected rows that a person corrects: exported with their original cells, resubmitted under the same record.

A resubmitted row is a patch to its file, kept in state. The file is read again with the patch applied, so the corrected
row passes the same checks as any other, keeps its file and record, and replaces only its own rejection.
"""

import csv
import io
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts import SourceContract
from pipelines.errors import AlmanacError
from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.home.spreadsheet import as_typed, neutral_row
from pipelines.home.warehouse import quoted
from pipelines.ingest.arrival import Patch
from pipelines.ingest.files import store
from pipelines.ingest.files.file_ledger import FileLedger, Row
from pipelines.ingest.formats.source import FileRefusedError, Source

LOG = "returned"  # the log's folder in state, whose name and columns homes keep
SCHEMA: dict[str, Any] = {
    "source_system": pl.String, "contract": pl.String, "sha256": pl.String, "record": pl.Int64, "cells": pl.String,
    "was": pl.String, "returned_at": pl.Datetime("us"),
}  # fmt: skip
LEADING_COLUMNS = ("_file", "_record", "_reason")


@dataclass(frozen=True)
class Resubmissions:
    """Every resubmitted row, in order; of several for one record the newest counts."""

    rows: list[Row]

    @classmethod
    def read(cls, settings: Settings) -> "Resubmissions":
        """All resubmitted rows of a home."""
        return cls(state.read(settings, LOG).to_dicts())

    def of(self, system: str, contract: str, sha256: str) -> Patch:
        """The patch of one file under one contract."""
        rows = (
            row
            for row in self.rows
            if (row["source_system"], row["contract"], row["sha256"]) == (system, contract, sha256)
        )
        newest = {row["record"]: (row["record"], row["cells"], row["was"]) for row in rows}
        return Patch(tuple(newest[record] for record in sorted(newest)))


def apply_patch(connection: duckdb.DuckDBPyConnection, source: Source, patch: Patch) -> None:
    """Replace records by their corrected cells."""
    if not patch.cells:
        return
    patched = {record for record, _, _ in patch.cells}
    source.refused = [item for item in source.refused if item.record not in patched]
    rows = [(record, *(json.loads(cells).get(header) for header in source.headers)) for record, cells, _ in patch.cells]
    schema = {"_record": pl.Int64, **dict.fromkeys(source.headers, pl.String)}
    connection.register("patch_frame", pl.DataFrame(rows, schema=schema, orient="row").to_arrow())
    columns = ", ".join(map(quoted, schema))
    connection.execute(
        f"create table patched as select {columns} from (select {columns} from {source.relation} where _record not in "
        f"(select _record from patch_frame) union all select {columns} from patch_frame) order by _record"
    )
    connection.unregister("patch_frame")
    connection.execute("drop table cells")
    connection.execute("alter table patched rename to cells")
    source.relation = "cells"


def export_rejected(settings: Settings, contracts: dict[str, SourceContract], path: str, contract: str = "") -> str:
    """The rejected rows of one inbox file as CSV, cells under the file's own headers, ready to be corrected.

    No cell runs as a formula in a spreadsheet: it has a quote before it, which `resubmit` takes away again.

    contract: the contract whose rows are exported, where several read the file; all of them by default. Raises
    AlmanacError where the file is unknown, no row of it was rejected, or its contracts read different headers.
    """
    files = [row for row in _observations_in_quarantine(settings, path) if contract in ("", row["contract"])]
    sources = [_source_of(settings, contracts, row) for row in files]
    if not files or any(source.headers != sources[0].headers for source in sources):
        names = ", ".join(row["contract"] for row in files) or contract
        raise AlmanacError(f"{path}: {names}: choose a contract's rejected rows with --contract")
    rejected: dict[int, Row] = {}
    for item in (item for row in files for item in _rejected_rows(settings, row).to_dicts()):
        earlier = rejected.get(item["record"])  # an unpivoted record may be rejected several times
        rejected[item["record"]] = {**item, "reason": f"{earlier['reason']}; {item['reason']}"} if earlier else item
    headers, delimiter = sources[0].headers, sources[0].delimiter or ","
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(neutral_row([*LEADING_COLUMNS, *headers]))
    for record in sorted(rejected):
        cells = next(csv.reader([rejected[record]["raw_text"] or ""], delimiter=delimiter), [])
        padded = (cells + [""] * len(headers))[: max(len(headers), len(cells))]
        writer.writerow(neutral_row([path, record, rejected[record]["reason"], *padded]))
    return out.getvalue()


def resubmit(settings: Settings, contracts: dict[str, SourceContract], text: str, resubmitted_at: datetime) -> int:
    """Keep corrected rows, in the format of `export_rejected`, for the next run; their number.

    A row that several contracts rejected is corrected for each of them.
    """
    rows = [list(map(as_typed, cells)) for cells in csv.reader(io.StringIO(text.lstrip("\ufeff")))]
    if not rows or tuple(rows[0][:3]) != LEADING_COLUMNS:
        raise AlmanacError(f"not a corrected export: its header must begin with {', '.join(LEADING_COLUMNS)}")
    headers = rows[0][3:]
    kept: list[Row] = []
    for cells in rows[1:]:
        path, record = cells[0], int(cells[1])
        texts = [(row, _raw_texts(settings, row)) for row in _observations_in_quarantine(settings, path)]
        matches = [(row, raw[record]) for row, raw in texts if record in raw]
        if not matches:
            raise AlmanacError(f"{path}: record {record} is not in quarantine")
        corrected = json.dumps(dict(zip(headers, cells[3:], strict=False)), ensure_ascii=False)
        for row, was in matches:
            identity = {name: row[name] for name in ("source_system", "contract", "sha256")}
            kept.append({**identity, "record": record, "cells": corrected, "was": was, "returned_at": resubmitted_at})
    number = len(list((settings.state / LOG).glob("*.parquet")))
    state.append(settings, LOG, f"{number:06d}-{resubmitted_at:%Y%m%dT%H%M%S}", pl.DataFrame(kept, schema=SCHEMA))
    return len(rows) - 1


def _rejected_rows(settings: Settings, row: Row) -> pl.DataFrame:
    return pl.read_parquet(store.refused_path(settings, row["file_id"]))


def _raw_texts(settings: Settings, row: Row) -> dict[int, str]:
    return dict(_rejected_rows(settings, row).select("record", "raw_text").rows())


def _observations_in_quarantine(settings: Settings, path: str) -> list[Row]:
    """The newest ledger row per contract with rejected rows of the file. Raises AlmanacError where there is none."""
    ledger = FileLedger.read(settings)
    rows = [row for row in ledger.rows if row["path"] == path and row["contract"]]
    if not rows:
        raise AlmanacError(f"{path}: not in the ledger; paths are below the inbox, see `almanac quarantine list`")
    newest = {(row["source_system"], row["contract"]): row for row in rows}.values()
    files = [row for row in newest if store.refused_path(settings, row["file_id"]).exists()]
    if not files:
        raise AlmanacError(f"{path}: no row of it is in quarantine")
    awaiting_correction = ledger.awaiting_correction()
    if not any(row["file_id"] in awaiting_correction for row in files):
        raise AlmanacError(f"{path}: another file has replaced it since: correct that one")
    return [row for row in files if row["file_id"] in awaiting_correction]


def _source_of(settings: Settings, contracts: dict[str, SourceContract], row: Row) -> Source:
    """The file of a ledger row, read again for its headers: of a large one the first chunk."""
    from pipelines.ingest.formats.readers import open_source
    from pipelines.ingest.formats.source import scratch

    path, system = row["path"], contracts.get(row["source_system"])
    contract = next((item for item in system.objects if item.name == row["contract"]), None) if system else None
    if contract is None:
        raise AlmanacError(f"{path}: its contract {row['source_system']}/{row['contract']} is gone")
    with TemporaryDirectory(dir=settings.warehouse) as folder, scratch(Path(folder)) as (connection, unpack_folder):
        restored = store.restore(settings, row["sha256"], Path(folder) / Path(path).name)
        try:
            return open_source(restored, contract.reader, unpack_folder)[0](connection, 0)
        except FileRefusedError as refusal:
            raise AlmanacError(f"{path}: {refusal.reason}") from refusal
