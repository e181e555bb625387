"""Dealers and teams: who sells on, who asks and tries, who holds too much, and who belongs to whom."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth


def _trials(world: Truth) -> Rows:
    rate = pl.col("trials").sum() / pl.col("enquiries").sum()
    return world["dealer_reports"].group_by("dealer_id").agg(pl.len(), rate).sort("dealer_id").rows()


def _sold_per_enquiry(world: Truth) -> Rows:
    """Of each region: pieces sold per enquiry of the month before, of reports that follow one."""
    order = ["dealer_id", "product_id", "month"]
    before = pl.col("enquiries").shift(1).over("dealer_id", "product_id")
    rows = world["dealer_reports"].sort(order).with_columns(before=before).drop_nulls("before")
    region = pl.col("region").replace_strict({"华东": "East China", "华南": "South China", "华北": "North China"})
    return rows.group_by(region).agg(pl.col("sold").sum() / pl.col("before").sum()).sort("region").rows()


def _sold_on(world: Truth) -> Rows:
    rows = world["dealer_reports"].group_by("product_name").agg(pl.col("sold").sum(), pl.col("cents").sum() / 100)
    return rows.sort("product_name").rows()


def _newest_stock(world: Truth) -> Rows:
    rows = world["dealer_reports"].filter(pl.col("month") == pl.col("month").max())
    return rows.group_by("dealer_id").agg(pl.col("stock").sum()).sort("dealer_id").rows()


def _teams(world: Truth) -> Rows:
    """Teams of today with their leader and the reps that have not left."""
    staff = world["reps"].filter(pl.col("left").is_null() | (pl.col("left") > world.as_of))
    heads = staff.group_by(team_name="team").agg(heads=pl.len())
    now = world["teams"].filter("is_active").join(heads, on="team_name")
    return now.select("team_name", "manager", "heads").sort("team_name").rows()


def _before_division(world: Truth) -> Rows:
    """Teams that are no more, and for how many days they were."""
    past = world["teams"].filter(~pl.col("is_active"))
    days = (pl.col("valid_to") - pl.col("valid_from")).dt.total_days() + 1
    return past.select("team_name", days=days).sort("team_name").rows()


def _other_reports(world: Truth) -> Truth:
    rows = world["dealer_reports"].with_columns(pl.col("trials", "sold", "stock") + 1, cents=pl.col("cents") + 100)
    return world.with_table("dealer_reports", rows)


def _other_teams(world: Truth) -> Truth:
    teams = world["teams"].with_columns(manager=pl.lit("X"), valid_from=pl.col("valid_from").dt.offset_by("1d"))
    return world.with_table("teams", teams)


QUESTIONS = (
    Question(
        "C72", "Which share of the enquiries at each dealer became a trial, of how many reports?", "rate",
        """
        select split_part(dealer_id, '|', 2), count(*), sum(trial_count) / sum(enquiry_count)
        from marts.dealers group by 1 order by 1
        """,
        _trials, _other_reports,
    ),
    Question(
        "C72", "How many pieces do dealers sell per enquiry of the month before, by region?", "rate",
        """
        select region, sum(sold_quantity) / sum(sold_quantity / relative_sold_of_enquiries_before)
        from marts.dealers where relative_sold_of_enquiries_before > 0 group by 1 order by 1
        """,
        _sold_per_enquiry, _other_reports,
    ),
    Question(
        "C72", "What did dealers sell on of each product: pieces and money?", "amount",
        "select product_name, sum(sold_quantity), sum(amount_base) from marts.dealers group by 1 order by 1",
        _sold_on, _other_reports,
    ),
    Question(
        "C72", "How many pieces does each dealer hold?", "count",
        """
        select split_part(dealer_id, '|', 2), sum(stock_quantity)
        from (from marts.dealers qualify period_start = max(period_start) over ()) group by 1 order by 1
        """,
        _newest_stock, _other_reports,
    ),
    Question(
        "C39", "Which teams of a region are there, who leads them, and how many reps have they?", "list",
        """
        select team, manager_name, active_rep_count from marts.teams
        where is_current and active_rep_count > 0 and region != 'unmapped' order by 1
        """,
        _teams, _other_teams,
    ),
    Question(
        "C39", "Which teams were there before, and for how many days?", "duration",
        "select team, valid_to - valid_from + 1 from marts.teams where not is_current order by 1",
        _before_division, _other_teams,
    ),
)  # fmt: skip
