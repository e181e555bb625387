"""Which series must add up to which: the ties of the configuration, held against the history.

A level is a list of dimensions joined by `*` (`total` is none, `region`, `region*product_line`), a member the list of
its words joined likewise. A child belongs to the parent whose words it shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.config import Tie
from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch

TOLERANCE = 1e-6  # of the parent's size: exports carry four decimals


@dataclass(frozen=True)
class Hierarchy:
    """Series of one metric that must be coherent. rows: their places in the batch.

    sums: per parent, its place among `rows` and the places of its children. free: places of the nodes that the others
    follow from; summing: (rows, free) matrix with every node as a sum (or difference) of the free ones.
    """

    metric: str
    rows: np.ndarray
    sums: tuple[tuple[int, tuple[int, ...]], ...]
    free: np.ndarray
    summing: np.ndarray

    @property
    def is_tree(self) -> bool:
        """Whether no node has two parents."""
        children = [child for _, members in self.sums for child in members]
        return len(children) == len(set(children))


def hierarchies_of(
    names: pl.DataFrame, batch: Batch, ties: Sequence[Tie]
) -> tuple[list[Hierarchy], list[dict[str, object]]]:
    """One hierarchy per metric in which something adds up, and a row of evidence for every tie that does not hold."""
    found, refused = [], []
    table = names.with_row_index("row").filter(pl.Series(batch.lengths > 0))
    for metric in table["metric"].unique().sort():
        nodes = table.filter(pl.col("metric") == metric)
        sums = [pair for tie in ties for pair in _sums(nodes, tie)]
        kept = []
        for parent, children in sums:
            reason = _broken(batch, parent, children)
            if reason is None:
                kept.append((parent, children))
            else:
                refused.append(_evidence(f"{batch.unique_ids[parent]} = {len(children)} members", reason))
        if kept:
            found.append(_hierarchy(metric, kept))
    return found, refused


def nodes_of(names: pl.DataFrame, hierarchies: Sequence[Hierarchy]) -> np.ndarray:
    """The level of every series that is a node of a hierarchy, an empty text for the others."""
    nodes = np.full(len(names), "", dtype=object)
    levels = names["level"].to_numpy()
    for hierarchy in hierarchies:
        nodes[hierarchy.rows] = levels[hierarchy.rows]
    return nodes


def _sums(nodes: pl.DataFrame, tie: Tie) -> list[tuple[int, tuple[int, ...]]]:
    parents, children = (nodes.filter(pl.col("level") == level) for level in (tie.parent, tie.children))
    shared = _dimensions(tie.parent)
    places = [_dimensions(tie.children).index(name) for name in shared if name in _dimensions(tie.children)]
    if len(places) != len(shared):
        raise ForecastError(f"hierarchy: {tie.children!r} lacks a dimension of its parent {tie.parent!r}")
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, member in children.select("row", "member").iter_rows():
        words = member.split("*")
        groups.setdefault(tuple(words[place] for place in places), []).append(row)
    return [
        (row, tuple(groups[key]))
        for row, member in parents.select("row", "member").iter_rows()
        if (key := tuple(member.split("*")) if shared else ()) in groups
    ]


def _dimensions(level: str) -> list[str]:
    return [] if level == "total" else level.split("*")


def _broken(batch: Batch, parent: int, children: Sequence[int]) -> str | None:
    """Why the children do not add up to the parent in the history; None if they do."""
    rows = [parent, *children]
    if len({int(batch.last[row]) for row in rows}) > 1:
        return "not reconciled: the members end in different periods"
    length = max(len(batch.values[row]) for row in rows)
    total, *parts = (padded(batch.values[row], length) for row in rows)
    gap = np.abs(total - np.sum(parts, axis=0)).max()
    size = max(float(np.abs(total).max()), 1e-12)
    return None if gap <= TOLERANCE * size else f"not reconciled: the history is off by up to {gap:.6g}"


def padded(values: np.ndarray, length: int) -> np.ndarray:
    """The series with zeros before its start (and for unknown values): what it adds to a sum."""
    return np.concatenate([np.zeros(length - len(values)), np.nan_to_num(values)])


def _hierarchy(metric: str, sums: Sequence[tuple[int, tuple[int, ...]]]) -> Hierarchy:
    parents = list(dict.fromkeys(parent for parent, _ in sums))
    leaves = sorted({child for _, children in sums for child in children} - set(parents))
    rows = np.array(parents + leaves)  # parents first, so that it is they who follow from the others
    place = {row: index for index, row in enumerate(rows.tolist())}
    local = tuple((place[parent], tuple(place[child] for child in children)) for parent, children in sums)
    constraints = np.zeros((len(local), len(rows)))
    for line, (parent, children) in enumerate(local):
        constraints[line, parent] = 1
        constraints[line, list(children)] -= 1
    free, summing = solved(constraints)
    hierarchy = Hierarchy(metric, rows, local, free, summing)
    if not hierarchy.is_tree and (summing < -1e-9).any():
        raise ForecastError(f"hierarchy of {metric}: levels cross without a common level below: add that level")
    return hierarchy


def solved(constraints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Free columns of `constraints @ y = 0`, and the matrix that gives all y from the free ones (Gauss-Jordan)."""
    reduced = constraints.copy()
    pivots: list[int] = []
    for column in range(reduced.shape[1]):
        line = len(pivots)
        candidates = np.flatnonzero(np.abs(reduced[line:, column]) > 1e-9)
        if len(candidates) == 0:
            continue
        other = line + candidates[0]
        reduced[[line, other]] = reduced[[other, line]]
        reduced[line] /= reduced[line, column]
        rest = np.arange(len(reduced)) != line
        reduced[rest] -= np.outer(reduced[rest, column], reduced[line])
        pivots.append(column)
        if len(pivots) == len(reduced):
            break
    free = np.setdiff1d(np.arange(reduced.shape[1]), pivots)
    summing = np.zeros((reduced.shape[1], len(free)))
    summing[free, np.arange(len(free))] = 1
    summing[pivots] = -reduced[: len(pivots)][:, free]
    return free, summing


def _evidence(candidate: str, reason: str) -> dict[str, object]:
    return {"decision": "reconciliation", "candidate": candidate, "is_chosen": False, "reason": reason}
