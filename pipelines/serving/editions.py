"""Packs for the people whom the company's policy names in `editions.csv`, beside the whole pack of a run."""

import csv
from pathlib import Path

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.report import PAGES_OF, WHOLE, Edition, read_edition, write_pages
from pipelines.serving import places

EDITIONS = "editions.csv"


def editions(settings: Settings) -> list[Edition]:
    """Rows of the policy's `editions.csv` (recipient, role, value); none where there is no such file.

    Raises AlmanacError for a row whose role is unknown, whose recipient cannot name a folder, or that leaves open whose
    rows it is about: nobody gets more than was asked for.
    """
    path = settings.config / EDITIONS if settings.config else None
    if path is None or not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = [
            {str(name).strip(): (text or "").strip() for name, text in row.items()} for row in csv.DictReader(stream)
        ]
    found = [_edition(path, number, row) for number, row in enumerate(rows, start=1)]
    if twice := {one.recipient for one in found if [other.recipient for other in found].count(one.recipient) > 1}:
        raise AlmanacError(f"{path}: names a recipient twice: {', '.join(sorted(twice))}")
    return found


def _edition(path: Path, number: int, row: dict[str, str]) -> Edition:
    recipient, role, value = (row.get(name, "") for name in ("recipient", "role", "value"))
    if role not in PAGES_OF:
        raise AlmanacError(f"{path}: row {number}: role `{role}` is none of {', '.join(PAGES_OF)}")
    if not recipient or recipient.startswith(".") or set(recipient) & set("/\\"):
        raise AlmanacError(f"{path}: row {number}: recipient `{recipient}` cannot be the name of a folder")
    if bool(value) == (role in WHOLE):
        wanted = (
            "takes no value: it sees every row" if role in WHOLE else "needs a value: the team, or the rep's name or id"
        )
        raise AlmanacError(f"{path}: row {number}: role `{role}` {wanted}")
    return Edition(recipient, role, value)


def write_aside(settings: Settings, run_id: str, file: Path, status: Path) -> list[Path]:
    """Write the edition of each named person into a hidden folder; returns that folder, or none without names."""
    named = editions(settings)
    if not named:
        (settings.published / "editions" / places.LATEST).unlink(missing_ok=True)  # nobody is named any more
        return []
    folder = places.aside(settings, "editions", run_id)
    for edition in named:
        target = folder / edition.recipient
        target.mkdir(parents=True, exist_ok=True)
        write_pages(target, read_edition(edition, file, status))
    return [folder]
