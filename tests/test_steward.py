"""A steward's decision through the command line: everything downstream follows it, and its withdrawal."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from conftest import Built
from typer.testing import CliRunner

from pipelines.cli import app

HEADER = "source_system_l,source_id_l,source_system_r,source_id_r,decision,decided_by,decided_on,reason"
# revenue is what is counted here; forecasts need not be good to follow
FORECASTS = """
tier: quick
tiers:
  quick: {models: [seasonal_naive], guardrail: [seasonal_naive], intermittent: [seasonal_naive]}
series:
  - {metric: revenue, levels: [total], freq: MS, horizon: 3}
"""
# a customer of two records of two systems, one with most of its sales and one with most of its deals
MERGED = """
with merged as (
    select customer_id, list((source_system, source_id) order by source_system) as records
    from marts.customer_crosswalk
    group by all having count(*) = 2 and count(distinct source_system) = 2
)
select customer_id, records from merged
where
    customer_id in (select customer_id from marts.revenue)
    and customer_id in (select customer_id from marts.opportunities)
order by customer_id limit 1
"""
# a customer of one record, with deals and without a tax id that would keep it apart from others
STRANGER = """
select any_value((source_system, source_id)) from marts.customer_crosswalk
where
    customer_id in (select customer_id from marts.opportunities)
    and customer_id in (select customer_id from marts.customers where tax_id is null)
group by customer_id having count(*) = 1
order by customer_id limit 1
"""
SALES = "select customer_id, sum(amount_base) from marts.revenue group by all order by all"
DEALS = "select source_system || '|' || source_id, customer_id from marts.opportunity_crosswalk order by all"
CROSSWALK = "select source_system, source_id, customer_id from marts.customer_crosswalk order by all"
GOLDEN = "from marts.customers order by all"


@dataclass(frozen=True)
class Served:
    """What is served after a run."""

    sales: dict[str, Decimal]
    deals: dict[str, str]
    customers: dict[tuple[str, str], str]
    golden: dict[str, tuple]
    events: set[tuple]


@dataclass(frozen=True)
class Steward:
    """Someone with a home, a policy folder and the command line."""

    built: Built
    config: Path

    def decides(self, *decisions: str) -> Served:
        """What is served after these rows of match_overrides.csv and one `almanac run`."""
        path = self.config / "seeds" / "match_overrides.csv"
        path.write_text("\n".join([HEADER, *decisions, ""]), encoding="utf-8")
        home = str(self.built.settings.home)
        ran = CliRunner().invoke(
            app, ["--home", home, "--config", str(self.config), "--switch", "run"], catch_exceptions=False
        )
        assert ran.exit_code == 0, ran.output
        return self.served()

    def served(self) -> Served:
        events = self.ask("select event, source_system, source_id, customer_id, cause from marts.customer_events")
        return Served(
            dict(self.ask(SALES)),
            dict(self.ask(DEALS)),
            {(system, number): customer for system, number, customer in self.ask(CROSSWALK)},
            {row[0]: row[1:] for row in self.ask(GOLDEN)},
            set(events),
        )

    def ask(self, query: str) -> list[tuple]:
        with duckdb.connect(str(self.built.served), read_only=True) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def steward(copied: Callable[[], Built], tmp_path: Path) -> Iterator[Steward]:
    built, config = copied(), tmp_path / "policy"
    (built.settings.home / "scenarios.yml").unlink()  # they shock bookings, which these tests do not forecast
    (config / "seeds").mkdir(parents=True)
    (config / "forecasts.yml").write_text(FORECASTS, encoding="utf-8")
    yield Steward(built, config)
    shutil.rmtree(built.settings.home)


@pytest.mark.slow
def test_a_not_same_row_splits_all_that_is_served_and_its_removal_restores_it(steward: Steward) -> None:
    [(old, (record_l, record_r))] = steward.ask(MERGED)
    before = steward.served()
    apart = steward.decides(f"{','.join(record_l)},{','.join(record_r)},not_same,mei,2020-01-02,two plants")

    # only these records change their customer
    halves = {apart.customers[record_l], apart.customers[record_r]}
    assert len(halves) == 2
    assert old in halves
    moved = {record for record, customer in before.customers.items() if apart.customers[record] != customer}
    assert len(moved) == 1
    assert moved < {record_l, record_r}
    [new] = halves - {old}

    # deals, sales and golden rows
    assert {deal for deal, customer in before.deals.items() if customer == old} == {
        deal for deal, customer in apart.deals.items() if customer in halves
    }
    assert sum(apart.sales.get(half, Decimal(0)) for half in halves) == before.sales[old]
    assert new in set(apart.deals.values()) | set(apart.sales)
    unaffected = before.sales.keys() - halves
    assert {customer: apart.sales[customer] for customer in unaffected} == {
        customer: before.sales[customer] for customer in unaffected
    }
    assert apart.golden.keys() == before.golden.keys() | {new}
    assert apart.golden[old] != before.golden[old]

    # the event names author and reason
    events = {(event, system, number, customer, cause) for event, system, number, customer, cause in apart.events}
    assert events - before.events == {("split", *moved.pop(), new, "mei on 2020-01-02: two plants")}

    # withdrawn: as before, except for the log, which keeps everything
    again = steward.decides()
    assert (again.customers, again.deals, again.sales, again.golden) == (
        before.customers, before.deals, before.sales, before.golden,
    )  # fmt: skip
    assert {(event, customer) for event, _, _, customer, _ in again.events - apart.events} == {("merge", old)}


@pytest.mark.slow
def test_a_same_row_joins_the_deals_of_two_customers_until_it_is_withdrawn(steward: Steward) -> None:
    [(single,)] = steward.ask(STRANGER)
    [(_, (merged_record, _))] = steward.ask(MERGED)
    before = steward.served()
    small, large = before.customers[single], before.customers[merged_record]
    merged = steward.decides(f"{','.join(single)},{','.join(merged_record)},same,mei,2020-01-02,renamed")

    assert merged.customers[single] == merged.customers[merged_record] == large
    deals = {deal for deal, customer in before.deals.items() if customer in (small, large)}
    assert deals == {deal for deal, customer in merged.deals.items() if customer == large}
    assert merged.sales == before.sales
    assert merged.golden.keys() == before.golden.keys() - {small}
    assert merged.events - before.events == {("merge", *single, large, "mei on 2020-01-02: renamed")}

    again = steward.decides()
    assert (again.customers, again.deals, again.golden) == (before.customers, before.deals, before.golden)
