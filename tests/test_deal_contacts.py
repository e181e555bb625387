"""Contacts with deals and customers, and who decides there, recomputed from the truth of the sample company."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from conftest import Built

from pipelines.demo import AS_OF

SILENT_DAYS = timedelta(days=30)  # as in the seed deal_risk_rules
TELLING = ("salesforce", "fxiaoke")  # the systems whose contacts are exported
Tables = dict[str, pl.DataFrame]


def read(built: Built) -> Tables:
    served = ("activities", "deal_contacts", "opportunities", "opportunity_crosswalk", "rep_performance")
    with duckdb.connect(str(built.served), read_only=True) as connection:
        found = {name: connection.execute(f"from marts.{name}").pl() for name in served}
        found["deal_risk"] = connection.execute("from outlook.deal_risk").pl()
    truth = built.settings.home / "truth"
    names = {
        "true_activities": "activities",
        "true_deals": "deals",
        "true_roles": "contact_roles",
        "facts": "deal_facts",
    }
    return found | {name: pl.read_parquet(truth / f"{file}.parquet") for name, file in names.items()}


@pytest.fixture(scope="module")
def tables(built: Built) -> Tables:
    return read(built)


def served_deals(tables: Tables) -> pl.DataFrame:
    """opportunity_id, true_deal_id and is_telling of the deals found exactly; is_telling: a record is in TELLING."""
    records = tables["opportunity_crosswalk"].join(tables["true_deals"], on=["source_system", "source_id"])
    records = records.filter(~pl.col("rule").is_in(["deleted_in_source", "void_stage"]))
    deals = records.group_by("opportunity_id", "true_deal_id").agg(
        is_telling=pl.col("source_system").is_in(TELLING).any()
    )
    for key in ("opportunity_id", "true_deal_id"):
        deals = deals.filter(pl.len().over(key) == 1)
    return deals


def last_contacts(tables: Tables) -> dict[int, date]:
    last = dict[int, date]()
    for deal, day in tables["true_activities"].select("true_deal_id", "occurred_on").iter_rows():
        if day <= AS_OF:
            last[deal] = max(day, last.get(deal, day))
    return last


def test_every_recorded_activity_is_served_once_with_its_deal_kind_and_day(tables: Tables) -> None:
    served = tables["activities"].join(
        tables["true_activities"].filter(pl.col("occurred_on") <= AS_OF),
        on=["source_system", "source_id"],
        how="full",
        suffix="_true",
        coalesce=True,
    )
    assert served.height == tables["activities"].height > 2000
    assert served.filter(~pl.col("occurred_on").eq_missing(pl.col("occurred_on_true"))).is_empty()
    assert served.filter(~pl.col("is_deep_contact").eq_missing(pl.col("is_deep"))).is_empty()
    assert served.filter(pl.col("activity_code") == "unmapped").is_empty()
    assert served["rep_id"].null_count() == served["customer_id"].null_count() == 0
    found = served.join(served_deals(tables), on="opportunity_id", suffix="_served")
    assert found.height > 0.9 * served.height
    assert found.filter(pl.col("true_deal_id") != pl.col("true_deal_id_served")).is_empty()
    named = found.filter(pl.col("contact_source_id").is_not_null())
    wanted = named["source_system"] + "|" + named["contact_source_id"]
    assert named["contact_id"].to_list() == wanted.to_list() and named.height > 300


def test_the_last_contact_on_a_deal_is_the_last_recorded_activity_of_the_true_deal(tables: Tables) -> None:
    last = last_contacts(tables)
    rows = served_deals(tables).join(tables["opportunities"], on="opportunity_id")
    served = {deal: (day, known) for deal, day, known in rows.select(
        "true_deal_id", "last_activity_on", "is_contact_exported").iter_rows()}  # fmt: skip
    telling = dict(rows.select("true_deal_id", "is_telling").iter_rows())
    assert served == {deal: (last.get(deal), telling[deal]) for deal in served}
    assert sum(day is not None for day, _ in served.values()) > 400


def silent_deals(tables: Tables) -> set[str]:
    """Open deals of a system that tells of contacts, without one for a month; no contact counts from the creation."""
    last = last_contacts(tables)
    rows = served_deals(tables).join(tables["opportunities"].filter("is_open"), on="opportunity_id")
    rows = rows.filter("is_telling").select("opportunity_id", "true_deal_id", "created_on")
    return {key for key, deal, created in rows.iter_rows() if last.get(deal, created) <= AS_OF - SILENT_DAYS}


def test_an_alarm_for_silence_rings_for_silent_deals_and_for_no_other(tables: Tables) -> None:
    flagged = tables["deal_risk"].filter(pl.col("rule") == "no_recent_contact")
    exact = flagged.join(served_deals(tables), on="opportunity_id")
    assert {*exact["opportunity_id"]} == silent_deals(tables) and exact.height > 2


def test_the_share_that_a_rep_has_contacted_is_counted_on_the_true_activities(tables: Tables) -> None:
    last = last_contacts(tables)
    true_deal = dict(served_deals(tables).select("opportunity_id", "true_deal_id").iter_rows())
    rows = tables["opportunities"].filter(pl.col("is_open") & pl.col("is_contact_exported"))
    recent: dict[str, list[bool]] = {}
    for key, rep in rows.select("opportunity_id", "rep_id").iter_rows():
        day = last.get(true_deal.get(key, -1))
        recent.setdefault(rep, []).append(day is not None and day > AS_OF - SILENT_DAYS)
    served = tables["rep_performance"].select("rep_id", "contact_known_count", "contacted_share")
    for rep, count, share in served.iter_rows():
        told = recent.get(rep, [])
        assert (count or 0, share) == (len(told), pytest.approx(sum(told) / len(told)) if told else None)
    assert len(recent) > 5


def test_who_decides_on_a_deal_is_whoever_the_crm_gave_that_role(tables: Tables) -> None:
    deciding = tables["true_roles"].filter((pl.col("role") == "Decision Maker") & (pl.col("since_on") <= AS_OF))
    people = {(deal, f"salesforce|{person}") for deal, person in
              deciding.select("true_deal_id", "contact_source_id").iter_rows()}  # fmt: skip
    exact = served_deals(tables)
    served = tables["deal_contacts"].filter(pl.col("is_decision_maker_source") == "deal_role")
    found = {*served.join(exact, on="opportunity_id").select("true_deal_id", "contact_id").iter_rows()}
    known = {*exact["true_deal_id"]}
    assert found == {pair for pair in people if pair[0] in known} and len(found) > 50
    coded = (
        tables["opportunities"].filter(pl.col("decision_maker_code") == "deal_role").join(exact, on="opportunity_id")
    )
    assert {*coded["true_deal_id"]} == {deal for deal, _ in found}


def test_a_decision_maker_known_on_the_deal_was_known_to_the_rep_by_then_and_unknown_is_not_no(tables: Tables) -> None:
    """Each flag was true on the day of the newest export: the world knows since when."""
    rows = tables["opportunities"].filter("is_open").join(served_deals(tables), on="opportunity_id")
    rows = rows.join(tables["facts"].select("true_deal_id", "decider_on"), on="true_deal_id")
    known = (pl.col("decider_on") <= AS_OF).fill_null(value=False)
    told = rows.filter(pl.col("has_decision_maker").is_not_null())
    assert told.filter(pl.col("has_decision_maker") & ~known).is_empty() and told.height > 20
    assert {*rows.filter(pl.col("has_decision_maker").is_null())["decision_maker_code"]} <= {
        "customer_contact", "nobody", "unknown",
    }  # fmt: skip
