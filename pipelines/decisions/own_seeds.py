"""The company's own copy of a seed, as rows that a decision may add to."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings

NO_POLICY = "the shipped policy cannot be changed: run `almanac init DIR`, then `almanac --config DIR run`"
Rows = list[dict[str, str]]


def read(settings: Settings, seed: str) -> tuple[Path, Sequence[str], Rows]:
    """The company's own file of a seed, begun with the shipped rows where it has none, its heads and its rows."""
    if settings.config is None:
        raise AlmanacError(NO_POLICY)
    path = settings.config / "seeds" / f"{seed}.csv"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(settings.seed(seed).read_bytes())
    with path.open(encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        return path, list(table.fieldnames or ()), [{name: row[name] or "" for name in row if name} for row in table]


def write(path: Path, heads: Sequence[str], rows: Rows) -> None:
    """Put the rows in the place of the file's, in one step."""
    text = io.StringIO()
    table = csv.DictWriter(text, heads, restval="", extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    aside = path.with_suffix(".new")
    aside.write_text(text.getvalue(), encoding="utf-8")
    aside.replace(path)
