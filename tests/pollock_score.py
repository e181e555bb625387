"""Pollock's measure of a CSV reader: success, and precision, recall and F1 of header, records and cells per file.

After Vitagliano et al., "Pollock: A Data Loading Benchmark" (VLDB 2023): the simple score is the sum of the ten means,
the weighted one weighs files by how often their kind of pollution was met in the wild. Written from the paper's text.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

Rows = list[list[str]]


def score(folder: Path, read: Callable[[Path], Rows | None], limit: int = 0) -> dict[str, float]:
    """Simple and weighted score; `refused` counts files that were not loaded. limit: every n-th file."""
    weights = json.loads((folder / "pollock_weights.json").read_text(encoding="utf-8"))
    paths = sorted((folder / "csv").glob("*.csv"))[:: limit or 1]
    simple, weighted, total, refused = 0.0, 0.0, 0.0, 0
    for path in paths:
        rows = read(path)
        figures = _figures(_clean(folder / "clean" / path.name), rows)
        refused += rows is None
        weight = float(weights.get(path.name, 1))
        simple += sum(figures) / len(paths)
        weighted += sum(figures) * weight
        total += weight
    return {"simple": round(simple, 3), "weighted": round(weighted / total, 3), "refused": refused, "files": len(paths)}


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


def _compare(truth: Counter, found: Counter) -> list[float]:  # type: ignore[type-arg]
    if not truth and not found:
        return [1.0, 1.0, 1.0]
    same = sum((truth & found).values())
    precision = same / found.total() if found else 0.0
    recall = same / truth.total() if truth else 0.0
    return [precision, recall, 2 * precision * recall / (precision + recall) if same else 0.0]
