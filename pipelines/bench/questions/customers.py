"""Customers and deals as one of many records: what is known of them, what was one, what was refused."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

UNLINKED = "some deals that two systems keep share nothing that tells so"
LEGAL_FORMS = ("AG", "GmbH", "Pty Ltd")


def _what_is_known(world: Truth) -> Rows:
    """Tickets, contracts that run, activities."""
    running = (pl.col("started_on") <= world.as_of) & (pl.col("ends_on") >= world.as_of)
    return [(len(world["tickets"]), len(world["contracts"].filter(running)), len(world["activities"]))]


def _deep_share(world: Truth) -> float:
    return len(world["activities"].filter("is_deep")) / len(world["activities"])


def _form_counts(world: Truth) -> dict[str, int]:
    """Companies by the legal form at the end of the registered name."""
    names = world["customers"]["name"].unique()
    return {form: len(names.filter(names.str.ends_with(" " + form))) for form in LEGAL_FORMS}


def _legal_forms(world: Truth) -> Rows:
    return list(_form_counts(world).items())


def _form_share(world: Truth) -> float:
    counts = _form_counts(world)
    return counts["GmbH"] / sum(counts.values())


def _duplicates(world: Truth) -> int:
    deals = world["deals"].filter(~pl.col("is_deleted"))
    return len(deals) - deals["true_deal_id"].n_unique()


def _duplicate_share(world: Truth) -> float:
    return _duplicates(world) / len(world["deals"].filter(~pl.col("is_deleted")))


def _refused(world: Truth) -> Rows:
    return world["bad_rows"].group_by("object").len().sort("object").rows()


def _refused_share(world: Truth) -> float:
    """Deal rows refused, of these and the deals that systems hold."""
    bad = len(world["bad_rows"].filter(pl.col("object") == "opportunities"))
    return bad / (bad + len(world["deals"].filter(~pl.col("is_deleted"))))


def _one_call_deep(world: Truth) -> Truth:
    rows = world["activities"].with_row_index("row")
    return world.with_table(
        "activities", rows.with_columns(is_deep=pl.col("is_deep") ^ (pl.col("row") == 0)).drop("row")
    )


def _one_less(world: Truth) -> Truth:
    return world.with_table("tickets", world["tickets"].head(-1))


def _renamed(world: Truth) -> Truth:
    name = pl.col("name").str.replace(" GmbH$", " AG")
    return world.with_table("customers", world["customers"].with_columns(name=name))


def _no_second_system(world: Truth) -> Truth:
    return world.with_table("deals", world["deals"].filter(pl.col("kind") != "other_system"))


def _one_more_bad(world: Truth) -> Truth:
    bad = world["bad_rows"]
    again = bad.filter(pl.col("object") == "opportunities").head(1)
    return world.with_table("bad_rows", pl.concat([bad, again]))


QUESTIONS = (
    Question(
        "C03", "How many tickets, running contracts and activities do the customers' rows show?", "count",
        """
        select sum(ticket_count), sum(active_contract_count),
            (select count(*) from marts.activities where customer_id is not null)
        from marts.customer_360
        """,
        _what_is_known, _one_less,
    ),
    Question(
        "C03", "Which share of the contacts with customers is a visit or meeting?", "rate",
        "select avg(cast(is_deep_contact as integer)) from marts.activities",
        _deep_share, _one_call_deep,
    ),
    Question(
        "C08", "How many companies have which legal form?", "count",
        """
        select form, (
            select count(distinct customer_name) from marts.customers where customer_name like '% ' || form)
        from (select unnest(['AG', 'GmbH', 'Pty Ltd']) as form) order by form
        """,
        _legal_forms, _renamed,
    ),
    Question(
        "C08", "Which share of the companies with these legal forms is a GmbH?", "rate",
        """
        select count(distinct customer_name) filter (where customer_name like '% GmbH') / count(distinct customer_name)
        from marts.customers
        where customer_name like '% GmbH' or customer_name like '% AG' or customer_name like '% Pty Ltd'
        """,
        _form_share, _renamed,
    ),
    Question(
        "C14", "How many rows were refused, by object?", "count",
        """
        select object, sum(refused_count) from outlook.data_quality
        where column_name = '*' and refused_count > 0 group by object order by object
        """,
        _refused, _one_more_bad,
    ),
    Question(
        "C14", "Which share of the deals that were sent was refused?", "rate",
        """
        select sum(refused_count) / (sum(refused_count) + sum(row_count)) from outlook.data_quality
        where column_name = '*' and object = 'opportunities'
        """,
        _refused_share, _one_more_bad,
    ),
    Question(
        "C15", "How many deal records are another record's duplicates?", "count",
        "select count(*) from marts.opportunity_crosswalk where not is_counted",
        _duplicates, _no_second_system, tolerance=0.006, because=UNLINKED,
    ),
    Question(
        "C15", "Which share of the deal records is a duplicate?", "rate",
        "select count(*) filter (where not is_counted) / count(*) from marts.opportunity_crosswalk",
        _duplicate_share, _no_second_system, tolerance=0.006, because=UNLINKED,
    ),
)  # fmt: skip
