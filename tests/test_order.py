"""What is served depends on the rows that a model reads, never on the order in which threads happen to read them."""

from pathlib import Path

import duckdb
import pytest
from conftest import Built, found

THREADS = (1, 3, 7)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, threads: int) -> object:
    """Count and hash of the rows of a query, whatever their order."""
    connection.execute(f"set threads = {threads}")
    return connection.execute(f"select count(*), sum(cast(hash(q::varchar) as hugeint)) from ({sql}\n) as q").fetchone()


def _models(built: Built) -> list[Path]:
    compiled = built.settings.warehouse / "dbt_project" / "target" / "compiled" / "almanac" / "models"
    return [path for path in found(compiled.rglob("*.sql")) if path.parent.suffix != ".yml"]


@pytest.mark.slow
def test_every_model_gives_the_same_rows_with_one_thread_and_with_several(built: Built) -> None:
    unstable = []
    with duckdb.connect(str(built.settings.warehouse / "work.duckdb"), read_only=True) as connection:
        connection.execute("set preserve_insertion_order = false")
        for path in _models(built):
            sql = path.read_text().rstrip().rstrip(";")
            if len({_rows(connection, sql, threads) for threads in THREADS}) > 1:
                unstable.append(path.stem)
    assert unstable == []
