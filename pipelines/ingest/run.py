"""Read what is new in the inbox and make the tables agree. Safe to kill at any moment, and to start again."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from pipelines import state
from pipelines.contracts import ObjectContract, SourceContract, canonical_objects
from pipelines.ingest import history as ledger
from pipelines.ingest import landing
from pipelines.ingest.exported import exported_at
from pipelines.ingest.history import History, Row
from pipelines.ingest.inbox import Found, allowed_hashes, look, owners
from pipelines.ingest.load import CORRECTIONS, synchronise
from pipelines.ingest.observe import Arrival, Observed, observe
from pipelines.ingest.required import stop_for_required
from pipelines.ingest.returned import Returned
from pipelines.ingest.source import Desk, FileRefusedError, desk
from pipelines.ingest.text import keep_compressed
from pipelines.ingest.vocabulary import Vocabulary, load_vocabulary
from pipelines.settings import Settings

Progress = Callable[[str, int, int], None]
LEDGER_SECONDS = 1.0  # at most this much reading is done again after a kill


@dataclass
class IngestReport:
    """What one run did. files: ledger rows of this run; known: files that were read before."""

    files: list[Row] = field(default_factory=list)
    known: int = 0

    @property
    def new_files(self) -> int:
        """Number of files that this run looked at."""
        return len(self.files)

    def total(self, column: str) -> int:
        """Sum of a count over this run's files."""
        return sum(row[column] for row in self.files)

    def summary(self) -> str:
        """One line for people."""
        if not self.files:
            return f"nothing new: {self.known} files were read before"
        by_status = Counter(row["status"] for row in self.files)
        states = ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()))
        return (
            f"{self.new_files} new files ({states}), {self.known} known; {self.total('rows_in')} rows in = "
            f"{self.total('rows_loaded')} loaded + {self.total('rows_quarantined')} quarantined + "
            f"{self.total('rows_control')} control"
        )


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
    arrivals = list(_arrivals(settings, contracts, past, landed_at, report))
    journal = _Journal(settings, ledger.next_name(settings, f"{landed_at:%Y%m%dT%H%M%S}"))
    with desk(_scratch(settings)) as scratch_desk:
        for number, arrival in enumerate(arrivals, start=1):
            if progress:
                progress(arrival.name, number, len(arrivals))
            journal.add(*_land(settings, arrival, past, landed_at, scratch_desk))
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
    return list(_arrivals(settings, contracts, History.read(settings), landed_at, IngestReport()))


def newest_export(settings: Settings) -> datetime | None:
    """The instant of the newest export that has been loaded, as naive UTC; none before the first."""
    loaded = (row["exported_at"] for row in History.read(settings).rows if row["status"] == "loaded")
    return max(loaded, default=None)


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


def _arrivals(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    past: History,
    landed_at: datetime,
    report: IngestReport,
) -> Iterator[Arrival]:
    """Files to be read, oldest export first. Files that nobody claims, or that may not be here, go to the report."""
    found, allowed = look(settings), allowed_hashes(settings)
    claims, latest = owners(found, contracts), past.latest_by_path()
    loaded = {_identity(row) for row in past.effective().values()}
    words = _Words(settings)
    arrivals = []
    for file in found:
        stranger = allowed is not None and file.sha256 not in allowed
        if stranger or not claims[file.name]:
            _note(file, "demo" if stranger else "", latest, landed_at, report)
            continue
        for system, contract in claims[file.name]:
            arrival = _arrival(settings, system, contract, file, words, landed_at, latest, report)
            if arrival is None:
                continue
            before = latest.get((system.system, contract.name, file.name))
            if (before and _is_same(arrival, before)) or _arrival_identity(arrival) in loaded:
                report.known += 1
            else:
                loaded.add(_arrival_identity(arrival))
                arrivals.append(arrival)
    arrivals += _kept_arrivals(settings, contracts, {file.name for file in found}, latest, words, landed_at)
    yield from sorted(arrivals, key=lambda item: (item.exported_at or landed_at, item.name))


def _kept_arrivals(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    present: set[str],
    latest: Mapping[tuple[str, str, str], Row],
    words: "_Words",
    landed_at: datetime,
) -> Iterator[Arrival]:
    """Files that have left the inbox but are to be read otherwise now: their bytes are in landing."""
    for (system_name, contract_name, name), row in latest.items():
        system = contracts.get(system_name)
        contract = next((item for item in system.objects if item.name == contract_name), None) if system else None
        path = landing.bytes_path(settings, row["sha256"])
        if system is None or contract is None or name in present or not path.exists() or not row["exported_at"]:
            continue
        file = Found(path, name, row["sha256"], row["bytes"])
        arrival = _arrival(settings, system, contract, file, words, landed_at, {}, IngestReport(), row["exported_at"])
        if arrival and not _is_same(arrival, row):
            yield arrival


class _Words:
    """Vocabularies, read once per kind and system, and the rows that people have corrected."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.known = settings, dict[tuple[str, str], Vocabulary]()
        self.returned = Returned.read(settings)

    def of(self, system: str, contract: ObjectContract) -> dict[str, Vocabulary]:
        columns = canonical_objects()[contract.object].columns
        kinds = {kind for name in contract.columns if (kind := columns[name].map)}
        for kind in kinds:
            if (kind, system) not in self.known:
                self.known[kind, system] = load_vocabulary(self.settings, kind, system)
        return {kind: self.known[kind, system] for kind in sorted(kinds)}


def _arrival(
    settings: Settings,
    system: SourceContract,
    contract: ObjectContract,
    file: Found,
    words: _Words,
    landed_at: datetime,
    latest: dict[tuple[str, str, str], Row],
    report: IngestReport,
    known_date: datetime | None = None,
) -> Arrival | None:
    zone = system.timezone or settings.company.timezone
    vocabularies = words.of(system.system, contract)
    prints = " ".join(vocabulary.fingerprint for vocabulary in vocabularies.values())
    patch = words.returned.of(system.system, contract.name, file.sha256)
    contract_hash = system.contract_hash(contract, zone, " ".join([prints, patch.fingerprint]).strip())
    try:
        moment = known_date or exported_at(contract, file.path, file.name, zone)
    except FileRefusedError as refusal:
        before = latest.get((system.system, contract.name, file.name))
        if before and (before["sha256"], before["contract_hash"]) == (file.sha256, contract_hash):
            report.known += 1
        else:
            seen = Observed(status="rejected", reason_code=refusal.code, reason=refusal.reason)
            arrival = Arrival(system, contract, contract_hash, zone, file.path, file.name, file.sha256, file.size, None)
            report.files.append(_ledger_row(arrival, seen, _file_id(arrival, None, 0), landed_at))
        return None
    return Arrival(
        system, contract, contract_hash, zone, file.path, file.name, file.sha256, file.size, moment, vocabularies, patch
    )


def _identity(row: Row) -> tuple[object, ...]:
    return (row["source_system"], row["contract"], row["sha256"], row["contract_hash"], row["exported_at"])


def _arrival_identity(arrival: Arrival) -> tuple[object, ...]:
    return (arrival.system.system, arrival.contract.name, arrival.sha256, arrival.contract_hash, arrival.exported_at)


def _is_same(arrival: Arrival, before: Row) -> bool:
    """Whether the newest observation of this path was of these bytes, under this contract, for this date."""
    same = (before["sha256"], before["contract_hash"]) == (arrival.sha256, arrival.contract_hash)
    return same and (arrival.exported_at is None or before["exported_at"] == arrival.exported_at)


def _note(
    file: Found, why: str, latest: dict[tuple[str, str, str], Row], landed_at: datetime, report: IngestReport
) -> None:
    """A file that no contract claims, or a stranger in a demo home: listed once, never read."""
    before = latest.get(("", why, file.name))
    if before and before["sha256"] == file.sha256:
        report.known += 1
        return
    row: Row = dict.fromkeys(ledger.FILES)
    row |= {
        "file_id": ledger.file_id(("unread", why, file.name, file.sha256), 0), "source_system": "", "object": "",
        "contract": why,
        "path": file.name, "part": "", "sha256": file.sha256, "bytes": file.size, "landed_at": landed_at, "set_id": "",
        "status": "unclaimed", "reason_code": "unclaimed",
        "reason": "no contract's `files` matches: `almanac sources new FILE` proposes one", "warnings": "[]",
    }  # fmt: skip
    row |= dict.fromkeys(("rows_in", "rows_loaded", "rows_quarantined", "rows_control"), 0)
    if why:
        row |= {
            "status": "rejected", "reason_code": "demo_home",
            "reason": "this home holds the sample company: give real exports a home of their own with "
            "`almanac --home DIR run`",
        }  # fmt: skip
    report.files.append(row)


def _land(
    settings: Settings, arrival: Arrival, past: History, landed_at: datetime, scratch_desk: Desk
) -> tuple[Row, pl.DataFrame]:
    """Keep the bytes, read them, keep the rows. The ledger row and the corrections are the caller's to write."""
    kept = landing.bytes_path(settings, arrival.sha256)
    if arrival.path == kept:
        with TemporaryDirectory(dir=settings.warehouse) as folder:
            restored = landing.restore(settings, arrival.sha256, Path(folder) / Path(arrival.name).name)
            return _land(settings, replace(arrival, path=restored), past, landed_at, scratch_desk)
    keep_compressed(arrival.path, kept)
    seen_before = sum(
        (row["path"], row["sha256"], row["contract_hash"]) == (arrival.name, arrival.sha256, arrival.contract_hash)
        and row["contract"] == arrival.contract.name
        for row in past.rows
    )
    file_id = _file_id(arrival, arrival.exported_at, seen_before)
    seen = observe(settings, arrival, file_id, landed_at, scratch_desk)
    corrections = seen.corrections.drop("_record").with_columns(
        file_id=pl.lit(file_id), source_system=pl.lit(arrival.system.system), object=pl.lit(arrival.contract.object)
    )
    return _ledger_row(arrival, seen, file_id, landed_at), corrections.select(list(CORRECTIONS))


def _file_id(arrival: Arrival, moment: datetime | None, seen_before: int) -> str:
    parts = (arrival.system.system, arrival.contract.name, arrival.name, moment, arrival.sha256, arrival.contract_hash)
    return ledger.file_id(parts, seen_before)


def _ledger_row(arrival: Arrival, seen: Observed, file_id: str, landed_at: datetime) -> Row:
    contract = arrival.contract
    day = seen.exported_at.isoformat() if seen.exported_at else "undated"
    return {
        "file_id": file_id,
        "source_system": arrival.system.system,
        "object": contract.object,
        "contract": contract.name,
        "path": arrival.name,
        "part": arrival.name if contract.parts == "many" else "",
        "sha256": arrival.sha256,
        "contract_hash": arrival.contract_hash,
        "bytes": arrival.size,
        "exported_at": seen.exported_at,
        "landed_at": landed_at,
        "extract": contract.kind,
        "window_column": contract.window_column,
        "window_from": seen.window_from,
        "window_to": seen.window_to,
        "set_id": f"{arrival.system.system}/{contract.object}/{contract.name}/{day}",
        "status": seen.status,
        "reason_code": seen.reason_code,
        "reason": seen.reason,
        "rows_in": seen.rows_in,
        "rows_loaded": seen.rows_loaded,
        "rows_quarantined": seen.rows_quarantined,
        "rows_control": seen.rows_control,
        "encoding": seen.encoding,
        "delimiter": seen.delimiter,
        "warnings": seen.warnings_text,
    }
