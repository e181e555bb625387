"""Service: Salesforce's Case, HubSpot's tickets and feedback, and the poll of 问卷星 among Chinese customers."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, text
from pipelines.demo.ids import salesforce_ids
from pipelines.demo.service import true_surveys, true_tickets
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

CATEGORY = {"Question": "General inquiry", "Problem": "Product issue", "Complaint": "Complaint"}
FIRST_TICKET = 8_800


def write(out: Outbox, world: World) -> None:
    """All tickets and answers up to each of the days on which lists come twice a year."""
    used = {system.name for system in world.systems}
    tickets, answers = true_tickets(world), true_surveys(world)
    for last in world.few_days:
        iso = f"{stamp(last)[:4]}-{stamp(last)[4:6]}-{stamp(last)[6:]}"
        known, answered = tickets.filter(pl.col("opened") <= last), answers.filter(pl.col("answered") <= last)
        cases = _cases(known.filter(pl.col("system") == "salesforce"), last)
        out.csv(f"salesforce/Case_{stamp(last)}.csv", cases, quote_all=True)
        if "hubspot" in used:
            rows = _tickets(known.filter(pl.col("system") == "hubspot"), last)
            out.csv(f"hubspot/hubspot-crm-exports-all-tickets-{iso}.csv", rows, quote_all=True)
            feedback = _feedback(answered.filter(pl.col("system") == "hubspot"))
            out.csv(f"hubspot/hubspot-crm-exports-feedback-submissions-{iso}.csv", feedback, quote_all=True)
        if "fxiaoke" in used:
            poll = _poll(answered.filter(pl.col("system") == "surveys"))
            out.workbook(f"surveys/问卷星_{stamp(last)}.xlsx", poll, sheet="Sheet1")


def ticket_ids() -> pl.Expr:
    """Ids of tickets in their system."""
    own = pl.col("ticket").map_batches(
        lambda numbers: pl.Series(salesforce_ids("500", numbers.to_numpy().astype("int64"))), return_dtype=pl.String
    )
    number = (pl.col("ticket") + FIRST_TICKET).cast(pl.String)
    return pl.when(pl.col("system") == "salesforce").then(own).otherwise(number)


def survey_ids() -> pl.Expr:
    """Numbers of answers."""
    return (pl.col("survey") + 1).cast(pl.String)


def _status(last: int, closed: str, working: str) -> pl.Expr:
    return pl.when(pl.col("closed") <= last).then(pl.lit(closed)).otherwise(pl.lit(working))


def _closed(last: int, pattern: str) -> pl.Expr:
    return pl.when(pl.col("closed") <= last).then(pl.format(pattern, day("closed")))


def _cases(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    return rows.select(
        Id=ticket_ids(),
        AccountId="account_id",
        Status=_status(last, "Closed", "Working"),
        Priority="priority",
        Type="kind",
        CreatedDate=pl.concat_str(day("opened"), pl.lit("T07:41:00.000Z")),
        ClosedDate=_closed(last, "{}T12:00:00.000Z"),
        Due_Date__c=day("due"),
    )


def _tickets(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    return rows.select(
        ticket_ids().alias("Ticket ID"),
        _status(last, "Closed", "Waiting on us").alias("Ticket status"),
        pl.col("priority").alias("Priority"),
        pl.col("kind").replace_strict(CATEGORY, return_dtype=pl.String).alias("Category"),
        pl.concat_str(day("opened"), pl.lit(" 08:20")).alias("Create date"),
        _closed(last, "{} 17:45").alias("Close date"),
        day("due").alias("Due date"),
        pl.col("account_name").alias("Associated Company"),
        pl.col("account_id").alias("Associated Company IDs"),
    )


def _feedback(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        survey_ids().alias("Record ID"),
        pl.lit("After the ticket").alias("Survey name"),
        pl.lit("CSAT").alias("Survey type"),
        pl.concat_str(text("score"), pl.lit(".0")).alias("Rating"),
        pl.lit(None, dtype=pl.String).alias("Response"),
        pl.concat_str(day("answered"), pl.lit(" 10:11")).alias("Submission Date"),
        pl.lit(None, dtype=pl.String).alias("Associated Contact IDs"),
        pl.col("account_id").alias("Associated Company IDs"),
    )


def _poll(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        survey_ids().alias("序号"),
        pl.concat_str(day("answered", "%Y/%m/%d"), pl.lit(" 09:31:15")).alias("提交答卷时间"),
        pl.col("first_name").alias("1、贵公司名称"),
        text("score").alias("3、您对本次服务的总体满意度（1-5分）"),
        pl.lit(None, dtype=pl.String).alias("4、您的意见或建议"),
    )
