"""Deals that were entered twice and that no rule takes for one: how many are asked about, and how often with reason."""

import duckdb
import polars as pl
import pytest
from deal_rules import RECORDS, run_models

from pipelines.demo import AS_OF
from pipelines.demo.dirt import load_dirt
from pipelines.demo.world import build_world

KNOWN = """
insert into int_opportunity_records by name
select system || '|' || source_id as record_id, system as source_system, title as opportunity_name,
    amount / 100.0 as amount_base, date '1970-01-01' + cast(born as integer) as created_on,
    case when is_closed then date '1970-01-01' + cast(closed as integer) end as closed_on,
    if(stage in ('won', 'lost'), stage, 'open') as stage_type, external_id, source_id, source_id as source_deal_id,
    cast(customer as varchar) as customer_id, 'closed_on' as closed_on_source
from deals"""
COUNTED = "select record_id from int_opportunity_records anti join int_opportunity_duplicates using (record_id)"
IDS = "select system || '|' || source_id as record_id, system, deal from deals"
ASKED = f"""
with ids as ({IDS}), counted as ({COUNTED})
select l.deal = r.deal from int_opportunity_twins as twins
inner join ids as l on twins.record_id = l.record_id inner join ids as r on twins.other_id = r.record_id
where twins.record_id in (from counted) and twins.other_id in (from counted)"""
TWICE = f"""
with ids as ({IDS}), counted as ({COUNTED})
select count(*) from ids as l inner join ids as r using (deal, system)
where l.record_id < r.record_id and l.record_id in (from counted) and r.record_id in (from counted)"""


@pytest.mark.parametrize(("seed", "asked"), [(7, [True]), (1, [True]), (3, [False]), (11, [])])
def test_whatever_is_counted_twice_within_a_system_is_asked_about(seed: int, asked: list[bool]) -> None:
    """Customers as they truly are. Seeds 1 to 5, 7, 11 and 20261031: four pairs are asked about, three with reason."""
    world = build_world(seed, 600, 8, AS_OF, load_dirt())
    lists = [system.name for system in world.systems if system.kind in ("crm", "sheet")]
    deals = pl.concat([world.deal_rows(name, world.last) for name in lists], how="diagonal_relaxed")
    with duckdb.connect() as connection:
        connection.register("deals", deals.filter(pl.col("deleted_from").is_null()))
        connection.execute(RECORDS)
        connection.execute(KNOWN)
        run_models(connection)
        found = [is_one for (is_one,) in connection.execute(ASKED).fetchall()]
        assert found == asked
        assert connection.execute(TWICE).fetchall() == [(sum(asked),)]
