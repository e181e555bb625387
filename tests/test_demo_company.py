"""What happens in the sample company beside deals and sales: planted at its rates, and the same in staging."""

from datetime import timedelta

import polars as pl
import pytest
from conftest import Built

from pipelines.demo import AS_OF, SEED
from pipelines.demo.agreements import renewal_rates, true_agreements
from pipelines.demo.campaigns import leads_and_campaigns
from pipelines.demo.company import rates
from pipelines.demo.contacts import contacts
from pipelines.demo.dealers import true_dealer_reports
from pipelines.demo.dirt import load_dirt
from pipelines.demo.happenings import true_events
from pipelines.demo.lines import opportunity_lines
from pipelines.demo.quotes import discount_breaches, true_approvals, true_quotes
from pipelines.demo.service import true_surveys, true_tickets
from pipelines.demo.signatures import true_signatures
from pipelines.demo.staff import true_headcount
from pipelines.demo.supply import SHORT_PART
from pipelines.demo.truth_company import company_truth
from pipelines.demo.truth_planning import planning_truth
from pipelines.demo.world import World, build_world
from pipelines.home.warehouse import read


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(SEED, 4_000, 8, AS_OF, load_dirt())


def test_leads_convert_at_the_rates_of_their_channels_and_slow_ones_less(world: World) -> None:
    conversion = company_truth(world)["lead_conversion"]
    for channel, leads, converted in conversion.select("channel", "mature_leads", "mature_converted").iter_rows():
        assert converted / leads == pytest.approx(rates("leads")["conversion"][channel], rel=0.15), channel
    leads, _ = leads_and_campaigns(world)
    waited = pl.col("assigned") - pl.col("created")
    shares = leads.drop_nulls("assigned").group_by(is_slow=waited > 2).agg(pl.col("converted").is_not_null().mean())
    slow, quick = (shares.filter(pl.col("is_slow") == one)["converted"].item() for one in (True, False))
    assert slow < 0.5 * quick


def test_nothing_of_a_lead_lies_in_the_future_or_before_it_was_there(world: World) -> None:
    leads, _ = leads_and_campaigns(world)
    for day in ("assigned", "converted", "closed"):
        assert leads.filter((pl.col(day) > world.last) | (pl.col(day) < pl.col("created"))).is_empty()
    assert leads.filter(pl.col("deal").is_not_null() != pl.col("converted").is_not_null()).is_empty()


def test_the_last_version_of_a_quote_has_the_amount_of_the_deal_and_earlier_ones_gave_away_less(world: World) -> None:
    quotes = true_quotes(world)
    final = quotes.filter(pl.col("version") == pl.col("versions"))
    assert (final["cents"] == final["amount"]).all()
    steps = quotes.with_columns(more=pl.col("discount").diff().over("quote"))
    assert steps["more"].min() >= 0
    assert quotes.filter(pl.col("quoted") > pl.col("closed")).is_empty()


def test_breaches_are_the_versions_over_the_limit_without_all_approvals(world: World) -> None:
    law, breaches = rates("quotes"), discount_breaches(world)
    assert breaches["discount"].min() > law["limit"]
    two = breaches.filter(pl.col("discount") > law["floor"])
    assert (two["steps_needed"] == 2).all() and not two.is_empty()
    one = breaches.filter(pl.col("steps_needed") == 1)
    # put up for approval, and agreed to
    assert one["has_approval"].mean() == pytest.approx(law["asked"] * law["approved"], abs=0.03)
    assert true_approvals(world).filter(pl.col("decided") < pl.col("requested")).is_empty()


def test_no_envelope_comes_back_signed_before_its_deal_is_won(world: World) -> None:
    envelopes = true_signatures(world)
    assert envelopes.filter(pl.col("signed") < pl.col("closed")).is_empty()
    assert set(envelopes.drop_nulls("signed")["outcome"]) == {"won"}
    won = envelopes.filter((pl.col("outcome") == "won") & (pl.col("closed") < world.last - 10))
    assert won["signed"].is_not_null().mean() == pytest.approx(rates("signatures")["signed"], abs=0.03)


def test_lines_add_up_to_the_deal_on_any_day(world: World) -> None:
    for day in (world.export_days[0], world.last):
        deals = opportunity_lines(world, day).group_by("source_id").agg(pl.col("cents").sum(), pl.col("amount").first())
        assert (deals["cents"] == deals["amount"]).all() and not deals.is_empty()


def test_contracts_are_renewed_at_the_rates_of_their_lines_and_follow_each_other_without_a_gap(world: World) -> None:
    agreements = true_agreements(world)
    due = renewal_rates(agreements, world.last).group_by("product_line").agg(pl.col("due", "renewed").sum())
    for line, count, renewed in due.iter_rows():
        assert renewed / count == pytest.approx(rates("agreements")["renewed"][line], abs=0.04), line
    before = agreements.select(previous="contract", ended="ends", first_customer="customer")
    both = agreements.join(before, on="previous")
    assert (both["started"] == both["ended"] + 1).all() and (both["customer"] == both["first_customer"]).all()
    assert both.filter(pl.col("signed") > pl.col("ended")).is_empty()


def test_complaints_take_longest_and_satisfy_least(world: World) -> None:
    tickets = true_tickets(world)
    lasted = tickets.group_by("kind").agg(days=(pl.col("closed") - pl.col("opened")).mean())
    days = dict(lasted.iter_rows())
    assert days["Question"] < days["Problem"] < days["Complaint"]
    answers = true_surveys(world).filter(pl.col("system") == "hubspot").group_by("kind").agg(pl.col("score").mean())
    scores = dict(answers.iter_rows())
    assert scores["Question"] > scores["Problem"] > scores["Complaint"]
    assert tickets.filter(pl.col("closed") < pl.col("opened")).is_empty()
    assert 0 < tickets["closed"].null_count() < 0.15 * len(tickets)


def test_a_person_has_one_birthday_in_all_systems(world: World) -> None:
    kept = pl.concat([contacts(world, system) for system in ("salesforce", "hubspot", "zoho")])
    known = kept.group_by("person").agg(pl.col("born").n_unique())
    assert (known["born"] == 1).all()
    assert kept["born"].is_not_null().mean() == pytest.approx(rates("birthdays")["known"], abs=0.02)


def test_events_are_known_before_or_when_they_begin(world: World) -> None:
    events = true_events(world)
    assert events.filter((pl.col("published") > pl.col("started")) | (pl.col("published") > world.last)).is_empty()
    assert {"competitor", "promotion", "policy", "price"} <= set(events["kind"])


def test_heads_are_the_reps_employed_and_their_output_is_what_they_won(world: World) -> None:
    heads = true_headcount(world)
    month = heads["month"].max()
    employed = world.reps.filter(pl.col("left").is_null() | (pl.col("left") >= month)).height
    assert heads.filter((pl.col("month") == month) & (pl.col("role") == "Account Manager"))["heads"].sum() == employed
    output = planning_truth(world)["output_per_head"]
    won = world.deals.facts.filter((pl.col("outcome") == "won") & (pl.col("closed") >= heads["month"].min()))
    gone = world.reps.filter(pl.col("left").is_not_null())["rep"].to_list()
    assert won.filter(~pl.col("rep").is_in(gone)).height <= output["won"].sum() <= won.height


def test_dealers_stock_is_what_was_there_and_bought_less_what_was_sold(world: World) -> None:
    reports = true_dealer_reports(world).sort("dealer_id", "product_id", "month")
    key = ["dealer_id", "product_id"]
    before = reports.with_columns(before=pl.col("stock").shift(1).over(key)).drop_nulls("before")
    assert (before["stock"] == before["before"] + before["bought"] - before["sold"]).all()
    assert reports["stock"].min() >= 0


def test_the_short_part_lasts_for_days_and_controllers_need_more_than_can_be_made(world: World) -> None:
    truth = planning_truth(world)
    needed = truth["part_supply"].filter(pl.col("demand") > 0)  # a part of a product that nobody bought is never short
    months = dict(needed.select("part_id", pl.col("in_stock") / pl.col("demand")).iter_rows())
    assert months[SHORT_PART] < 0.1 and sorted(months.values())[1] > 0.4
    demand = dict(truth["demand"].group_by("product_line").agg(pl.col("demand").sum()).iter_rows())
    pieces = dict(truth["capacity"].group_by("product_line").agg(pl.col("pieces").min()).iter_rows())
    assert pieces["Controllers"] < demand["Controllers"] and pieces["Sensors"] > demand["Sensors"]


# staging select -> select from the truth, of which both must have the same rows
SAME = {
    "leads": (
        "select source_system, source_id, channel, campaign_id, created_on, assigned_on, converted_on, score",
        "select source_system, source_id, channel, campaign_id, created_on, assigned_on, converted_on, score",
    ),
    "campaigns": (
        "select source_id, channel, started_on, cost, currency",
        "select campaign_id, channel, started, cost_cents / 100, currency",
    ),
    "quotes": (
        "select source_system, source_id, quoted_on, round(amount, 2), round(discount, 4), currency",
        "select source_system, source_id, quoted_on, amount_cents / 100, round(discount, 4), currency",
    ),
    "approvals": (
        "select source_id, document_id, requested_at::date, decided_at::date, status = '同意'",
        "select source_id, quote_source_id, requested_on, decided_on, coalesce(is_approved, false)",
    ),
    "signatures": (
        "select source_id, sent_at::date, signed_at::date, declined_at::date",
        "select source_id, sent_on, signed_on, declined_on",
    ),
    "opportunity_lines": (
        "select opportunity_id, product_id, amount, quantity, currency",
        "select deal_source_id, product_id, amount_cents / 100, quantity, currency",
    ),
    "contracts": (
        "select source_system, source_id, previous_contract_id, signed_on, started_on, ends_on, amount, currency",
        "select source_system, source_id, previous_source_id, signed_on, started_on, ends_on, amount_cents / 100, "
        "currency",
    ),
    "tickets": (
        "select source_system, source_id, opened_on, due_on, closed_on, is_complaint",
        "select source_system, source_id, opened_on, due_on, closed_on, is_complaint",
    ),
    "surveys": (
        "select source_system, source_id, answered_on, score, scale_max",
        "select source_system, source_id, answered_on, score, scale_max",
    ),
    "market_events": (
        "select source_id, kind, member, started_on, ended_on, published_on",
        "select event_id, kind, member, started, ended, published",
    ),
    "teams": (
        "select team_id, team_name, manager_name, valid_from, valid_to, is_active",
        "select team_id, team_name, manager, valid_from, valid_to, is_active",
    ),
    "headcount": (
        "select team, role, period_start, heads, heads_planned, cost",
        "select team, role, month, heads, planned, cost / 100",
    ),
    "budgets": (
        "select source_id, budget_line, period_start, amount, amount_spent",
        "select budget_id, line, quarter, cents / 100, spent / 100",
    ),
    "milestones": (
        "select project, milestone_name, planned_on, reached_on",
        "select project, milestone, planned, reached",
    ),
    "system_usage": (
        "select user_name, used_on, actions, records_created, records_updated",
        "select rep_name, day, actions, created, edited",
    ),
    "bills_of_material": (
        "select product_id, component_id, quantity, lead_time_days",
        "select product_id, part_id, pieces, lead_days",
    ),
    "stock": (
        "select product_id, warehouse, counted_on, quantity, quantity_reserved, value",
        "select product_id, warehouse, counted, quantity, reserved, cents / 100",
    ),
    "purchase_orders": (
        "select product_id, ordered_on, due_on, received_on, quantity, unit_price",
        "select part_id, ordered, due, received, quantity, cents / 100",
    ),
    "registrations": (
        "select registered_name, tax_id, legal_representative, registered_capital, founded_on, registration_status",
        "select name, tax_id, representative, capital, founded, status",
    ),
    "risks": (
        "select source_id, level, member, probability, impact_share, impact_amount, starts_on, ends_on, owner_name",
        "select risk_id, level, member, percent / 100, share_percent / 100, amount_w * 10000, starts, ends, owner",
    ),
    "capacity": ("select product_line, period_start, quantity", "select product_line, month, pieces"),
    "dealer_reports": (
        "select dealer_id, product_id, period_start, quantity_bought, quantity_sold, quantity_stock, enquiries, amount",
        "select dealer_id, product_id, month, bought, sold, stock, enquiries, cents / 100",
    ),
    "targets": (
        "select source_id, metric, level, coalesce(member, ''), period, period_start, amount, version",
        "select target_id, 'revenue', level, member, period, start, yuan, version",
    ),
}
FILES = {"market_events": "events", "targets": "plans"}
ONLY = {"targets": "where source_system = 'planning'"}  # finance keeps the monthly ones
ENDED = {"campaigns"}  # what they cost is known when they are over


@pytest.mark.parametrize("table", list(SAME))
def test_staging_holds_what_is_true(built: Built, table: str) -> None:
    served, truth = SAME[table]
    where = f"where ended_on <= date '{AS_OF - timedelta(days=1)}'" if table in ENDED else ""
    true_where = where.replace("ended_on", "ended")
    where = ONLY.get(table, where)
    file = built.settings.home / "truth" / f"{FILES.get(table, table)}.parquet"
    with read(built.settings) as connection:
        found, expected = f"{served} from staging.stg_{table} {where}", f"{truth} from '{file}' {true_where}"
        count = connection.execute(f"select count(*) from ({expected})").fetchone()
        assert count and count[0] > 0
        assert connection.execute(f"({found}) except all ({expected})").fetchall() == []
        assert connection.execute(f"({expected}) except all ({found})").fetchall() == []


def test_words_that_no_list_knows_arrive_as_they_were_typed(built: Built) -> None:
    truth = pl.read_parquet(built.settings.home / "truth" / "odd_words.parquet")
    assert set(truth["column"]) == {"industry", "loss_reason"}
    with read(built.settings) as connection:
        for system, table, column, word, count in truth.iter_rows():
            query = f"select count(*) from staging.stg_{table} where source_system = ? and {column} = ?"
            assert connection.execute(query, [system, word]).fetchone() == (count,)
        [(code,)] = connection.execute(
            "select industry_code from marts.industry_words where industry_word = 'Aquaculture'"
        ).fetchall()
        assert code == "unmapped"


def test_of_two_versions_of_a_target_the_revision_is_current_however_it_spells_the_region(built: Built) -> None:
    query = "select version, is_current, member from marts.targets where level = 'region' and period = 'month' "
    query += "and (metric, member, period_start) in "
    query += "(select (metric, member, period_start) from marts.targets where version = 'revised')"
    with read(built.settings) as connection:
        rows = connection.execute(query).fetchall()
    assert rows and {(version, is_current) for version, is_current, _ in rows} == {
        ("revised", True),
        ("original", False),
    }
    assert {member for *_, member in rows} == {"East China"}
