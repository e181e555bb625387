"""Chinese short names (证券简称) -> the full company name they most likely stand for.

A short name keeps characters of the full name in their order. Characters are weighted by their rarity among the full
names; a run of adjacent characters counts more than scattered ones; the brand of the full name should be covered.
"""

import re
import unicodedata

import numba
import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.keys.company_name import parse_name

_MARKS = re.compile(r"^(?:\*|S\*?ST|\*?ST|XD|XR|DR|N|C|U|GQY(?!))+(?=[一-鿿])")
_SHARE_CLASS = re.compile(r"(?:[-－]?(?:UW|SW|WD|VIE|[ABHUWDR]))+$")
# 股份, 集团 and 控股 stay: short names keep them (友发集团), and being common they have almost no weight.
_FORM = re.compile("有限责任公司|有限公司|公司")
SHORTLIST = 40
UNCOVERED = 0.2
CAP = 0.4
LENGTH = 0.02
SCHEMA = {"short": pl.String, "full": pl.String, "score": pl.Float64, "margin": pl.Float64}


def short_core(short: str) -> str:
    """A short name without exchange marks: *ST全新 -> 全新, 万科A -> 万科."""
    text = unicodedata.normalize("NFKC", short).replace(" ", "")
    text = _SHARE_CLASS.sub("", _MARKS.sub("", text)) or text
    return text.casefold()


def link_short_names(shorts: list[str], fulls: list[str]) -> pl.DataFrame:
    """One row per short name: `short, full` (null where no character agrees), `score`, `margin` to the next."""
    if not shorts or not fulls:
        return pl.DataFrame({"short": shorts, "full": None, "score": 0.0, "margin": 0.0}, schema=SCHEMA)
    cores = [short_core(short) for short in shorts]
    bodies, brand_ends, brand_starts = _bodies(fulls)
    codes = {character: code for code, character in enumerate(sorted(set("".join([*cores, *bodies]))))}
    weights = _rarity(bodies, codes)
    short_rows, full_rows = _rows(cores, codes), _rows(bodies, codes)
    rows = []
    for index, (short, shortlist) in enumerate(zip(shorts, _shortlists(cores, bodies, codes, weights), strict=True)):
        scores = np.array(
            [_score(short_rows[index], full_rows[i], weights, brand_starts[i], brand_ends[i]) for i in shortlist]
        )
        order = np.lexsort((shortlist, -scores))
        best = float(scores[order[0]]) if len(order) else 0.0
        second = float(scores[order[1]]) if len(order) > 1 else 0.0
        rows.append((short, fulls[shortlist[order[0]]] if best > 0 else None, best, best - second))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _bodies(fulls: list[str]) -> tuple[list[str], list[int], list[int]]:
    """Full names without legal forms, and where in them the brand begins and ends."""
    bodies, ends, starts = [], [], []
    for full in fulls:
        name = parse_name(full)
        body = re.sub(r"[\W_]+", "", _FORM.sub("", name.name_key)) or name.name_key
        start = max(body.find(name.brand), 0)
        bodies.append(body)
        starts.append(start)
        ends.append(start + len(name.brand))
    return bodies, ends, starts


def _rarity(bodies: list[str], codes: dict[str, int]) -> npt.NDArray[np.float64]:
    counts = np.zeros(len(codes))
    for body in bodies:
        for character in set(body):
            counts[codes[character]] += 1
    return np.log2((len(bodies) + 1) / (counts + 0.5))


def _rows(texts: list[str], codes: dict[str, int]) -> list[npt.NDArray[np.int64]]:
    return [np.array([codes[character] for character in text], dtype=np.int64) for text in texts]


def _shortlists(
    cores: list[str], bodies: list[str], codes: dict[str, int], weights: npt.NDArray[np.float64]
) -> list[npt.NDArray[np.int64]]:
    """Indices of the full names that share the most character weight with each short name."""
    from scipy.sparse import csr_matrix

    def incidence(texts: list[str]) -> csr_matrix:
        pairs = [(row, codes[character]) for row, text in enumerate(texts) for character in set(text)]
        rows, columns = zip(*pairs, strict=True) if pairs else ((), ())
        return csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), len(codes)))

    shared = (incidence(cores).multiply(weights).tocsr() @ incidence(bodies).T).tocsr()
    shortlists = []
    for row in range(len(cores)):
        columns = shared.indices[shared.indptr[row] : shared.indptr[row + 1]]
        sums = shared.data[shared.indptr[row] : shared.indptr[row + 1]]
        shortlists.append(columns[np.lexsort((columns, -sums))[:SHORTLIST]].astype(np.int64))
    return shortlists


@numba.njit(cache=True)
def _score(short, full, weights, brand_start, brand_end):
    """Weight of the best in-order alignment over the weight of the short name, less the uncovered part of the brand.

    Dynamic programming over (position in short, position in full, whether the last two matches are adjacent).
    """
    n, m = len(short), len(full)
    best = np.zeros((n + 1, m + 1))
    run = np.full((n + 1, m + 1), -1e9)
    for i in range(1, n + 1):
        weight = weights[short[i - 1]]
        for j in range(1, m + 1):
            if short[i - 1] == full[j - 1]:
                in_brand = 1.15 if brand_start <= j - 1 < brand_end else 1.0
                scattered = best[i - 1, j - 1] + weight * in_brand * 0.8
                run[i, j] = max(scattered, run[i - 1, j - 1] + weight * in_brand * 1.1)
            best[i, j] = max(best[i - 1, j], best[i, j - 1], run[i, j])
    total = 0.0
    for code in short:
        total += weights[code]
    uncovered = 0.0
    for j in range(brand_start, min(brand_end, brand_start + 4)):
        missing = True
        for code in short:
            if code == full[j]:
                missing = False
        if missing:
            uncovered += weights[full[j]]
    return max(best[n, m] - UNCOVERED * min(uncovered, CAP * total) - LENGTH * m, 0.0) / (total * 1.265)
