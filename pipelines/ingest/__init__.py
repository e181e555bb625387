"""Export files to typed, canonical rows with lineage; what cannot be used is quarantined with a reason.

Belongs here: reading bytes, encodings and dialects, casting by contract, landing, the ledger of files, `raw.*`.
Does not belong here: comparing two exports with each other (staging), keys of names (`pipelines.keys`), Dagster.
"""

from pipelines.ingest.arrival import Arrival
from pipelines.ingest.landing.report import IngestReport, Notice
from pipelines.ingest.run import first_export, look, newest_export, rebuild, run, show_known_at

__all__ = [
    "Arrival",
    "IngestReport",
    "Notice",
    "first_export",
    "look",
    "newest_export",
    "rebuild",
    "run",
    "show_known_at",
]
