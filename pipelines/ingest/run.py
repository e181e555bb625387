"""Land the new files of the inbox and bring the tables up to date. Can be killed and restarted at any moment."""

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
from pipelines.errors import MachineFaultError
from pipelines.home import runs, state
from pipelines.home.machine import DiskFullError, machine_fault
from pipelines.home.settings import Settings
from pipelines.ingest.arrival import Arrival, FileOutcome
from pipelines.ingest.files import file_ledger, store
from pipelines.ingest.files.file_ledger import FileLedger, Row
from pipelines.ingest.formats.decode import keep_compressed
from pipelines.ingest.formats.source import FileRefusedError, ScratchDatabase
from pipelines.ingest.landing.absent import ProvenColumns
from pipelines.ingest.landing.inbox import Unread
from pipelines.ingest.landing.lanes import Lanes
from pipelines.ingest.landing.load_tables import CORRECTIONS, synchronise
from pipelines.ingest.landing.plan import plan_arrivals
from pipelines.ingest.landing.report import IngestReport, Notice, file_id_of, ledger_row, notices_of
from pipelines.ingest.landing.required import stop_for_required

Progress = Callable[[str, int, int], None]
LEDGER_SECONDS = 1.0  # so much reading is repeated after a kill, and what the lanes are ahead


def run(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    landed_at: datetime,
    progress: Progress | None = None,
) -> IngestReport:
    """Land every new file of the inbox and bring the tables up to date. landed_at: naive UTC.

    progress is called with the file's name, its number and how many there are. Raises AlmanacError where a file of a
    system marked `required` is rejected, now or in an earlier run and not corrected since, after everything else is in;
    and MachineFaultError at the first file for which there is no room, with nothing recorded of it.
    """
    ledger = FileLedger.read(settings)
    report = IngestReport()
    arrivals = list(plan_arrivals(settings, contracts, ledger, landed_at, report))
    journal = _Journal(settings, file_ledger.next_name(settings, f"{landed_at:%Y%m%dT%H%M%S}"))
    proven = ProvenColumns(ledger.rows)

    def land(arrival: Arrival, scratch: ScratchDatabase) -> tuple[Row, pl.DataFrame] | None:
        landed = _land(settings, proven.relaxed(arrival), ledger, landed_at, scratch)
        if landed:
            proven.add(landed[0])
        return landed

    with Lanes(_scratch(settings), land) as lanes:
        for number, (arrival, landed) in enumerate(lanes.results(arrivals), start=1):
            if progress:
                progress(arrival.name, number, len(arrivals))
            try:
                if result := landed.result():
                    journal.add(*result)
            except MachineFaultError as fault:
                report.unread.append(_not_recorded(arrival, fault))
                if isinstance(fault, DiskFullError):
                    raise MachineFaultError(report.faults()[-1]) from fault
    for row in report.files:
        journal.add(row, pl.DataFrame(schema=CORRECTIONS))
    journal.close()
    report.files = journal.rows
    updated = FileLedger([*ledger.rows, *journal.rows])
    report.ties = updated.ties(_not_yet_served(settings, updated))
    synchronise(settings, contracts, updated)
    stop_for_required(contracts, updated)
    return report


def _scratch(settings: Settings) -> Path:
    """The folder for temporary files, emptied of what a killed run left in it."""
    folder = settings.warehouse / "scratch"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def look(
    settings: Settings, contracts: Mapping[str, SourceContract], landed_at: datetime
) -> tuple[list[Arrival], list[Notice]]:
    """What a run would read now, oldest export first, and the files that are not in the tables, each with the reason.

    A file that is dated by its own column has no date yet. Files without a table are those of the ledger, and those
    that wait in the inbox.
    """
    ledger, report = FileLedger.read(settings), IngestReport()
    arrivals = list(plan_arrivals(settings, contracts, ledger, landed_at, report))
    return arrivals, notices_of(ledger, report)


def newest_export(settings: Settings) -> datetime | None:
    """The instant of the newest loaded export, as naive UTC; None before the first."""
    loaded = (row["exported_at"] for row in FileLedger.read(settings).rows if row["status"] == "loaded")
    return max(loaded, default=None)


def first_export(settings: Settings) -> datetime | None:
    """The instant of the oldest loaded export, as naive UTC; None before the first."""
    loaded = (row["exported_at"] for row in FileLedger.read(settings).rows if row["status"] == "loaded")
    return min(loaded, default=None)


def show_known_at(settings: Settings, contracts: Mapping[str, SourceContract], moment: datetime | None) -> None:
    """Load the tables as of a landing time (naive UTC); without one, with everything that has landed."""
    ledger = FileLedger.read(settings)
    synchronise(settings, contracts, ledger.known_at(moment) if moment else ledger)


def rebuild(settings: Settings, contracts: Mapping[str, SourceContract]) -> None:
    """Rebuild every table of ingestion from landing and state. The working file may have been deleted."""
    synchronise(settings, contracts, FileLedger.read(settings), from_scratch=True)


def _not_yet_served(settings: Settings, ledger: FileLedger) -> set[str]:
    """Paths that landed after the served run began, in this run or in one that was stopped: nobody was told of them."""
    served = runs.served(settings)
    return {row["path"] for row in ledger.rows if served is None or row["landed_at"] > served.started_at}


def _not_recorded(arrival: Arrival, fault: MachineFaultError) -> Unread:
    why = f"{fault}: a fault of this machine, so nothing is recorded of the file and the next run reads it"
    return Unread(arrival.name, why, is_fault=True)


class _Journal:
    """Ledger rows of this run, saved as it goes, corrections before the files that they belong to."""

    def __init__(self, settings: Settings, name: str) -> None:
        self.settings, self.name = settings, name
        self.rows: list[Row] = []
        self.corrections: list[pl.DataFrame] = []
        self.saved_count, self.saved_at = 0, time.monotonic()

    def add(self, row: Row, corrections: pl.DataFrame) -> None:
        self.rows.append(row)
        if not corrections.is_empty():
            self.corrections.append(corrections)
        if time.monotonic() - self.saved_at > LEDGER_SECONDS:
            self.close()

    def close(self) -> None:
        if len(self.rows) == self.saved_count:
            return
        if self.corrections:
            state.append(self.settings, "corrections", self.name, pl.concat(self.corrections))
        store.settle(self.settings, self.rows[self.saved_count :])
        file_ledger.append(self.settings, self.name, self.rows)
        self.saved_count, self.saved_at = len(self.rows), time.monotonic()


def _land(
    settings: Settings, arrival: Arrival, ledger: FileLedger, landed_at: datetime, scratch: ScratchDatabase
) -> tuple[Row, pl.DataFrame] | None:
    """Keep the bytes, read them, keep the rows; the ledger row and the corrections, which the caller saves.

    None for a file that has left the inbox meanwhile: if it comes back, it is read then.
    """
    kept = store.bytes_path(settings, arrival.sha256)
    if arrival.path == kept:
        with TemporaryDirectory(dir=settings.warehouse) as folder:
            restored = store.restore(settings, arrival.sha256, Path(folder) / Path(arrival.name).name)
            return _land(settings, replace(arrival, path=restored), ledger, landed_at, scratch)
    earlier_count = sum(
        (row["path"], row["sha256"], row["contract_hash"]) == (arrival.name, arrival.sha256, arrival.contract_hash)
        and row["contract"] == arrival.contract.name
        for row in ledger.rows
    )
    file_id = file_id_of(arrival, arrival.exported_at, earlier_count)
    # Here, because it loads libraries that a night with nothing new can do without.
    from pipelines.ingest.landing.land_file import land_file

    try:
        with ThreadPoolExecutor(1) as worker:  # the bytes are compressed while the records are read
            compression = worker.submit(keep_compressed, arrival.path, kept, arrival.sha256)
            outcome = land_file(settings, arrival, file_id, landed_at, scratch)
            compression.result()
    except FileRefusedError as refusal:
        outcome = FileOutcome(arrival.exported_at, "rejected", refusal.code, refusal.reason)
    except OSError as error:
        if not arrival.path.exists():
            return None
        if fault := machine_fault(error):
            raise fault from error
        outcome = FileOutcome(
            arrival.exported_at, "rejected", "unreadable", f"could not be read: {error.strerror or error}"
        )
    if outcome.status == "rejected" and not arrival.path.exists():
        return None
    corrections = outcome.corrections.drop("_record").with_columns(
        file_id=pl.lit(file_id), source_system=pl.lit(arrival.system.system), object=pl.lit(arrival.contract.object)
    )
    return ledger_row(arrival, outcome, file_id, landed_at), corrections.select(list(CORRECTIONS))
