"""Systems marked `required`: a rejected file of theirs stops this run and later ones until it is corrected."""

from collections.abc import Mapping

from pipelines.contracts import SourceContract
from pipelines.errors import AlmanacError
from pipelines.ingest.files.file_ledger import FileLedger, Row


def stop_for_required(contracts: Mapping[str, SourceContract], ledger: FileLedger) -> None:
    """Raise AlmanacError while a rejected file of a required system is uncorrected, whichever run rejected it.

    It is corrected when a file of that path, or of that export under another name, is loaded.
    """
    required = {(name, item.name) for name, system in contracts.items() if system.required for item in system.objects}
    rejected: dict[tuple[str, ...], Row] = {}
    for row in ledger.rows:
        claim = (row["source_system"], row["contract"])
        if claim in required and row["status"] == "rejected":
            rejected[*claim, row["path"]] = row
        elif claim in required:
            rejected = {
                key: bad
                for key, bad in rejected.items()
                if key[:2] != claim or (bad["path"] != row["path"] and _slot(bad) != _slot(row))
            }
    for row in rejected.values():
        raise AlmanacError(
            f"{row['path']}: {row['reason']} (system {row['source_system']} is required: nothing is served)"
        )


def _slot(row: Row) -> tuple[str, str]:
    """The slot of a file in its export; a loaded file replaces earlier ones of its slot, whatever their names."""
    return row["set_id"], row["part"]
