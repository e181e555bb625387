"""What a system shows of its deals on a given day, and the changes it has recorded of them."""

import polars as pl

from pipelines.demo.deals import Deals as TrueDeals

FLAGS = {"has_budget": "budget", "has_decision_process": "process", "has_decision_maker": "decider"}


def snapshot(listings: pl.DataFrame, deals: TrueDeals, day: int) -> pl.DataFrame:
    """The deals a system shows on a day: its listings with the stage, amount and dates as they stood then.

    Adds stage, amount (cents), planned (the rep's guess), expected (the same until the deal closes, then that day),
    closed, is_won, is_lost, has_budget, has_decision_process, has_decision_maker, probability (percent), updated; days
    since the epoch. `closed` is null as well where nobody entered the day.
    """
    shown = listings.filter(pl.col("deleted_from").is_null() | (pl.col("deleted_from") > day))
    facts = deals.facts.select(
        pl.exclude("customer", "is_chinese", "outcome", "product", "created", "closed"),
        product_no="product",
        born="created",
    )
    shown = shown.join(facts, on="deal", how="left", maintain_order="left").filter(
        pl.col("born") + pl.col("lag") <= day
    )
    shown = shown.with_columns(told=day - pl.col("lag"))  # what a record knows lags behind by some days
    shown = _newest(shown, deals.path.rename({"entered": "day"}).with_columns(entered="day"), "day")
    shown = _newest(shown, deals.guesses.with_columns(guessed="day"), "day")
    flags = {name: pl.col(f"{flag}_on") <= pl.col("told") for name, flag in FLAGS.items()}
    is_proposed = pl.col("proposed") <= pl.col("told")
    is_closed = pl.col("stage").is_in(["won", "lost"])
    flag_day = pl.max_horizontal(pl.when(seen).then(f"{FLAGS[name]}_on") for name, seen in flags.items())
    return shown.with_columns(
        _amount(is_proposed),
        planned=pl.col("expected") + pl.col("lag"),
        expected=pl.when(is_closed).then("entered").otherwise("expected") + pl.col("lag"),
        closed=pl.when(is_closed & ~pl.col("lacks_day")).then(pl.col("entered") + pl.col("lag")),
        is_closed=is_closed,
        is_won=pl.col("stage") == "won",
        is_lost=pl.col("stage") == "lost",
        probability=_probability(),
        created=pl.col("born") + pl.col("lag"),
        updated=pl.max_horizontal("entered", "guessed", flag_day) + pl.col("lag"),
        **flags,
    )


def _newest(shown: pl.DataFrame, told: pl.DataFrame, day: str) -> pl.DataFrame:
    """The shown deals with the last of the rows told of each by the day it knows; of one day the last one counts."""
    rows = shown.select("listing", "deal", "told").join(told, on="deal", how="inner", maintain_order="left_right")
    rows = rows.filter(pl.col(day) <= pl.col("told")).drop("deal", "told", day)
    newest = rows.group_by("listing", maintain_order=True).last()
    return shown.join(newest, on="listing", how="left", maintain_order="left")


def _amount(is_proposed: pl.Expr) -> pl.Expr:
    amount = pl.when(is_proposed).then("amount").otherwise("first_amount")
    return (amount * pl.col("amount_percent") // 10_000 * 100).alias("amount")


def _probability() -> pl.Expr:
    """What the rep typed in, until the system itself says that the deal is won or lost."""
    return pl.when(pl.col("stage") == "won").then(100).when(pl.col("stage") == "lost").then(0).otherwise("probability")


def stage_changes(listings: pl.DataFrame, deals: TrueDeals, day: int, *, guesses: bool = False) -> pl.DataFrame:
    """The history rows a system has written by a day: one per listing and stage entered, with the amount of then.

    With guesses also one for each change of the closing day or the chance in between. `step` counts the rows of a
    listing, `place` those of one day.
    """
    shown = listings.select("listing", "deal", "lag", "source_id", "amount_percent", "deleted_from")
    path = deals.path.select("deal", "stage", changed="entered")
    if guesses:
        typed = deals.guesses.select("deal", stage=pl.lit(None, dtype=pl.String), changed="day").unique()
        typed = typed.join(path, on=["deal", "changed"], how="anti")  # what was typed with a move stands in its row
        path = pl.concat([path, typed]).sort("deal", "changed", maintain_order=True)
        path = path.with_columns(pl.col("stage").forward_fill().over("deal"))
    rows = shown.join(path, on="deal", how="inner", maintain_order="left_right")
    rows = rows.filter(pl.col("changed") + pl.col("lag") <= day).with_row_index("row")
    typed = deals.guesses.rename({"day": "changed"}).sort("changed", maintain_order=True)
    rows = rows.sort("changed", maintain_order=True).join_asof(
        typed, on="changed", by="deal", strategy="backward", check_sortedness=False
    )
    facts = deals.facts.select("deal", "amount", "first_amount", "proposed", "rep")
    rows = rows.sort("row").join(facts, on="deal", how="left", maintain_order="left")
    return rows.with_columns(
        _amount(pl.col("changed") >= pl.col("proposed")),
        expected=pl.when(pl.col("stage").is_in(["won", "lost"])).then("changed").otherwise("expected") + pl.col("lag"),
        changed=pl.col("changed") + pl.col("lag"),
        probability=_probability(),
        step=pl.int_range(pl.len()).over("listing"),
        place=pl.int_range(pl.len()).over("listing", "changed"),
    )
