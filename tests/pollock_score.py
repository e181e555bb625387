"""Pollock's measure of a CSV reader: success, and precision, recall and F1 of header, records and cells per file.

After Vitagliano et al., "Pollock: A Data Loading Benchmark" (VLDB 2023): the simple score is the sum of the ten means,
the weighted one weighs files by how often their kind of pollution was met in the wild. Written from the paper's text.

`python tests/pollock_score.py FOLDER [almanac|duckdb|pandas]` prints the scores by group of files. DuckDB and pandas
are given each file's dialect: their published scores (9.961 / 9.599 and 9.895 / 9.431) calibrate this scorer.
"""

import csv
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

Rows = list[list[str]]


def score(folder: Path, read: Callable[[Path], Rows | None], limit: int = 0) -> dict[str, Any]:
    """Simple and weighted score; `refused` counts files that were not loaded. limit: every n-th file.

    `groups` holds, per kind of pollution, the number of files and their mean simple score.
    """
    weights = json.loads((folder / "pollock_weights.json").read_text(encoding="utf-8"))
    paths = sorted((folder / "csv").glob("*.csv"))[:: limit or 1]
    groups: dict[str, list[float]] = defaultdict(list)
    simple, weighted, total, refused = 0.0, 0.0, 0.0, 0
    for path in paths:
        rows = read(path)
        points = sum(_figures(_clean(folder / "clean" / path.name), rows))
        refused += rows is None
        weight = float(weights.get(path.name, 1))
        simple += points / len(paths)
        weighted += points * weight
        total += weight
        groups[_kind(path)].append(points)
    scores = {"simple": round(simple, 3), "weighted": round(weighted / total, 3), "refused": refused}
    return {**scores, "files": len(paths), "groups": {name: _mean(points) for name, points in sorted(groups.items())}}


def _kind(path: Path) -> str:
    return re.sub(r"_?\d.*|_(less|more|same)$", "", path.stem)


def _mean(points: list[float]) -> tuple[int, float]:
    return len(points), round(sum(points) / len(points), 3)


def _clean(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.reader(stream) if row]


def _figures(truth: Rows, rows: Rows | None) -> list[float]:
    """Success, then precision, recall, F1 of header, record, cell."""
    if rows is None:
        return [0.0] * 10
    header = _compare(Counter(truth[0] if truth else []), Counter(rows[0] if rows else []))
    records = _compare(Counter(map(tuple, truth[1:])), Counter(map(tuple, rows[1:])))
    cells = _compare(Counter(c for r in truth[1:] for c in r), Counter(c for r in rows[1:] for c in r))
    return [1.0, *header, *records, *cells]


def _compare(truth: Counter[Any], found: Counter[Any]) -> list[float]:
    if not truth and not found:
        return [1.0, 1.0, 1.0]
    same = sum((truth & found).values())
    precision = same / found.total() if found else 0.0
    recall = same / truth.total() if truth else 0.0
    return [precision, recall, 2 * precision * recall / (precision + recall) if same else 0.0]


def with_given_dialect(reader: str) -> Callable[[Path], Rows | None]:
    """DuckDB or pandas, told each file's dialect, as the benchmark's authors ran them."""

    def read(path: Path) -> Rows | None:
        given = path.parents[1] / "parameters" / f"{path.name}_parameters.json"
        dialect = json.loads(given.read_text(encoding="utf-8"))
        try:
            return _READERS[reader](path, dialect)
        except Exception:  # whatever a peer raises, it did not load the file
            return None

    return read


def _duckdb(path: Path, dialect: dict[str, Any]) -> Rows:
    import duckdb

    rows = duckdb.read_csv(
        str(path), header=False, skiprows=dialect["preamble_lines"], delimiter=dialect["delimiter"],
        quotechar=dialect["quotechar"], escapechar=dialect["escapechar"], strict_mode=False, null_padding=True,
        ignore_errors=True, columns={f"c{n}": "VARCHAR" for n in range(dialect["n_columns"])}, auto_detect=False,
    ).fetchall()  # fmt: skip
    return _joined([[cell or "" for cell in row] for row in rows], dialect["header_lines"])


def _pandas(path: Path, dialect: dict[str, Any]) -> Rows:
    import pandas

    doubled = dialect["escapechar"] in ("", dialect["quotechar"])
    frame = pandas.read_csv(
        path, header=None, skiprows=dialect["preamble_lines"], sep=dialect["delimiter"], quotechar=dialect["quotechar"],
        escapechar=None if doubled else dialect["escapechar"], dtype=str, keep_default_na=False, on_bad_lines="skip",
        engine="python", encoding=dialect["encoding"],
    )  # fmt: skip
    return _joined(frame.fillna("").values.tolist(), dialect["header_lines"])


def _joined(rows: Rows, lines: int) -> Rows:
    """The header as these readers write it: several lines joined by a space, and made-up names where there is none."""
    if lines == 0 and rows:
        return [[str(n) for n in range(len(rows[0]))], *rows]
    return [[" ".join(parts) for parts in zip(*rows[:lines], strict=True)], *rows[lines:]] if lines > 1 else rows


_READERS = {"duckdb": _duckdb, "pandas": _pandas}


def main() -> None:
    """Print the table."""
    folder, reader = Path(sys.argv[1]), (sys.argv[2:] or ["almanac"])[0]
    if reader == "almanac":
        from test_ingest_messy import PADDED, table

        scores = score(folder, lambda path: table(path, PADDED))
    else:
        scores = score(folder, with_given_dialect(reader))
    for name, (files, points) in scores.pop("groups").items():
        print(f"| {name} | {files} | {points:.3f} |")
    print(json.dumps(scores))


if __name__ == "__main__":
    main()
