"""The grain of each model, tested by one query after a step of dbt: as a node of dbt it costs fifty times the query.

The tests stay declared beside the models, where `dbt test` finds them; `UNTESTED` leaves them out of a build.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from pipelines.home.warehouse import quoted

UNTESTED = "test_name:grain,path:models"  # those of seeds stay with dbt: they need no run


@dataclass(frozen=True)
class Grain:
    """The grain test of a model. test: its name in dbt. columns: they name one row each, and none of them is empty."""

    schema: str
    table: str
    test: str
    columns: Sequence[str]


def grains(nodes: Mapping[str, Any]) -> list[Grain]:
    """The grain test of every model in dbt's manifest that has one."""
    tests = (node for node in nodes.values() if (node.get("test_metadata") or {}).get("name") == "grain")
    tested = ((nodes[test["attached_node"]], test) for test in tests)
    return [
        Grain(
            node["schema"],
            node.get("alias") or node["name"],
            test["name"],
            test["test_metadata"]["kwargs"]["columns"],
        )
        for node, test in tested
        if node["resource_type"] == "model"
    ]


def counted(
    connection: duckdb.DuckDBPyConnection, nodes: Mapping[str, Any], schemas: Collection[str]
) -> list[tuple[Grain, int]]:
    """The grain of every model of these schemas, each with the number of its offenders."""
    return [(grain, offenders(connection, grain)) for grain in grains(nodes) if grain.schema in schemas]


def offenders(connection: duckdb.DuckDBPyConnection, grain: Grain) -> int:
    """How many keys of the table stand on several rows or are empty in part."""
    table, listed = f"{quoted(grain.schema)}.{quoted(grain.table)}", ", ".join(grain.columns)
    is_empty = " or ".join(f"{column} is null" for column in grain.columns)
    # Hashes are told apart in half the time of keys, and equal keys have equal hashes.
    counts = f"count(*), count(distinct hash({listed})), count(*) filter ({is_empty})"
    [(row_count, hash_count, empty_count)] = connection.execute(f"select {counts} from {table}").fetchall()
    if row_count == hash_count and not empty_count:
        return 0
    found = f"select {listed} from {table} group by {listed} having count(*) > 1 or {is_empty}"
    return int(connection.execute(f"select count(*) from ({found})").fetchall()[0][0])
