"""The sample company: seeded, dirty by stated rates, true to the cent, and never mixed with real data."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from stdnum.au import abn
from stdnum.cn import uscc
from stdnum.de import vat

from pipelines.contracts import load_contracts
from pipelines.demo import AS_OF, SEED, write_demo, write_unmapped_stage
from pipelines.demo.contacts import contacts
from pipelines.demo.dirt import load_dirt
from pipelines.demo.ids import salesforce_ids
from pipelines.demo.market import true_facts
from pipelines.demo.measures import measured
from pipelines.demo.rates import in_base
from pipelines.demo.seasons import day_weights, ordinal
from pipelines.demo.submissions import true_submissions
from pipelines.demo.world import World, build_world
from pipelines.errors import AlmanacError
from pipelines.home.settings import SHIPPED_SOURCES, load_settings

CUSTOMERS = 60


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "home"
    write_demo(folder, customers=CUSTOMERS)
    return folder


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(SEED, 8_000, 8, AS_OF, load_dirt())


def test_same_arguments_write_the_same_bytes(home: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "again", customers=CUSTOMERS)
    first, second = (json.loads((one / "demo_manifest.json").read_text()) for one in (home, tmp_path / "again"))
    assert first == second
    assert len(first["files"]) == len([path for path in (home / "inbox").rglob("*") if path.is_file()])


def test_another_seed_is_another_company(home: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "other", customers=CUSTOMERS, seed=1)
    names = [set(pl.read_parquet(one / "truth" / "customers.parquet")["name"]) for one in (home, tmp_path / "other")]
    assert len(names[0] & names[1]) < CUSTOMERS // 10


def test_a_folder_that_is_no_demo_home_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "real.csv").write_text("a\n1\n")
    with pytest.raises(AlmanacError, match="not a demo home"):
        write_demo(tmp_path, customers=CUSTOMERS)
    assert (tmp_path / "inbox" / "real.csv").read_text() == "a\n1\n"


def test_a_demo_home_can_be_written_again_without_leftovers(home: Path, tmp_path: Path) -> None:
    write_demo(tmp_path / "home", customers=40, systems=9)
    write_demo(tmp_path / "home", customers=40, systems=4)
    assert not (tmp_path / "home" / "inbox" / "branch_09").exists()
    assert not (tmp_path / "home" / "sources").exists()


def test_every_system_beyond_the_eighth_comes_with_a_contract_that_runs_read_unasked(tmp_path: Path) -> None:
    write_demo(tmp_path / "home", customers=40, systems=11)
    contracts = load_contracts(load_settings(tmp_path / "home").sources)
    assert {"branch_09", "branch_10", "branch_11"} <= set(contracts)
    assert set(load_contracts(SHIPPED_SOURCES)) <= set(contracts)


def test_tax_ids_have_valid_check_digits(world: World) -> None:
    checks = {"DE": vat, "AU": abn}
    for code, tax_id, chinese in world.customers.select("code", "tax_id", "is_chinese").head(3000).iter_rows():
        module = uscc if chinese else checks.get(code)
        assert module is None or module.is_valid(tax_id), (code, tax_id)


def test_salesforce_ids_carry_the_checksum_of_their_case() -> None:
    import numpy as np

    # the rule worked out by hand for one id: blocks of five, least significant bit first
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    for one in salesforce_ids("006", np.array([1, 77, 987_654])):
        blocks = [str(one)[start : start + 5] for start in (0, 5, 10)]
        expected = "".join(alphabet[sum(c.isupper() << place for place, c in enumerate(block))] for block in blocks)
        assert str(one)[15:] == expected


def test_dirt_comes_to_its_stated_rates(world: World) -> None:
    rates, shares = load_dirt(), measured(world)
    stated = {
        "twice_in_one_system": rates.customers.twice_in_one_system,
        "changed_name": rates.customers.changed_name,
        "without_shared_key": rates.customers.without_shared_key,
        "subsidiaries": rates.customers.subsidiaries,
        "in_two_systems": rates.deals.in_two_systems,
        "shared_external_id": rates.deals.shared_external_id,
        "entered_twice": rates.deals.entered_twice,
        "deleted": rates.deals.deleted,
        "cancelled": rates.orders.cancelled,
        "strategic": rates.customers.strategic,
        "with_deal": rates.orders.with_deal,
        "skipped": rates.moves.skipped,
        "backward": rates.moves.backward,
        "same_day": rates.moves.same_day,
        "reopened": rates.moves.reopened,
    }
    for rule, rate in stated.items():
        assert shares[rule] == pytest.approx(rate, rel=0.12, abs=0.002), rule
    assert shares["in_two_or_more_systems"] >= 1 / 3


def test_a_person_reads_alike_in_every_system_and_some_stand_for_two_customers(world: World) -> None:
    kept = pl.concat([contacts(world, system).with_columns(system=pl.lit(system)) for system in ("salesforce", "zoho")])
    persons = kept.group_by("person").agg(pl.col("first", "last", "title").n_unique(), pl.col("account_id").n_unique())
    assert persons.select(pl.max_horizontal("first", "last", "title").max()).item() == 1
    assert (persons["account_id"] > 1).sum() > 5
    assert kept.filter(pl.col("email").is_null() & pl.col("phone").is_null()).is_empty()


def test_one_erp_number_is_one_customer(world: World) -> None:
    erp = world.records.filter(pl.col("system").is_in(["kingdee", "sap"]))
    assert erp["customer"].is_unique().all()


def test_every_invoice_is_sent_by_exactly_one_erp_and_by_the_next_export_day(world: World) -> None:
    from pipelines.demo.systems.kingdee import invoices_of
    from pipelines.demo.systems.windows import windows

    lines = pl.concat([invoices_of(world, system) for system in ("kingdee", "sap")])
    assert lines.height == world.sales.invoice_lines.height
    days = lines["day"].unique()
    spans = windows(world)
    assert all(any(first <= day <= last for _, first, last in spans) for day in days)
    assert all(last <= exported for exported, _, last in spans)
    # whoever looks on an export day has every invoice up to it
    for place, (_, first, _) in enumerate(spans[1:], 1):
        assert first <= spans[place - 1][2] + 1


def test_invoices_of_an_order_never_bill_more_than_was_ordered(world: World) -> None:
    billed = world.sales.invoice_lines.filter(pl.col("quantity") > 0).group_by("order").agg(pl.col("net").sum())
    ordered = world.sales.order_lines.group_by("order").agg(pl.col("net").sum().alias("ordered"))
    both = billed.join(ordered, on="order")
    assert both.filter(pl.col("net") > pl.col("ordered")).is_empty()


def test_base_amounts_use_the_newest_rate_and_round_halves_away_from_zero() -> None:
    rates = pl.DataFrame({"currency": ["USD", "USD"], "day": [10, 20], "rate_e4": [70_000, 71_235]})
    lines = pl.DataFrame(
        {"currency": ["USD", "USD", "CNY", "USD"], "cents": [150, 150, 150, -150], "day": [19, 20, 5, 25]}
    )
    # 1.50 x 7.0000 = 10.5000; 1.50 x 7.1235 = 10.68525 -> 10.6853
    assert in_base(lines, rates, cents="cents", day="day").to_list() == [105_000, 106_853, 15_000, -106_853]


def test_spring_festival_is_quiet_and_the_years_grow() -> None:
    first = ordinal(date(2023, 1, 1))
    weights = day_weights(first, ordinal(date(2025, 12, 31)), chinese=True)
    days = pl.date_range(date(2023, 1, 1), date(2025, 12, 31), eager=True)
    daily = pl.DataFrame({"day": days, "weight": weights})
    festival = daily.filter(pl.col("day").is_between(date(2024, 2, 9), date(2024, 2, 16)))["weight"].mean()
    assert festival < 0.1 * daily["weight"].mean()
    yearly = daily.group_by(pl.col("day").dt.year()).agg(pl.col("weight").sum()).sort("day")["weight"].to_list()
    assert yearly[0] < yearly[1] < yearly[2]


def test_truth_adds_up_to_the_invoice_lines(home: Path) -> None:
    truth = pl.read_parquet(home / "truth" / "revenue.parquet")
    world = build_world(SEED, CUSTOMERS, 8, AS_OF, load_dirt())
    lines = world.sales.invoice_lines
    total = int(in_base(lines, world.rates, cents="net", day="invoiced").sum())
    assert truth["amount_base"].sum() == Decimal(total) / 10_000
    assert truth["lines"].sum() == lines.height


def test_deals_change_between_exports_and_none_goes_back(home: Path) -> None:
    exports = sorted((home / "inbox" / "zoho").glob("Deals_*.csv"))
    assert len(exports) >= 8
    counts = [pl.read_csv(path, infer_schema=False).height for path in exports]
    assert counts[0] < counts[-1]


def test_an_unmapped_stage_can_be_sent_and_is_in_the_manifest(tmp_path: Path) -> None:
    write_demo(tmp_path / "home", customers=CUSTOMERS)
    target = write_unmapped_stage(tmp_path / "home", "Blue sky")
    assert "Blue sky" in target.read_text(encoding="utf-8")
    manifest = json.loads((tmp_path / "home" / "demo_manifest.json").read_text())
    assert str(target.relative_to(tmp_path / "home" / "inbox")) in manifest["files"]


def test_nobody_forecasts_a_month_after_its_first_week_and_all_say_something_for_the_next_one(world: World) -> None:
    said = true_submissions(world).with_columns(day=pl.col("said").cast(pl.Int32).cast(pl.Date))
    early = said.filter(pl.col("reason").is_null())
    assert early.filter(pl.col("day") >= pl.col("month")).is_empty()
    assert said.filter(pl.col("day") > pl.col("month").dt.offset_by("7d")).is_empty()
    coming = said.filter(pl.col("month") == date(2026, 11, 1))
    assert set(coming["level"]) == {"rep", "team", "total"} and (coming["amount"] > 0).any()


def test_what_people_say_is_near_what_came_and_reps_hope(world: World) -> None:
    said = true_submissions(world).filter(pl.col("reason").is_null() & (pl.col("month") <= AS_OF))
    total = said.filter(pl.col("level") == "total").sort("month")
    won = world.deals.facts.filter(pl.col("outcome") == "won")
    won = won.with_columns(
        base=in_base(won, world.rates, cents="amount", day="closed"),
        month=pl.col("closed").cast(pl.Int32).cast(pl.Date).dt.truncate("1mo"),
    )
    both = total.join(won.group_by("month").agg(pl.col("base").sum()), on="month")
    ratio = both["amount"].sum() / both["base"].sum()
    assert both.height == total.height == 11 and 0.7 < ratio < 1.3
    reps = said.filter(pl.col("level") == "rep")["amount"].sum() / both["base"].sum()
    assert reps > ratio


def test_figures_from_outside_are_published_after_their_period_began_and_some_are_revised(world: World) -> None:
    facts = true_facts(world)
    assert facts.filter(pl.col("published") < pl.col("period")).is_empty()
    assert facts.filter(pl.col("published") > AS_OF).is_empty()
    index = facts.filter(pl.col("indicator") == "manufacturing_pmi")
    assert index["period"].n_unique() == 60 and index.height > 60
    assert facts.filter(pl.col("indicator") == "market_size")["member"].n_unique() == 5
