"""Which files a run has to read: those not yet read under the current contract, oldest export first."""

import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime

from pipelines.contracts import ObjectContract, SourceContract, canonical_objects
from pipelines.home.settings import Settings
from pipelines.ingest.arrival import Arrival, FileOutcome
from pipelines.ingest.casting.code_lists import Vocabulary, load_vocabulary
from pipelines.ingest.files import store
from pipelines.ingest.files.file_ledger import FileLedger, Row
from pipelines.ingest.formats.source import FileRefusedError
from pipelines.ingest.landing.export_date import exported_at
from pipelines.ingest.landing.inbox import InboxFile, allowed_hashes, list_inbox, matching_contracts, nearest_contract
from pipelines.ingest.landing.report import IngestReport, file_id_of, is_noted, ledger_row, note_unread
from pipelines.ingest.quarantine.resubmission import Resubmissions

NEW = sys.maxsize  # a file that was never read comes after those that were


def plan_arrivals(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    ledger: FileLedger,
    landed_at: datetime,
    report: IngestReport,
) -> Iterator[Arrival]:
    """Files to be read, oldest export first. Unclaimed files, and foreign ones in a demo home, go to the report."""
    inbox, allowed = list_inbox(settings), allowed_hashes(settings)
    files = inbox.files
    report.unread += inbox.unread
    claims, latest = matching_contracts(files, contracts), ledger.latest_by_path()
    loaded = {identity for row in ledger.effective().values() for identity in _identities(row)}
    policy = _Policy(settings)
    arrivals = []
    for file in files:
        is_foreign = allowed is not None and file.sha256 not in allowed
        if is_foreign or not claims[file.name]:
            nearest = "" if is_foreign or is_noted(file, latest) else _nearest(file, contracts)
            note_unread(file, "demo" if is_foreign else "", nearest, latest, landed_at, report)
            continue
        for system, contract in claims[file.name]:
            arrival = _arrival(settings, system, contract, file, policy, landed_at, latest, report)
            if arrival is None:
                continue
            before = latest.get((system.system, contract.name, file.name))
            if (before and _is_same(arrival, before)) or _arrival_identity(arrival) in loaded:
                report.known += 1
            else:
                loaded.add(_arrival_identity(arrival))
                arrivals.append(arrival)
    present = {(system.system, item.name, file.sha256) for file in files for system, item in claims[file.name]}
    arrivals += _kept_arrivals(settings, contracts, ledger, present, policy, landed_at)
    first_positions = ledger.first_positions()
    yield from sorted(
        arrivals,
        key=lambda item: (
            item.exported_at or landed_at,
            first_positions.get(_origin(item), NEW),
            *_arrival_order(item),
        ),
    )


def _nearest(file: InboxFile, contracts: Mapping[str, SourceContract]) -> str:
    """The contract whose headers the file has; otherwise the one whose files are named most like it."""
    from pipelines.ingest.landing.nearest import nearest_by_headers  # it loads every reader, and most nights need none

    by_headers = nearest_by_headers(file.path, contracts)
    return str(by_headers) if by_headers else nearest_contract(file.name, contracts)


def _arrival_order(arrival: Arrival) -> tuple[int, int, str]:
    """Of files that a run sees at once, the order in which they came: a browser numbers further downloads, `X (1).csv`;
    otherwise when they were written. No export is dated by it."""
    copy = re.search(r"[(（](\d{1,3})[)）]$", arrival.path.stem)
    try:
        written = arrival.path.stat().st_mtime_ns
    except OSError:  # it has left the inbox meanwhile
        written = 0
    return int(copy.group(1)) if copy else 0, written, arrival.name


def _kept_arrivals(
    settings: Settings,
    contracts: Mapping[str, SourceContract],
    ledger: FileLedger,
    present: set[tuple[str, str, str]],
    policy: "_Policy",
    landed_at: datetime,
) -> Iterator[Arrival]:
    """Kept files that are no longer in the inbox (`present`) and whose contract or words have changed."""
    for row in ledger.readable():
        system = contracts.get(row["source_system"])
        contract = next((item for item in system.objects if item.name == row["contract"]), None) if system else None
        path = store.bytes_path(settings, row["sha256"])
        if system is None or contract is None or not path.exists() or not row["exported_at"]:
            continue
        if (system.system, contract.name, row["sha256"]) in present:
            continue
        file = InboxFile(path, row["path"], row["sha256"], row["bytes"])
        arrival = _arrival(settings, system, contract, file, policy, landed_at, {}, IngestReport(), row["exported_at"])
        if arrival and not _is_same(arrival, row):
            yield arrival


class _Policy:
    """Vocabularies, read once per kind and system, and the resubmitted rows."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.vocabularies = settings, dict[tuple[str, str], Vocabulary]()
        self.resubmissions = Resubmissions.read(settings)

    def of(self, system: str, contract: ObjectContract) -> dict[str, Vocabulary]:
        columns = canonical_objects()[contract.object].columns
        kinds = {kind for name in contract.columns if (kind := columns[name].map)}
        for kind in kinds:
            if (kind, system) not in self.vocabularies:
                self.vocabularies[kind, system] = load_vocabulary(self.settings, kind, system)
        return {kind: self.vocabularies[kind, system] for kind in sorted(kinds)}


def _arrival(
    settings: Settings,
    system: SourceContract,
    contract: ObjectContract,
    file: InboxFile,
    policy: _Policy,
    landed_at: datetime,
    latest: dict[tuple[str, str, str], Row],
    report: IngestReport,
    known_date: datetime | None = None,
) -> Arrival | None:
    zone = system.timezone or settings.company.timezone
    vocabularies = policy.of(system.system, contract)
    fingerprints = " ".join(vocabulary.fingerprint for vocabulary in vocabularies.values())
    patch = policy.resubmissions.of(system.system, contract.name, file.sha256)
    company_zone = settings.company.timezone
    zones = {zone, *(column.timezone or zone for column in contract.columns.values())}
    days = f"days of {company_zone}" if zones != {company_zone} else ""
    contract_hash = system.contract_hash(contract, zone, " ".join([fingerprints, patch.fingerprint, days]).strip())
    try:
        moment = known_date or exported_at(contract, file.path, file.name, zone)
    except FileRefusedError as refusal:
        before = latest.get((system.system, contract.name, file.name))
        if before and (before["sha256"], before["contract_hash"]) == (file.sha256, contract_hash):
            report.known += 1
        else:
            outcome = FileOutcome(status="rejected", reason_code=refusal.code, reason=refusal.reason)
            arrival = Arrival(system, contract, contract_hash, zone, file.path, file.name, file.sha256, file.size, None)
            report.files.append(ledger_row(arrival, outcome, file_id_of(arrival, None, 0), landed_at))
        return None
    return Arrival(
        system, contract, contract_hash, zone, file.path, file.name, file.sha256, file.size, moment, vocabularies, patch
    )


def _identities(row: Row) -> Iterator[tuple[object, ...]]:
    """What was loaded, with its date, and without it for files whose own column holds the date."""
    identity = (row["source_system"], row["contract"], row["sha256"], row["contract_hash"])
    yield from ((*identity, row["exported_at"]), (*identity, None))


def _origin(arrival: Arrival) -> tuple[str, ...]:
    return (arrival.system.system, arrival.contract.name, arrival.name, arrival.sha256)


def _arrival_identity(arrival: Arrival) -> tuple[object, ...]:
    return (arrival.system.system, arrival.contract.name, arrival.sha256, arrival.contract_hash, arrival.exported_at)


def _is_same(arrival: Arrival, before: Row) -> bool:
    """Whether the newest observation of this path was of these bytes, under this contract, for this date."""
    same = (before["sha256"], before["contract_hash"]) == (arrival.sha256, arrival.contract_hash)
    return same and (arrival.exported_at is None or before["exported_at"] == arrival.exported_at)
