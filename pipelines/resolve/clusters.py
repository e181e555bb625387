"""Clustering: records -> clusters; two clusters merge only if all pairs between them support it.

With plain connected components one wrong pair merges two large clusters. Here a pair merges two clusters only if the
summed match weights (bits) of *all* scored pairs between them are positive. Pairs that were never compared count
slightly against, and conflicting ids or a decision to keep records apart forbid the merge at any score. (Greedy
correlation clustering; Bansal, Blum and Chawla, Machine Learning 56, 2004, give the objective.)
"""

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

UNSCORED_BITS = -0.5  # a pair that shares no blocking key is weak evidence against one customer
CLIP_BITS = 8.0  # one pair, however certain, must not outweigh all other pairs of a cluster
APART_BITS = -1e6  # of a pair that must stay apart: no sum of agreements outweighs it

MERGED, IDS_CONFLICT, KEPT_APART, OUTVOTED = 0, 1, 2, 3


@dataclass(frozen=True)
class Links:
    """Pairs of record numbers `left, right` (0-based); bits: their score, or 1.0 where it means nothing."""

    left: Ints
    right: Ints
    bits: Floats


@dataclass(frozen=True)
class Clusters:
    """labels: the smallest record number of each record's cluster. outcomes: per certain link and per scored link."""

    labels: Ints
    certain_outcomes: Ints
    scored_outcomes: Ints


def cluster(record_count: int, decided: Links, certain: Links, apart: Links, scored: Links, codes: Ints) -> Clusters:
    """Cluster the records.

    decided: links a person decided; they win over conflicting keys, not over tax ids. certain: links by key. apart:
    pairs never to share a cluster. scored: pairs by score. codes: one row per kind of id (first the valid tax id,
    then each key namespace), one column per record, -1 where unknown: two clusters with different codes of one kind
    are never merged.
    """
    codes = _with_decided_codes(codes, decided)
    left, right = np.concatenate([decided.left, certain.left]), np.concatenate([decided.right, certain.right])
    starts, neighbours, bits = _adjacency(record_count, apart.left, apart.right, np.full(len(apart.left), APART_BITS))
    labels, outcomes = _merge(record_count, left, right, starts, neighbours, bits, codes.copy(), 0.0, -1.0)
    nodes, node_of = np.unique(labels, return_inverse=True)
    node_codes = _codes_of_nodes(codes, node_of, len(nodes))
    node_pairs = _aggregate(node_of, scored, len(nodes))
    apart_pairs = _aggregate(
        node_of, Links(apart.left, apart.right, np.full(len(apart.left), APART_BITS)), len(nodes), None
    )
    all_pairs = [np.concatenate(parts) for parts in zip(node_pairs, apart_pairs, strict=True)]
    starts, neighbours, bits = _adjacency(len(nodes), *all_pairs)
    order = np.lexsort((node_pairs[1], node_pairs[0], -node_pairs[2]))
    order = order[node_pairs[2][order] > 0]
    node_labels, node_outcomes = _merge(
        len(nodes), node_pairs[0][order], node_pairs[1][order], starts, neighbours, bits, node_codes, UNSCORED_BITS, 0.0
    )
    final = _smallest_member(node_labels[node_of])
    scored_outcomes = _outcomes_of_pairs(node_of, scored, node_pairs, order, node_outcomes, len(nodes))
    return Clusters(final, outcomes, np.where(final[scored.left] == final[scored.right], MERGED, scored_outcomes))


def _with_decided_codes(codes: Ints, decided: Links) -> Ints:
    """Codes where a decided link makes two different keys one; valid tax ids stay different."""
    codes = codes.copy()
    for left, right in zip(decided.left, decided.right, strict=True):
        for row in codes[1:]:
            if 0 <= row[left] != row[right] >= 0:
                row[row == row[right]] = row[left]
    return codes


def _codes_of_nodes(codes: Ints, node_of: Ints, node_count: int) -> Ints:
    merged = np.full((len(codes), node_count), -1, dtype=np.int64)
    for row, out in zip(codes, merged, strict=True):
        np.maximum.at(out, node_of, row)
    return merged


def _adjacency(count: int, left: Ints, right: Ints, bits: Floats) -> tuple[Ints, Ints, Floats]:
    """Every link from both of its ends: row starts, neighbours, bits."""
    ends, neighbours = np.concatenate([left, right]), np.concatenate([right, left])
    order = np.argsort(ends, kind="stable")
    starts: Ints = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=count), out=starts[1:])
    doubled: Floats = np.concatenate([bits, bits])[order]
    return starts, np.asarray(neighbours[order], dtype=np.int64), doubled


def _aggregate(node_of: Ints, links: Links, count: int, clip: float | None = CLIP_BITS) -> tuple[Ints, Ints, Floats]:
    """Pairs of nodes with the summed bits of the record pairs between them."""
    a, b = node_of[links.left], node_of[links.right]
    low, high, apart = np.minimum(a, b), np.maximum(a, b), a != b
    bits = links.bits if clip is None else np.clip(links.bits, -clip, clip)
    keys, inverse = np.unique(low[apart] * count + high[apart], return_inverse=True)
    sums = np.bincount(inverse, weights=bits[apart], minlength=len(keys)).astype(np.float64)
    return keys // max(count, 1), keys % max(count, 1), sums


def _outcomes_of_pairs(
    node_of: Ints, scored: Links, node_pairs: tuple[Ints, Ints, Floats], order: Ints, outcomes: Ints, count: int
) -> Ints:
    per_pair = np.zeros(len(node_pairs[0]), dtype=np.int64)
    per_pair[order] = outcomes
    a, b = node_of[scored.left], node_of[scored.right]
    index = np.searchsorted(node_pairs[0] * count + node_pairs[1], np.minimum(a, b) * count + np.maximum(a, b))
    return per_pair[np.minimum(index, max(len(per_pair) - 1, 0))] if len(per_pair) else np.zeros(len(a), np.int64)


def _smallest_member(labels: Ints) -> Ints:
    groups, inverse = np.unique(labels, return_inverse=True)
    smallest = np.full(len(groups), len(labels), dtype=np.int64)
    np.minimum.at(smallest, inverse, np.arange(len(labels)))
    return smallest[inverse]


@numba.njit(cache=True)
def _find(parent: Ints, x: int) -> int:
    while parent[x] != x:
        parent[x] = parent[parent[x]]
        x = parent[x]
    return x


@numba.njit(cache=True)
def _merge(
    count: int,
    left: Ints,
    right: Ints,
    starts: Ints,
    neighbours: Ints,
    bits: Floats,
    codes: Ints,
    unscored: float,
    floor: float,
) -> tuple[Ints, Ints]:
    """Follow the links in order; returns the root of every node and the outcome of every link."""
    parent = np.arange(count)
    size = np.ones(count, dtype=np.int64)
    following = np.full(count, -1, dtype=np.int64)
    last = np.arange(count)
    outcomes = np.zeros(len(left), dtype=np.int64)
    for link in range(len(left)):
        a, b = _find(parent, left[link]), _find(parent, right[link])
        if a == b:
            continue
        conflict = False
        for kind in range(codes.shape[0]):
            if codes[kind, a] >= 0 and codes[kind, b] >= 0 and codes[kind, a] != codes[kind, b]:
                conflict = True
        if conflict:
            outcomes[link] = IDS_CONFLICT
            continue
        if size[a] < size[b] or (size[a] == size[b] and b < a):
            a, b = b, a
        total_bits, scored = 0.0, 0
        member = b
        while member >= 0:
            for index in range(starts[member], starts[member + 1]):
                if _find(parent, neighbours[index]) == a:
                    total_bits += bits[index]
                    scored += 1
            member = following[member]
        if total_bits < APART_BITS / 2:
            outcomes[link] = KEPT_APART
            continue
        if total_bits + unscored * (size[a] * size[b] - scored) <= floor:
            outcomes[link] = OUTVOTED
            continue
        parent[b] = a
        size[a] += size[b]
        following[last[a]] = b
        last[a] = last[b]
        for kind in range(codes.shape[0]):
            if codes[kind, a] < 0:
                codes[kind, a] = codes[kind, b]
    for node in range(count):
        parent[node] = _find(parent, node)
    return parent, outcomes
