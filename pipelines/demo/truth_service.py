"""The truth about customers after the sale: contracts and their renewals, tickets, satisfaction, birthdays, events."""

import polars as pl

from pipelines.demo.agreements import renewal_rates, true_agreements
from pipelines.demo.contacts import contacts
from pipelines.demo.happenings import true_events
from pipelines.demo.service import true_surveys, true_tickets
from pipelines.demo.systems.agreements import contract_ids
from pipelines.demo.systems.hubspot import NAME as HUBSPOT
from pipelines.demo.systems.service import survey_ids, ticket_ids
from pipelines.demo.truth_deals import dated
from pipelines.demo.world import World

Tables = dict[str, pl.DataFrame]


def service_truth(world: World) -> Tables:
    """Table name -> table, as it stands at the end of the newest export; days are dates, ids those of the exports."""
    agreements, tickets, answers = true_agreements(world), true_tickets(world), true_surveys(world)
    facts_told = agreements.select(
        "customer", "term", "product_line", "currency", source_system="system", source_id=contract_ids(),
        previous_source_id=contract_ids("previous"), true_deal_id="deal", signed_on="signed", started_on="started",
        ends_on="ends", amount_cents="cents",
    )  # fmt: skip
    cases = tickets.select(
        "customer", "kind", "priority", source_system="system", source_id=ticket_ids(), opened_on="opened",
        due_on="due", closed_on="closed", is_complaint=pl.col("kind") == "Complaint",
    )  # fmt: skip
    surveys = answers.select(
        "customer", "score", "scale_max", source_system="system", source_id=survey_ids(), answered_on="answered"
    )
    events = true_events(world)
    return {
        "contracts": dated(facts_told, "signed_on", "started_on", "ends_on"),
        "renewal_rates": renewal_rates(agreements, world.last),
        "tickets": dated(cases, "opened_on", "due_on", "closed_on"),
        "complaints": _complaints(tickets, world.last),
        "surveys": dated(surveys, "answered_on"),
        "csat": answers.group_by("customer").agg(
            answers=pl.len(), score_share=(pl.col("score") / pl.col("scale_max")).mean()
        ).sort("customer"),
        "birthdays": _birthdays(world),
        "events": dated(events, "started", "ended", "published"),
    }  # fmt: skip


def _complaints(tickets: pl.DataFrame, last: int) -> pl.DataFrame:
    """Per customer: tickets, open ones, complaints, open and overdue ones."""
    is_open, is_complaint = pl.col("closed").is_null(), pl.col("kind") == "Complaint"
    return tickets.group_by("customer").agg(
        tickets=pl.len(), open_tickets=is_open.sum(), complaints=is_complaint.sum(),
        open_complaints=(is_open & is_complaint).sum(), overdue=(is_open & (pl.col("due") < last)).sum(),
    ).sort("customer")  # fmt: skip


def _birthdays(world: World) -> pl.DataFrame:
    """The contacts of HubSpot whose birthday it knows: source_id, born_on."""
    if HUBSPOT not in {system.name for system in world.systems}:
        return pl.DataFrame(schema={"source_id": pl.String, "born_on": pl.Date})
    known = contacts(world, HUBSPOT).drop_nulls("born")
    return dated(known.select(source_id=(pl.col("number") + 150).cast(pl.String), born_on="born"), "born_on")
