"""Which files a run has to read: those it has not seen under today's contract, oldest export first."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime

from pipelines.contracts import ObjectContract, SourceContract, canonical_objects
from pipelines.home.settings import Settings
from pipelines.ingest.arrival import Arrival, Observed
from pipelines.ingest.casting.code_lists import Vocabulary, load_vocabulary
from pipelines.ingest.files import store
from pipelines.ingest.files.file_ledger import History, Row
from pipelines.ingest.formats.source import FileRefusedError
from pipelines.ingest.landing.export_date import exported_at
from pipelines.ingest.landing.inbox import Found, allowed_hashes, look, owners
from pipelines.ingest.landing.report import IngestReport, file_id_of, ledger_row, note_unread
from pipelines.ingest.quarantine.resubmission import Returned

NEW = sys.maxsize  # a file that was never seen comes after those that were


def arrivals_of(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    past: History,
    landed_at: datetime,
    report: IngestReport,
) -> Iterator[Arrival]:
    """Files to be read, oldest export first. Files that nobody claims, or that may not be here, go to the report."""
    found, allowed = look(settings), allowed_hashes(settings)
    claims, latest = owners(found, contracts), past.latest_by_path()
    loaded = {identity for row in past.effective().values() for identity in _identities(row)}
    words = _Words(settings)
    arrivals = []
    for file in found:
        stranger = allowed is not None and file.sha256 not in allowed
        if stranger or not claims[file.name]:
            note_unread(file, "demo" if stranger else "", latest, landed_at, report)
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
    present = {(system.system, item.name, file.sha256) for file in found for system, item in claims[file.name]}
    arrivals += _kept_arrivals(settings, contracts, past, present, words, landed_at)
    first = past.first_seen()
    yield from sorted(
        arrivals, key=lambda item: (item.exported_at or landed_at, first.get(_origin(item), NEW), item.name)
    )


def _kept_arrivals(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    past: History,
    present: set[tuple[str, str, str]],
    words: "_Words",
    landed_at: datetime,
) -> Iterator[Arrival]:
    """Bytes that have left the inbox (whose are `present`) but are to be read otherwise now: landing has them."""
    for row in past.readable():
        system = contracts.get(row["source_system"])
        contract = next((item for item in system.objects if item.name == row["contract"]), None) if system else None
        path = store.bytes_path(settings, row["sha256"])
        if system is None or contract is None or not path.exists() or not row["exported_at"]:
            continue
        if (system.system, contract.name, row["sha256"]) in present:
            continue
        file = Found(path, row["path"], row["sha256"], row["bytes"])
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
            report.files.append(ledger_row(arrival, seen, file_id_of(arrival, None, 0), landed_at))
        return None
    return Arrival(
        system, contract, contract_hash, zone, file.path, file.name, file.sha256, file.size, moment, vocabularies, patch
    )


def _identities(row: Row) -> Iterator[tuple[object, ...]]:
    """What was loaded, with its date, and without for files whose date stands in a column: their bytes tell it."""
    known = (row["source_system"], row["contract"], row["sha256"], row["contract_hash"])
    yield from ((*known, row["exported_at"]), (*known, None))


def _origin(arrival: Arrival) -> tuple[str, ...]:
    return (arrival.system.system, arrival.contract.name, arrival.name, arrival.sha256)


def _arrival_identity(arrival: Arrival) -> tuple[object, ...]:
    return (arrival.system.system, arrival.contract.name, arrival.sha256, arrival.contract_hash, arrival.exported_at)


def _is_same(arrival: Arrival, before: Row) -> bool:
    """Whether the newest observation of this path was of these bytes, under this contract, for this date."""
    same = (before["sha256"], before["contract_hash"]) == (arrival.sha256, arrival.contract_hash)
    return same and (arrival.exported_at is None or before["exported_at"] == arrival.exported_at)
