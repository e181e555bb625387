"""Files that others wrote to break readers: each loads with its rows, or is refused with a reason. Never a crash."""

import json
from collections import Counter
from pathlib import Path

import pytest
from conftest import found
from hostile_score import outcomes
from pollock_score import Rows, score

from pipelines.contracts import ObjectContract, Reader
from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.preview import read_table

PADDED = ObjectContract.model_construct(reader=Reader(ragged="pad"))


def table(path: Path, contract: ObjectContract | None = None) -> Rows | None:
    """Header and rows as text, or None where the file is refused."""
    try:
        frame, about = read_table(path, contract)
    except AlmanacError:
        return None
    rows = [[cell or "" for cell in row] for row in frame.iter_rows()]
    return [frame.columns, *rows] if about["has_header"] else rows


@pytest.mark.real
def test_csv_spectrum_is_read_as_its_truth_says(datasets: Path) -> None:
    """Two of the twelve copies do not hold what their truth says, whoever reads them: one telephone number was
    replaced in the truth, and one file lost the CR of its line ends, so that a cell can no longer hold one.
    """
    folder, wrong = datasets / "messy/csv_spectrum", {}
    for path in found((folder / "csvs").glob("*.csv")):
        rows = table(path)
        assert rows is not None, path
        truth = json.loads((folder / "json" / f"{path.stem}.json").read_text(encoding="utf-8"))
        truth = truth if isinstance(truth, list) else [truth]  # a table of one row is written without its list
        read = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
        differing = [(a[k], b[k]) for a, b in zip(read, truth, strict=True) for k in b if a[k] != b[k]]
        if differing:
            wrong[path.stem] = differing
    assert wrong == {
        "location_coordinates": [("2095257564", "1234567890")],
        "newlines_crlf": [("Once upon \na time", "Once upon \r\na time")],
    }


@pytest.mark.real
@pytest.mark.parametrize("name", ["duckdb_csv", "spreadsheets"])
def test_hostile_files_load_or_are_refused_and_never_crash(datasets: Path, name: str) -> None:
    counts = Counter(outcomes(datasets / "messy" / name, every=4).values())
    assert set(counts) <= {"loaded", "with refusals", "refused"}, counts
    assert counts["loaded"] > 0.6 * counts.total(), counts


@pytest.mark.real
def test_pollock_is_read_at_least_as_well_as_by_the_best_detecting_readers(datasets: Path) -> None:
    """Every twentieth file, so that the test stays short; the whole set is scored for the docs."""
    scores = score(datasets / "messy/pollock", lambda path: table(path, PADDED), limit=20)
    assert scores["simple"] >= 9.2, scores
    assert scores["refused"] == 0, scores
