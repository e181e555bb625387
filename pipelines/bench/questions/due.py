"""What is due, and by when: contracts, complaints, closing days, birthdays."""

from datetime import date, timedelta

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

AHEAD, CARD_DAYS = 30, 14


def _ending(world: Truth) -> Rows:
    contracts = world["contracts"]
    renewed = contracts.drop_nulls("previous_source_id").select("source_system", source_id="previous_source_id")
    ends = pl.col("ends_on").is_between(world.as_of, world.as_of + timedelta(days=AHEAD))
    due = contracts.filter(ends).join(renewed, on=["source_system", "source_id"], how="anti")
    return due.select("source_id", "ends_on").sort("source_id").rows()


def _ends_later(world: Truth) -> Truth:
    contracts = world["contracts"]
    later = pl.when(pl.col("source_id") == _ending(world)[0][0]).then(pl.col("ends_on") + pl.duration(days=400))
    return world.with_table("contracts", contracts.with_columns(ends_on=later.otherwise("ends_on")))


def _complaints(world: Truth) -> Rows:
    still = world["tickets"].filter(pl.col("is_complaint") & pl.col("closed_on").is_null())
    days = (pl.lit(world.as_of) - pl.col("due_on")).dt.total_days()
    return still.select("source_id", days).sort("source_id").rows()


def _answered(world: Truth) -> Truth:
    tickets = world["tickets"]
    closed = pl.when(pl.col("source_id") == _complaints(world)[0][0]).then(pl.lit(world.as_of)).otherwise("closed_on")
    return world.with_table("tickets", tickets.with_columns(closed_on=closed))


def _birthdays(world: Truth) -> Rows:
    days = {_next(born, world.as_of) for born in world["birthdays"]["born_on"]}
    return [(day,) for day in sorted(days) if day - world.as_of <= timedelta(days=CARD_DAYS)]


def _next(born: date, today: date) -> date:
    this_year = _in_year(born, today.year)
    return this_year if this_year >= today else _in_year(born, today.year + 1)


def _in_year(born: date, year: int) -> date:
    is_leap = (date(year, 3, 1) - timedelta(days=1)).day == 29
    return date(year, born.month, min(born.day, 28) if born.month == 2 and not is_leap else born.day)


def _all_born_later(world: Truth) -> Truth:
    people = world["birthdays"]
    return world.with_table("birthdays", people.with_columns(born_on=pl.col("born_on") + pl.duration(days=1)))


def _passed(world: Truth) -> Rows:
    """Open deals whose newest expected closing day has passed."""
    kept = world["deals"].filter(~pl.col("is_deleted"))
    still = world["deal_facts"].filter(pl.col("outcome") == "open").join(kept, on="true_deal_id", how="semi")
    guesses = (
        world["deal_guesses"].filter(pl.col("day") <= world.as_of).sort("true_deal_id", "day", maintain_order=True)
    )
    newest = guesses.drop_nulls("expected").group_by("true_deal_id").agg(pl.col("expected").last())
    late = still.join(newest, on="true_deal_id").filter(pl.col("expected") < world.as_of)
    days = (pl.lit(world.as_of) - pl.col("expected")).dt.total_days()
    return late.select(pl.len(), days.mean()).rows()


def _expected_earlier(world: Truth) -> Truth:
    guesses = world["deal_guesses"]
    return world.with_table("deal_guesses", guesses.with_columns(expected=pl.col("expected") - pl.duration(days=9)))


QUESTIONS = (
    Question(
        "C27", "Which contracts end within 30 days without a renewal, and when?", "list",
        """
        select regexp_replace(subject_id, '^[^|]*.', ''), due_on from marts.due_list
        where due_code = 'contract_end' order by 1
        """,
        _ending, _ends_later,
    ),
    Question(
        "C27", "Which complaints are open, and for how many days have they been overdue?", "duration",
        """
        select regexp_replace(subject_id, '^[^|]*.', ''), overdue_days from marts.due_list
        where due_code = 'open_complaint' order by 1
        """,
        _complaints, _answered,
    ),
    Question(
        "C27", "On which days of the next two weeks has a contact person of HubSpot their birthday?", "list",
        """
        select distinct due_on from marts.due_list
        where due_code = 'birthday' and contact_id like 'hubspot|%' order by 1
        """,
        _birthdays, _all_born_later,
    ),
    Question(
        "C27", "How many open deals are past their expected closing day, and for how many days?", "duration",
        """
        select count(*), avg(overdue_days) from marts.due_list where due_code = 'overdue_close'
        """,
        _passed, _expected_earlier,
    ),
)  # fmt: skip
