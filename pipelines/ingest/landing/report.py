"""The report of one run of ingestion, and the ledger's row of one file."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from pipelines.ingest.arrival import Arrival, FileOutcome
from pipelines.ingest.files import file_ledger
from pipelines.ingest.files.file_ledger import FileLedger, Row
from pipelines.ingest.landing.absent import SEPARATOR
from pipelines.ingest.landing.inbox import InboxFile, Unread


@dataclass
class IngestReport:
    """What one run did. files: ledger rows of this run; known: files that were read before; unread: passed by.

    ties: which of several downloads of one day counts, and why.
    """

    files: list[Row] = field(default_factory=list)
    known: int = 0
    unread: list[Unread] = field(default_factory=list)
    ties: list[str] = field(default_factory=list)

    @property
    def new_files(self) -> int:
        """Number of files that this run read or refused."""
        return len(self.files)

    def lines(self) -> list[str]:
        """The summary, and what was decided between files."""
        return [self.summary(), *self.ties]

    def faults(self) -> list[str]:
        """What this machine could not read, each with the reason: the next run tries again."""
        return [f"{item.name}: {item.reason}" for item in self.unread if item.is_fault]

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


@dataclass(frozen=True)
class Notice:
    """A file that is not in the tables, and why. status: rejected, unclaimed, unread."""

    status: str
    path: str
    reason: str
    is_fault: bool = False


def notices_of(ledger: FileLedger, report: IngestReport) -> list[Notice]:
    """Every file that is not in the tables: of the ledger, unless corrected since, and of the inbox as it is."""
    rows = [*ledger.frame().to_dicts(), *report.files]
    found = {row["path"]: Notice(row["status"], row["path"], row["reason"]) for row in rows if _is_out(row)}
    found |= {item.name: Notice("unread", item.name, item.reason, item.is_fault) for item in report.unread}
    return sorted(found.values(), key=lambda notice: (notice.status, notice.path))


def _is_out(row: Row) -> bool:
    return row["status"] in ("rejected", "unclaimed")


def file_id_of(arrival: Arrival, moment: datetime | None, earlier_count: int) -> str:
    """The id of one observation of a file: equal for the same path, bytes, contract and date."""
    parts = (arrival.system.system, arrival.contract.name, arrival.name, moment, arrival.sha256, arrival.contract_hash)
    return file_ledger.file_id(parts, earlier_count)


def ledger_row(arrival: Arrival, outcome: FileOutcome, file_id: str, landed_at: datetime) -> Row:
    """The ledger's row of one file that was read or refused."""
    contract = arrival.contract
    day = outcome.exported_at.isoformat() if outcome.exported_at else "undated"
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
        "exported_at": outcome.exported_at,
        "landed_at": landed_at,
        "extract": contract.kind,
        "window_column": contract.window_column,
        "window_from": outcome.window_from,
        "window_to": outcome.window_to,
        "changed_at": outcome.changed_at,
        "set_id": f"{arrival.system.system}/{contract.object}/{contract.name}/{day}",
        "status": outcome.status,
        "reason_code": outcome.reason_code,
        "reason": outcome.reason,
        "rows_in": outcome.rows_in,
        "rows_loaded": outcome.rows_loaded,
        "rows_quarantined": outcome.rows_quarantined,
        "rows_control": outcome.rows_control,
        "encoding": outcome.encoding,
        "delimiter": outcome.delimiter,
        "warnings": outcome.warnings_text,
        "absent_columns": SEPARATOR.join(outcome.absent_columns),
    }


def is_noted(file: InboxFile, latest: dict[tuple[str, str, str], Row]) -> bool:
    """Whether an earlier run has said that no contract claims these bytes under this name."""
    before = latest.get(("", "", file.name))
    return bool(before and before["sha256"] == file.sha256)


def note_unread(
    file: InboxFile,
    why: str,
    nearest: str,
    latest: dict[tuple[str, str, str], Row],
    landed_at: datetime,
    report: IngestReport,
) -> None:
    """Add a file that no contract claims, or a foreign one in a demo home, to the report once; it is not read.

    nearest: the contract whose files are named most like it.
    """
    before = latest.get(("", why, file.name))
    if before and before["sha256"] == file.sha256:
        report.known += 1
        return
    row: Row = dict.fromkeys(file_ledger.FILES)
    row |= {
        "file_id": file_ledger.file_id(("unread", why, file.name, file.sha256), 0), "source_system": "", "object": "",
        "contract": why,
        "path": file.name, "part": "", "sha256": file.sha256, "bytes": file.size, "landed_at": landed_at, "set_id": "",
        "status": "unclaimed", "reason_code": "unclaimed",
        "reason": "no contract's `files` matches"
        f"{f'; nearest: {nearest}' if nearest else ''}: `almanac sources new FILE` proposes one", "warnings": "[]",
    }  # fmt: skip
    row |= dict.fromkeys(("rows_in", "rows_loaded", "rows_quarantined", "rows_control"), 0)
    if why:
        row |= {
            "status": "rejected", "reason_code": "demo_home",
            "reason": "this home holds the sample company: give real exports a home of their own with "
            "`almanac --home DIR run`",
        }  # fmt: skip
    report.files.append(row)
