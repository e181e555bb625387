"""Systems that nothing may be served without: a rejected file of theirs stops the run, and the next one too."""

from collections.abc import Mapping

from pipelines.contracts import SourceContract
from pipelines.errors import AlmanacError
from pipelines.ingest.files.file_ledger import History, Row


def stop_for_required(contracts: Mapping[str, SourceContract], history: History) -> None:
    """Raise AlmanacError while a rejected file of a required system stands, whichever run found it.

    It stands until a file of that path, or of that export under another name, is loaded.
    """
    asked = {(name, item.name) for name, system in contracts.items() if system.required for item in system.objects}
    standing: dict[tuple[str, ...], Row] = {}
    for row in history.rows:
        claim = (row["source_system"], row["contract"])
        if claim in asked and row["status"] == "rejected":
            standing[*claim, row["path"]] = row
        elif claim in asked:
            standing = {
                key: bad
                for key, bad in standing.items()
                if key[:2] != claim or (bad["path"] != row["path"] and _place(bad) != _place(row))
            }
    for row in standing.values():
        raise AlmanacError(
            f"{row['path']}: {row['reason']} (system {row['source_system']} is required: nothing is served)"
        )


def _place(row: Row) -> tuple[str, str]:
    """What a file is of its export; one that is loaded takes the place of those before it, whatever their names."""
    return row["set_id"], row["part"]
