"""A file to be read and its outcome: the types that landing, quarantine and erasure share."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import polars as pl

from pipelines.contracts import ObjectContract, SourceContract
from pipelines.ingest.casting.code_lists import Vocabulary
from pipelines.ingest.casting.validate import CORRECTIONS


@dataclass(frozen=True)
class Patch:
    """Corrected cells by record of one file: (record, cells as JSON, original raw text)."""

    cells: tuple[tuple[int, str, str], ...] = ()

    @property
    def fingerprint(self) -> str:
        """Changes when another row is resubmitted, so that the file is read again; empty for no patch."""
        return hashlib.sha256(repr(self.cells).encode()).hexdigest()[:12] if self.cells else ""

    def between(self, before: int, last: int) -> "Patch":
        """The part for one chunk of the file: records after `before` and up to `last`."""
        return Patch(tuple(cell for cell in self.cells if before < cell[0] <= last))

    def corrections(self) -> pl.DataFrame:
        """The resubmitted rows, for the log of corrections."""
        rows = [
            (record, None, "*", before, cells, "returned_from_quarantine", "corrected by hand")
            for record, cells, before in self.cells
        ]
        names = ("_record", "source_id", "column_name", "old_value", "new_value", "rule", "because")
        schema = {name: pl.Int64 if name == "_record" else pl.String for name in names}
        return pl.DataFrame(rows, schema=schema, orient="row")


@dataclass(frozen=True)
class Arrival:
    """A file that is to be read under a contract. exported_at is None where a column of the file holds it.

    may_lack: the contract's columns that are read as empty where the file lacks their headers.
    """

    system: SourceContract
    contract: ObjectContract
    contract_hash: str
    zone: str
    path: Path
    name: str
    sha256: str
    size: int
    exported_at: datetime | None
    vocabularies: dict[str, Vocabulary] = field(repr=False, default_factory=dict)
    patch: Patch = field(default_factory=Patch)
    may_lack: frozenset[str] = frozenset()


@dataclass
class FileOutcome:
    """The outcome of reading a file: counts, or the reason why it was rejected.

    changed_at: the newest `updated_at` of its rows, by which two downloads of one day are told apart.
    """

    exported_at: datetime | None = None
    status: str = "loaded"
    reason_code: str = ""
    reason: str = ""
    rows_in: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_control: int = 0
    rows_without_currency: int = 0
    currency_guess: tuple[str, str] | None = None
    encoding: str = ""
    delimiter: str = ""
    window_from: date | None = None
    window_to: date | None = None
    changed_at: datetime | None = None
    warnings: list[str] = field(default_factory=list)
    absent_columns: list[str] = field(default_factory=list)
    corrections: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CORRECTIONS))

    @property
    def warnings_text(self) -> str:
        """The warnings as JSON."""
        return json.dumps(self.warnings, ensure_ascii=False)
