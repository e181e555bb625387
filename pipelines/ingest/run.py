"""Read what is new in the inbox and make the tables agree. Safe to kill at any moment, and to start again."""

import shutil
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipelines.contracts import SourceContract
from pipelines.home import state
from pipelines.home.settings import Settings
from pipelines.ingest.arrival import Arrival, Observed
from pipelines.ingest.files import file_ledger as ledger
from pipelines.ingest.files import store
from pipelines.ingest.files.file_ledger import History, Row
from pipelines.ingest.formats.decode import keep_compressed
from pipelines.ingest.formats.source import FileRefusedError, ScratchDatabase, scratch_database
from pipelines.ingest.landing.land_file import observe
from pipelines.ingest.landing.load_tables import CORRECTIONS, synchronise
from pipelines.ingest.landing.plan import arrivals_of
from pipelines.ingest.landing.report import IngestReport, file_id_of, ledger_row
from pipelines.ingest.landing.required import stop_for_required

Progress = Callable[[str, int, int], None]
LEDGER_SECONDS = 1.0  # at most this much reading is done again after a kill


def run(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    landed_at: datetime,
    progress: Progress | None = None,
) -> IngestReport:
    """Land every new file of the inbox and bring the tables up to date. landed_at: naive UTC.

    progress is called with the file's name, its number and how many there are. Raises AlmanacError where a file of a
    system marked `required` is rejected, now or in an earlier run and not corrected since, after everything else is in.
    """
    past = History.read(settings)
    report = IngestReport()
    arrivals = list(arrivals_of(settings, contracts, past, landed_at, report))
    journal = _Journal(settings, ledger.next_name(settings, f"{landed_at:%Y%m%dT%H%M%S}"))
    with scratch_database(_scratch(settings)) as scratch_desk:
        for number, arrival in enumerate(arrivals, start=1):
            if progress:
                progress(arrival.name, number, len(arrivals))
            if landed := _land(settings, arrival, past, landed_at, scratch_desk):
                journal.add(*landed)
    for row in report.files:
        journal.add(row, pl.DataFrame(schema=CORRECTIONS))
    journal.close()
    report.files = journal.rows
    history = History([*past.rows, *journal.rows])
    synchronise(settings, contracts, history)
    stop_for_required(contracts, history)
    return report


def _scratch(settings: Settings) -> Path:
    """The folder for what is thrown away, without what a killed run left in it."""
    folder = settings.warehouse / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def waiting(settings: Settings, contracts: Mapping[str, SourceContract], landed_at: datetime) -> list[Arrival]:
    """What a run would read now, oldest export first. An arrival dated by one of its columns has no date yet."""
    return list(arrivals_of(settings, contracts, History.read(settings), landed_at, IngestReport()))


def newest_export(settings: Settings) -> datetime | None:
    """The instant of the newest export that has been loaded, as naive UTC; none before the first."""
    loaded = (row["exported_at"] for row in History.read(settings).rows if row["status"] == "loaded")
    return max(loaded, default=None)


def show_known_at(settings: Settings, contracts: Mapping[str, SourceContract], moment: datetime | None) -> None:
    """Make the tables hold what had landed by a moment, as naive UTC; without one, all that has landed."""
    history = History.read(settings)
    synchronise(settings, contracts, history.known_at(moment) if moment else history)


def rebuild(settings: Settings, contracts: Mapping[str, SourceContract]) -> None:
    """Make every table of ingestion anew from landing and state. The working file may have been deleted."""
    synchronise(settings, contracts, History.read(settings), anew=True)


class _Journal:
    """Ledger rows of this run, written out as it goes, corrections before the files they belong to."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings, self.name = settings, name
        self.rows: list[Row] = []
        self.corrections: list[pl.DataFrame] = []
        self.written, self.saved_at = 0, time.monotonic()

    def add(self, row: Row, corrections: pl.DataFrame) -> None:
        self.rows.append(row)
        if not corrections.is_empty():
            self.corrections.append(corrections)
        if time.monotonic() - self.saved_at > LEDGER_SECONDS:
            self.close()

    def close(self) -> None:
        if len(self.rows) == self.written:
            return
        if self.corrections:
            state.append(self.settings, "corrections", self.name, pl.concat(self.corrections))
        ledger.append(self.settings, self.name, self.rows)
        self.written, self.saved_at = len(self.rows), time.monotonic()


def _land(
    settings: Settings, arrival: Arrival, past: History, landed_at: datetime, scratch_desk: ScratchDatabase
) -> tuple[Row, pl.DataFrame] | None:
    """Keep the bytes, read them, keep the rows. The ledger row and the corrections are the caller's to write.

    None for a file that has left the inbox meanwhile: should it come back, it is as new as it was.
    """
    kept = store.bytes_path(settings, arrival.sha256)
    if arrival.path == kept:
        with TemporaryDirectory(dir=settings.warehouse) as folder:
            restored = store.restore(settings, arrival.sha256, Path(folder) / Path(arrival.name).name)
            return _land(settings, replace(arrival, path=restored), past, landed_at, scratch_desk)
    seen_before = sum(
        (row["path"], row["sha256"], row["contract_hash"]) == (arrival.name, arrival.sha256, arrival.contract_hash)
        and row["contract"] == arrival.contract.name
        for row in past.rows
    )
    file_id = file_id_of(arrival, arrival.exported_at, seen_before)
    try:
        with ThreadPoolExecutor(1) as beside:  # the bytes are packed while the records are looked at
            keeping = beside.submit(keep_compressed, arrival.path, kept, arrival.sha256)
            seen = observe(settings, arrival, file_id, landed_at, scratch_desk)
            keeping.result()
    except FileRefusedError as refusal:
        seen = Observed(arrival.exported_at, "rejected", refusal.code, refusal.reason)
    except OSError as error:
        seen = Observed(arrival.exported_at, "rejected", "unreadable", f"could not be read: {error.strerror or error}")
    if seen.status == "rejected" and not arrival.path.exists():
        return None
    corrections = seen.corrections.drop("_record").with_columns(
        file_id=pl.lit(file_id), source_system=pl.lit(arrival.system.system), object=pl.lit(arrival.contract.object)
    )
    return ledger_row(arrival, seen, file_id, landed_at), corrections.select(list(CORRECTIONS))
