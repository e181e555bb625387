"""Cases of people and companies: which records are one, beside who they really are."""

from itertools import combinations
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.bench.cases.verdict import Case
from pipelines.matching.files import as_records, read_records, recognise
from pipelines.matching.report import match_records

Pairs = set[tuple[str, str]]


def _merged(file: Path) -> tuple[set[str], Pairs]:
    """The ids of a file, and the pairs that one cluster holds, the smaller id first."""
    table, _ = read_records(file)
    clusters, _ = match_records(as_records(table, recognise(table.columns)))
    groups = clusters.group_by("cluster_id").agg(pl.col("record_id").sort())["record_id"].to_list()
    return set(clusters["record_id"]), {pair for group in groups for pair in combinations(group, 2)}


def _copies(file: str) -> Case:
    """The pairs of a file whose second id is the first with a b: all of them are one person, no other two are."""

    def seen(folder: Path) -> tuple[Any, Any]:
        ids, merged = _merged(folder / file)
        copies = {(record, f"{record}b") for record in ids if f"{record}b" in ids}
        others = {pair for pair in merged - copies if all(record.startswith("bg") for record in pair)}
        return {"found": len(copies), "others": 0}, {"found": len(copies & merged), "others": len(others)}

    return seen


def _counted(file: str, right: dict[str, int]) -> Case:
    """right: beginning of ids to the number of pairs of them that are one."""

    def seen(folder: Path) -> tuple[Any, Any]:
        _, merged = _merged(folder / file)
        of = {start: sum(l.startswith(start) and r.startswith(start) for l, r in merged) for start in right}  # noqa: E741
        return right, of

    return seen


_PERSONS = {"p01": 2, "p02": 2, "p03": 5, "p04": 0, "p05": 3, "p06": 3, "p07": 2, "p09": 1, "p10": 0, "p12": 0}
_COMPANIES = {"m01_": 0, "m04": 5, "m06a": 3, "m06c": 3, "m08a": 0, "m08b": 0, "m08c": 0, "m08n": 0, "m08w": 0,
              "m10": 5, "m12a": 6, "m12b": 3, "m12c": 1}  # fmt: skip
CASES: dict[str, Case] = {
    "m-namesakes strangers": _counted("m-namesakes/namesakes.csv", {"ns": 0, "co": 0}),
    "m-persons copies": _copies("m-persons/background.csv"),
    "m-persons spellings": _counted("m-persons/persons.csv", _PERSONS),
    "m-companies copies": _copies("m-companies/companies.csv"),
    "m-companies spellings": _counted("m-companies/companies.csv", _COMPANIES),
}
