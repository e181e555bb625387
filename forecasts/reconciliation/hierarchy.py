"""Which series must add up to which: the aggregations of the configuration that hold in the history.

A level is a list of dimensions joined by `*` (`total` is none, `region`, `region*product_line`), a member the list of
its values joined likewise. A child belongs to the parent whose values it shares.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.config import Aggregation
from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch

TOLERANCE = 1e-6  # of the parent's size: exports carry four decimals


@dataclass(frozen=True)
class Hierarchy:
    """Series of one metric that must be coherent. rows: their rows in the batch.

    sums: per parent, its position in `rows` and the positions of its children. free: positions of the nodes that
    determine the others; summing: (rows, free) matrix with every node as a sum (or difference) of the free ones.
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
    names: pl.DataFrame, batch: Batch, aggregations: Sequence[Aggregation]
) -> tuple[list[Hierarchy], list[dict[str, object]]]:
    """One hierarchy per metric with a sum that holds, and a row of evidence for every sum that does not."""
    hierarchies, rejected = [], []
    table = names.with_row_index("row").filter(pl.Series(batch.lengths > 0))
    for metric in table["metric"].unique().sort():
        nodes = table.filter(pl.col("metric") == metric)
        sums = [pair for aggregation in aggregations for pair in _sums(nodes, aggregation)]
        kept = []
        for parent, children in sums:
            reason = _mismatch(batch, parent, children)
            if reason is None:
                kept.append((parent, children))
            else:
                rejected.append(_evidence(f"{batch.unique_ids[parent]} = {len(children)} members", reason))
        if kept:
            hierarchies.append(_hierarchy(metric, kept))
    return hierarchies, rejected


def nodes_of(names: pl.DataFrame, hierarchies: Sequence[Hierarchy]) -> np.ndarray:
    """The level of every series that is a node of a hierarchy, an empty text for the others."""
    nodes = np.full(len(names), "", dtype=object)
    levels = names["level"].to_numpy()
    for hierarchy in hierarchies:
        nodes[hierarchy.rows] = levels[hierarchy.rows]
    return nodes


def _sums(nodes: pl.DataFrame, aggregation: Aggregation) -> list[tuple[int, tuple[int, ...]]]:
    parents, children = (nodes.filter(pl.col("level") == level) for level in (aggregation.parent, aggregation.children))
    shared = _dimensions(aggregation.parent)
    shared_positions = [
        _dimensions(aggregation.children).index(name) for name in shared if name in _dimensions(aggregation.children)
    ]
    if len(shared_positions) != len(shared):
        raise ForecastError(
            f"hierarchy: {aggregation.children!r} lacks a dimension of its parent {aggregation.parent!r}"
        )
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, member in children.select("row", "member").iter_rows():
        member_values = member.split("*")
        groups.setdefault(tuple(member_values[position] for position in shared_positions), []).append(row)
    return [
        (row, tuple(groups[key]))
        for row, member in parents.select("row", "member").iter_rows()
        if (key := tuple(member.split("*")) if shared else ()) in groups
    ]


def _dimensions(level: str) -> list[str]:
    return [] if level == "total" else level.split("*")


def _mismatch(batch: Batch, parent: int, children: Sequence[int]) -> str | None:
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
    """The series with zeros before its start and for unknown values: its contribution to a sum."""
    return np.concatenate([np.zeros(length - len(values)), np.nan_to_num(values)])


def _hierarchy(metric: str, sums: Sequence[tuple[int, tuple[int, ...]]]) -> Hierarchy:
    parents = list(dict.fromkeys(parent for parent, _ in sums))
    leaves = sorted({child for _, children in sums for child in children} - set(parents))
    rows = np.array(parents + leaves)  # parents first, so that they are determined by the others
    position = {row: index for index, row in enumerate(rows.tolist())}
    local = tuple((position[parent], tuple(position[child] for child in children)) for parent, children in sums)
    constraints = np.zeros((len(local), len(rows)))
    for line, (parent, children) in enumerate(local):
        constraints[line, parent] = 1
        constraints[line, list(children)] -= 1
    free, summing = solve_constraints(constraints)
    hierarchy = Hierarchy(metric, rows, local, free, summing)
    if not hierarchy.is_tree and (summing < -1e-9).any():
        raise ForecastError(f"hierarchy of {metric}: levels cross without a common level below: add that level")
    return hierarchy


def solve_constraints(constraints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Free columns of `constraints @ y = 0`, and the matrix that gives all y from the free ones (Gauss-Jordan)."""
    reduced = constraints.copy()
    pivots: list[int] = []
    for column in range(reduced.shape[1]):
        line = len(pivots)
        candidates = np.flatnonzero(np.abs(reduced[line:, column]) > 1e-9)
        if len(candidates) == 0:
            continue
        pivot_line = line + candidates[0]
        reduced[[line, pivot_line]] = reduced[[pivot_line, line]]
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
