"""The walk through one merge in docs/identity.md: its queries run on the built company and find rows."""

import re
from pathlib import Path

import duckdb
from conftest import Built

from pipelines.matching.explain import explain

PAGE = Path(__file__).resolve().parent.parent / "docs" / "identity.md"
MERGED = """
select customer_id, list(source_system || '|' || source_id order by link_bits desc) as records
from resolved.customer_map where rule = 'score' group by all having count(distinct source_system) > 1
order by count(*) desc, customer_id limit 1
"""


def test_every_query_of_the_walk_through_runs_and_finds_rows(built: Built) -> None:
    queries = re.findall(r"```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) >= 3
    with duckdb.connect(str(built.served), read_only=True) as served:
        with duckdb.connect(str(built.settings.working_file), read_only=True) as working:
            customer, records = working.execute(MERGED).fetchall()[0]
        for query in queries:
            query = re.sub(r"\bC[0-9a-f]{12}\b", customer, query)
            assert served.execute(query).fetchall(), query
    assert len(records) > 1


def test_a_customer_is_explained_with_its_golden_record_and_where_each_value_comes_from(built: Built) -> None:
    with duckdb.connect(str(built.settings.working_file), read_only=True) as working:
        customer, records = working.execute(MERGED).fetchall()[0]
        told = explain(working, [customer])
    name = next(line for line in told.splitlines() if line.startswith("  customer_name"))
    assert "golden record:" in told
    assert name.split("  from ")[1] in records
    assert "mint" in told
