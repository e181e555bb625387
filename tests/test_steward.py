"""A steward's word through the command line: everything downstream follows it, and follows its withdrawal."""

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
class Seen:
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

    def says(self, *words: str) -> Seen:
        """What is served after these rows of match_overrides.csv and one `almanac run`."""
        path = self.config / "seeds" / "match_overrides.csv"
        path.write_text("\n".join([HEADER, *words, ""]), encoding="utf-8")
        home = str(self.built.settings.home)
        ran = CliRunner().invoke(app, ["--home", home, "--config", str(self.config), "run"], catch_exceptions=False)
        assert ran.exit_code == 0, ran.output
        return self.sees()

    def sees(self) -> Seen:
        events = self.ask("select event, source_system, source_id, customer_id, cause from marts.customer_events")
        return Seen(
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
    (config / "seeds").mkdir(parents=True)
    (config / "forecasts.yml").write_text(FORECASTS, encoding="utf-8")
    yield Steward(built, config)
    shutil.rmtree(built.settings.home)


@pytest.mark.slow
def test_a_merge_taken_back_splits_all_that_is_served_and_its_removal_restores_it(steward: Steward) -> None:
    [(old, (one, other))] = steward.ask(MERGED)
    before = steward.sees()
    apart = steward.says(f"{','.join(one)},{','.join(other)},not_same,mei,2020-01-02,two plants")

    # records, and nobody else's
    halves = {apart.customers[one], apart.customers[other]}
    assert len(halves) == 2
    assert old in halves
    moved = {record for record, customer in before.customers.items() if apart.customers[record] != customer}
    assert len(moved) == 1
    assert moved < {one, other}
    [new] = halves - {old}

    # deals, sales and golden rows
    assert {deal for deal, customer in before.deals.items() if customer == old} == {
        deal for deal, customer in apart.deals.items() if customer in halves
    }
    assert sum(apart.sales.get(half, Decimal(0)) for half in halves) == before.sales[old]
    assert new in set(apart.deals.values()) | set(apart.sales)
    untouched = before.sales.keys() - halves
    assert {one: apart.sales[one] for one in untouched} == {one: before.sales[one] for one in untouched}
    assert apart.golden.keys() == before.golden.keys() | {new}
    assert apart.golden[old] != before.golden[old]

    # who and why
    said = {(event, system, number, customer, cause) for event, system, number, customer, cause in apart.events}
    assert said - before.events == {("split", *moved.pop(), new, "mei on 2020-01-02: two plants")}

    # withdrawn: as before, but for the log, which forgets nothing
    again = steward.says()
    assert (again.customers, again.deals, again.sales, again.golden) == (
        before.customers, before.deals, before.sales, before.golden,
    )  # fmt: skip
    assert {(event, customer) for event, _, _, customer, _ in again.events - apart.events} == {("merge", old)}


@pytest.mark.slow
def test_a_word_of_sameness_gives_the_deals_of_one_to_the_other_until_it_is_withdrawn(steward: Steward) -> None:
    [(one,)] = steward.ask(STRANGER)
    [(_, (other, _))] = steward.ask(MERGED)
    before = steward.sees()
    small, large = before.customers[one], before.customers[other]
    merged = steward.says(f"{','.join(one)},{','.join(other)},same,mei,2020-01-02,renamed")

    assert merged.customers[one] == merged.customers[other] == large
    deals = {deal for deal, customer in before.deals.items() if customer in (small, large)}
    assert deals == {deal for deal, customer in merged.deals.items() if customer == large}
    assert merged.sales == before.sales
    assert merged.golden.keys() == before.golden.keys() - {small}
    assert merged.events - before.events == {("merge", *one, large, "mei on 2020-01-02: renamed")}

    again = steward.says()
    assert (again.customers, again.deals, again.golden) == (before.customers, before.deals, before.golden)
