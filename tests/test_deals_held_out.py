"""Duplicate deals in companies that the rules were never adjusted on: another seed, another size."""

from pathlib import Path

import duckdb
import pytest

from pipelines import ingest, keys, resolve
from pipelines.contracts import load_contracts
from pipelines.demo import AS_OF, write_demo
from pipelines.home import dbt, runs, warehouse
from pipelines.home.settings import Settings, load_settings, now

PAIRS = """
with records as (
    select coalesce(survivor_id, record_id) as deal, true_deal_id
    from intermediate.int_opportunity_records
    left join intermediate.int_opportunity_duplicates using (record_id)
    inner join read_parquet(?) as truth using (source_system, source_id)
    where stage_type <> 'void'
),
groups as (select deal, true_deal_id, count(*) as n from records group by all)
select
    (select sum(n * (n - 1)) from groups)
    / (select sum(n * (n - 1)) from (select count(*) as n from records group by deal)),
    (select sum(n * (n - 1)) from groups)
    / (select sum(n * (n - 1)) from (select count(*) as n from records group by true_deal_id))
"""


def up_to_duplicates(settings: Settings) -> None:
    """Only the part of the job that duplicate deals depend on."""
    ingest.run(settings, load_contracts(settings.sources), landed_at=now())
    run = runs.start(settings, "held-out", AS_OF)
    warehouse.record_run(settings, run)
    keys.build_keys(settings)
    folder = dbt.prepare_project(settings)
    dbt.dbt(folder, "seed")
    dbt.dbt(folder, "run", "--select", "staging", "matching")
    resolve.resolve_customers(settings, run)
    dbt.dbt(folder, "run", "--select", "+int_opportunity_duplicates", "--exclude", "staging", "matching")


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "customers"), [(11, 600), (13, 250)])
def test_duplicate_deals_of_companies_never_looked_at_are_found(tmp_path: Path, seed: int, customers: int) -> None:
    settings = load_settings(tmp_path / "home")
    write_demo(settings.home, customers=customers, seed=seed)
    up_to_duplicates(settings)
    truth = str(settings.home / "truth" / "deals.parquet")
    with duckdb.connect(str(settings.working_file), read_only=True) as connection:
        precision, recall = connection.execute(PAIRS, [truth]).fetchall()[0]
    assert precision >= 0.995
    assert recall >= 0.99
