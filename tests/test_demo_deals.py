"""The deals of the sample company: what they show never knows how they end, and their true chances come true."""

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import found

from pipelines.contracts import load_contracts
from pipelines.demo import AS_OF, SEED, write_demo
from pipelines.demo.cast import NEVER
from pipelines.demo.chances import MONTHS, deal_chances
from pipelines.demo.dirt import load_dirt
from pipelines.demo.laws import DEFAULTS, STAGES
from pipelines.demo.people import BY_GUT, INFORMED, TYPES_NOTHING
from pipelines.demo.roles import DECIDER, contact_roles
from pipelines.demo.seasons import EPOCH, ordinal
from pipelines.demo.touches import touches
from pipelines.demo.truth_deals import deal_moves
from pipelines.demo.world import World, build_world
from pipelines.home.settings import SHIPPED_SOURCES

YEAR = 365
TWICE_A_YEAR = 220  # days: from the end of March to the end of October
AHEAD = {  # days that lie ahead, as they should: guessed, agreed or planned
    "deal_guesses": {"expected"},
    "plans": {"start"},
    "tickets": {"due_on"},
    "contracts": {"started_on", "ends_on"},
    "campaigns": {"ended"},
    "events": {"started", "ended"},
    "milestones": {"planned"},
    "purchase_orders": {"due"},
    "capacity": {"month"},
    "risks": {"starts", "ends"},
}
SLOW = {"marketo", "oa", "docusign", "quotes", "surveys", "dealers", "kingdee_cloud", "crm_usage"}


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(SEED, 8_000, 8, AS_OF, load_dirt())


@pytest.fixture(scope="module")
def chances(world: World) -> pl.DataFrame:
    """The true chances with what came of them, of month ends that lie far enough back for every deal to be over."""
    frame = deal_chances(world.deals.hidden, world.customers, world.first, world.last)
    frame = frame.join(world.deals.facts.select("deal", "outcome", "closed"), on="deal")
    past = EPOCH + timedelta(days=world.last - 400)
    closed = pl.col("closed").cast(pl.Int32).cast(pl.Date)
    months = (
        (closed.dt.year() - pl.col("month_end").dt.year()) * 12 + closed.dt.month() - pl.col("month_end").dt.month()
    )
    return frame.filter(pl.col("month_end") <= past).with_columns(is_won=pl.col("outcome") == "won", months=months)


def test_an_export_day_lies_before_every_day_of_the_last_twelve_months(world: World) -> None:
    assert world.export_days[0] < ordinal(date(2025, 10, 31))
    assert max(later - day for day, later in pairwise(world.export_days)) <= 62  # twice the cadence: stale beyond it
    assert world.export_days[-1] == world.last


def test_every_export_day_has_the_rates_up_to_it_and_what_its_logs_gained(tmp_path: Path) -> None:
    write_demo(tmp_path / "home", customers=40)
    inbox = tmp_path / "home" / "inbox"
    days = [path.stem[-8:] for path in sorted((inbox / "salesforce").glob("Opportunity_*.csv"))]
    for name in ("finance/exchange_rates", "salesforce/Task", "salesforce/OpportunityHistory"):
        assert [path.stem[-8:] for path in sorted(inbox.glob(f"{name}_*.csv"))] == days
    for day in days:
        newest = pl.read_csv(inbox / f"finance/exchange_rates_{day}.csv")["valid_from"].str.to_date().max()
        assert timedelta(0) <= date.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}") - newest < timedelta(days=4)
    tasks = pl.concat([pl.read_csv(path, infer_schema=False) for path in sorted(inbox.glob("salesforce/Task_*.csv"))])
    truth = pl.read_parquet(tmp_path / "home" / "truth" / "activities.parquet")
    assert set(tasks["Id"]) == set(truth.filter(pl.col("source_system") == "salesforce")["source_id"])
    assert tasks["Id"].is_unique().all()


def test_no_system_of_deals_and_money_is_stale_on_any_day_of_the_last_twelve_months(tmp_path: Path) -> None:
    write_demo(tmp_path / "home", customers=40)
    contracts = load_contracts(SHIPPED_SOURCES)
    sent: dict[str, set[date]] = {}
    for path in found((tmp_path / "home" / "inbox").rglob("*.*")):
        year, month, day = re.search(r"(20\d\d)[-_]?(\d\d)[-_]?(\d\d)", path.stem).groups()
        sent.setdefault(path.parent.name, set()).add(date(int(year), int(month), int(day)))
    for system, days in sent.items():
        recent = sorted(day for day in days if day >= date(2025, 9, 1))
        gaps = [(later - day).days for day, later in pairwise(recent)]
        # systems beside deals and money send their lists twice a year
        assert gaps or system in SLOW, system
        assert max(gaps, default=0) <= (TWICE_A_YEAR if system in SLOW else 2 * contracts[system].cadence_days), system
    assert set(sent) > SLOW


def test_young_open_deals_have_as_many_contacts_as_all_deals_had_at_their_age(world: World) -> None:
    """The rate of a deal's first month cannot depend on an end that lies ahead of it."""
    facts, month = world.deals.facts, 30
    born = facts.select("deal", "created").join(world.deals.touches, on="deal", how="left")
    early = born.with_columns(is_early=(pl.col("occurred") - pl.col("created")) <= month)
    number = early.group_by("deal").agg(pl.col("is_early").fill_null(value=False).sum().alias("contacts"))
    number = number.join(facts.select("deal", "created"), on="deal")
    young = number.filter(pl.col("created").is_between(world.last - 6 * month, world.last - month))["contacts"]
    old = number.filter(pl.col("created").is_between(world.first, world.last - YEAR))["contacts"]
    assert young.mean() == pytest.approx(old.mean(), rel=0.08)


def test_deals_that_will_be_won_are_talked_to_more(world: World) -> None:
    facts = world.deals.facts.with_columns(days=pl.col("closed") - pl.col("created"))
    number = facts.join(world.deals.touches.group_by("deal").len(), on="deal", how="left")
    rate = pl.col("len").fill_null(0).sum() / pl.col("days").sum()
    by_outcome = dict(number.drop_nulls("closed").group_by("outcome").agg(rate.alias("rate")).rows())
    assert by_outcome["won"] > 1.15 * by_outcome["lost"]


def test_part_of_the_contacts_name_a_person_of_the_deal_s_own_account(world: World) -> None:
    from pipelines.demo.contacts import contacts

    rows = touches(world, "salesforce")
    people = contacts(world, "salesforce").select("account_id", contact="number")
    named = rows.drop_nulls("contact")
    assert len(named) / len(rows) == pytest.approx(load_dirt().deals.activities_with_contact, abs=0.02)
    assert named.join(people, on=["account_id", "contact"], how="anti").is_empty()


def test_whoever_decides_has_a_role_from_the_day_on_which_the_rep_knows_it(world: World) -> None:
    roles = contact_roles(world, "salesforce").join(world.deals.facts.select("deal", "decider_on"), on="deal")
    deciders = roles.filter(pl.col("role") == DECIDER)
    assert len(deciders) > 100 and deciders.filter(pl.col("since") != pl.col("decider_on")).is_empty()
    assert roles.filter("is_primary").group_by("deal").len()["len"].max() == 1


def test_what_a_customer_has_becomes_true_on_a_day_and_stays_true(world: World) -> None:
    flags = ("has_budget", "has_decision_process", "has_decision_maker")
    before, after = (world.deal_rows("salesforce", day).select("source_id", *flags) for day in world.export_days[-2:])
    both = before.join(after, on="source_id", suffix="_after")
    for flag in flags:
        assert both.filter(pl.col(flag) & ~pl.col(f"{flag}_after")).is_empty()
        assert both.filter(~pl.col(flag) & pl.col(f"{flag}_after")).height > 5


def test_reps_type_chances_by_habits_of_their_own(world: World) -> None:
    """Some leave the default, all others have a bias; only the chances of those who know their deals tell anything."""
    first = world.deals.guesses.unique("deal", keep="first", maintain_order=True)
    owners = world.deals.facts.select("deal", "rep", "outcome", "created")
    typed = first.join(owners, on="deal").filter(pl.col("day") == pl.col("created"))
    typed = typed.join(world.reps.select("rep", "habit", "bias"), on="rep").filter(pl.col("outcome") != "open")
    silent = typed.filter(pl.col("habit") == TYPES_NOTHING)
    assert set(silent["probability"]) == {DEFAULTS[0]}
    by_rep = typed.filter(pl.col("habit") != TYPES_NOTHING).group_by("rep", "bias").agg(pl.col("probability").mean())
    assert by_rep.select(pl.corr("bias", "probability")).item() > 0.9
    entries = world.deals.path.filter(pl.col("stage") == "decision_makers").select("deal", day="entered")
    there = world.deals.guesses.join(entries.unique("deal"), on=["deal", "day"]).join(owners, on="deal")
    there = there.filter(pl.col("outcome") != "open").join(world.reps.select("rep", "habit", "bias"), on="rep")
    over = (pl.col("probability") - pl.col("bias")).alias("over")
    there = there.with_columns(over, is_won=(pl.col("outcome") == "won").cast(pl.Float64))
    tells = dict(there.group_by("habit").agg(pl.corr("over", "is_won")).rows())
    assert tells[INFORMED] > 0.08 > 0.05 > abs(tells[BY_GUT])


def test_forecast_categories_are_drawn_where_each_rep_draws_them(world: World) -> None:
    from pipelines.demo.systems.salesforce import _category

    rows = world.deal_rows("salesforce", world.last).filter(~pl.col("is_closed")).with_columns(category=_category())
    assert set(rows["category"]) == {"Commit", "Best Case", "Pipeline"}
    commit = rows.filter(pl.col("category") == "Commit").select((pl.col("probability") - pl.col("commit_from")).min())
    assert commit.item() >= 0


def test_guessed_closing_days_do_not_give_the_true_one_away(world: World) -> None:
    facts = world.deals.facts.select("deal", "created", "closed", "outcome")
    guesses = world.deals.guesses.join(facts, on="deal").filter(pl.col("closed") - pl.col("day") > 30)
    off = (guesses["expected"] - guesses["closed"]).abs()
    assert (off <= 14).mean() < 0.3
    assert (guesses["expected"] < guesses["closed"]).mean() > 0.3


def test_pushing_is_a_bad_sign_among_deals_of_the_same_stage(world: World) -> None:
    """Of the deals that stand at a proposal for a month, those put off since are won less often."""
    facts = world.deals.facts.select("deal", "outcome", "closed", "proposed")
    standing = facts.filter((pl.col("proposed") < NEVER) & (pl.col("closed") - pl.col("proposed") > 30))
    later = world.deals.guesses.with_columns(is_later=pl.col("expected") > pl.col("expected").shift(1).over("deal"))
    moves = world.deals.path.select("deal", day="entered")
    pushes = later.filter("is_later").join(moves, on=["deal", "day"], how="anti").join(standing, on="deal")
    soon = pushes.filter((pl.col("day") - pl.col("proposed")).is_between(0, 30))
    pushed = standing["deal"].is_in(soon["deal"].unique().to_list())
    won = standing["outcome"] == "won"
    assert pushed.sum() > 500 and won.filter(pushed).mean() < won.filter(~pushed).mean() - 0.04
    number = pushes.group_by("deal").len()["len"]
    assert number.max() >= 4


def test_closings_crowd_at_the_end_of_months(world: World) -> None:
    ends = deal_moves(world.deals).filter(pl.col("kind").is_in(["won", "lost"]) & (pl.col("entered_on").dt.day() > 21))
    to_go = (ends["entered_on"].dt.month_end() - ends["entered_on"]).dt.total_days()
    rate = load_dirt().moves.period_end
    # three of the seven to ten days would have a third of them anyway
    assert (to_go < 3).mean() == pytest.approx(rate + (1 - rate) / 3, abs=0.04)


def test_lost_deals_come_back_and_history_goes_on(world: World) -> None:
    moves = deal_moves(world.deals)
    back = moves.filter(pl.col("kind") == "reopened")
    assert len(back) > 100 and set(back["stage"]) <= set(STAGES[:3])
    won_later = world.deals.facts.filter(pl.col("deal").is_in(back["true_deal_id"].to_list()))["outcome"] == "won"
    assert 0 < won_later.mean() < 0.6


def test_who_left_has_open_deals_and_neither_new_ones_nor_contacts(world: World) -> None:
    left = world.reps.drop_nulls("left")
    assert len(left) == load_dirt().reps.left
    rep, day = left.select("rep", "left").row(0)
    mine = world.deals.facts.filter(pl.col("rep") == rep)
    assert mine.filter(pl.col("outcome") == "open").height >= 3
    assert mine["created"].max() <= day
    # the step in which somebody leaves is played to its end
    assert world.deals.touches.join(mine, on="deal", how="semi")["occurred"].max() <= day + 10


def test_some_closed_deals_have_no_closing_day_where_a_system_keeps_it_apart(world: World) -> None:
    rate = load_dirt().deals.without_closing_day
    for system in ("fxiaoke", "tracker"):
        closed = world.deal_rows(system, world.last).filter("is_closed")
        assert closed["closed"].is_null().mean() == pytest.approx(rate, abs=0.01)
    assert world.deal_rows("zoho", world.last).filter("is_closed")["closed"].null_count() == 0


def test_part_of_the_orders_name_their_deal_by_the_id_of_its_first_record(world: World) -> None:
    told = world.order_deals().filter("is_told").drop_nulls("deal_source_id")
    originals = world.listings.filter(pl.col("kind") == "original").select("deal", "source_id", "customer")
    orders = world.sales.order_lines.select("order", buyer="customer").unique()
    both = told.join(originals, on="deal").join(orders, on="order")
    assert len(both) == len(told) > 500
    assert both.filter(
        (pl.col("source_id") != pl.col("deal_source_id")) | (pl.col("customer") != pl.col("buyer"))
    ).is_empty()


@pytest.mark.parametrize("chance", ["p_won", "p_won_hidden"])
def test_true_chances_come_true(chances: pl.DataFrame, chance: str) -> None:
    """Of the deals given a chance of so much, so many are won: in every tenth, and on the whole."""
    tenths = chances.group_by(tenth=(pl.col(chance) * 10).floor()).agg(pl.col(chance, "is_won").mean())
    off = (tenths[chance] - tenths["is_won"]).abs()
    assert len(tenths) == 10 and off.max() < 0.03
    assert chances[chance].mean() == pytest.approx(chances["is_won"].mean(), abs=0.01)


def test_true_chances_by_month_come_true(chances: pl.DataFrame) -> None:
    won = chances.filter("is_won")
    for month in range(1, 5):
        said = chances[f"p_won_{month}"].sum()
        assert won.filter(pl.col("months") == month).height == pytest.approx(said, rel=0.05), month
    months = chances.select(pl.sum_horizontal(f"p_won_{month}" for month in range(1, MONTHS + 1))).to_series()
    assert (months <= chances["p_won"] + 1e-9).all()


def test_the_hidden_state_tells_more_than_all_that_is_shown_and_that_more_than_stage_and_age(
    chances: pl.DataFrame,
) -> None:
    def off(guess: pl.Expr) -> float:
        return float(chances.select(((guess - pl.col("is_won")) ** 2).mean()).item())

    by_stage = pl.col("is_won").mean().over("stage")  # with hindsight, and still worse
    assert off(pl.col("p_won_hidden")) < off(pl.col("p_won")) - 0.02 < off(by_stage) - 0.04


def test_the_truth_of_a_home_names_its_deals_and_month_ends(tmp_path: Path) -> None:
    write_demo(tmp_path / "home", customers=40)
    truth = {path.stem: pl.read_parquet(path) for path in (tmp_path / "home" / "truth").glob("*.parquet")}
    known = set(truth["deals"]["true_deal_id"])
    for name in ("deal_facts", "deal_moves", "deal_guesses", "deal_chances", "activities", "contact_roles"):
        assert set(truth[name]["true_deal_id"]) <= known, name
    ends = truth["deal_chances"]["month_end"].unique().sort()
    assert ends.max() == AS_OF and len(ends) == 60
    last = truth["deal_chances"].filter(pl.col("month_end") == AS_OF)
    assert set(last["true_deal_id"]) == set(truth["deal_facts"].filter(pl.col("outcome") == "open")["true_deal_id"])
    assert np.isfinite(last["p_won"].to_numpy()).all()


def test_nothing_is_told_of_days_after_the_newest_export_in_the_middle_of_a_month(tmp_path: Path) -> None:
    day = date(2026, 10, 10)
    write_demo(tmp_path / "home", customers=40, as_of=day)
    for path in found((tmp_path / "home" / "truth").glob("*.parquet")):
        frame = pl.read_parquet(path)
        happened = {name for name, kind in frame.schema.items() if kind == pl.Date} - AHEAD.get(path.stem, set())
        days = [frame[name].max() for name in happened]
        assert all(one is None or one <= day for one in days), path.stem
