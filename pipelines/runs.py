"""One run of the job: what it may see and under which id its rows are kept."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

RunKind = Literal["live", "backfill", "revision", "submission"]


@dataclass(frozen=True)
class Run:
    """What every stage is told about the run it belongs to. Instants are naive UTC.

    as_of: exports up to the end of this day may be seen.
    known_at: files that landed later are left out; None for all that have landed.
    """

    run_id: str
    run_kind: RunKind
    as_of: date
    as_of_end_at: datetime
    known_at: datetime | None
    started_at: datetime
    reason: str = ""
