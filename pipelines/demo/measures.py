"""What the rates of dirt came to in a world: the shares that its records really show."""

import polars as pl

from pipelines.demo.truth_deals import deal_moves
from pipelines.demo.world import World


def measured(world: World) -> dict[str, float]:
    """Share by rule, named as in dirt.yml, counted on the records themselves and not on the draws behind them."""
    records, listings = world.records, world.listings
    customers = len(world.customers)
    systems = records.group_by("customer").agg(pl.col("system").n_unique().alias("systems"))
    further = records.filter(~pl.col("is_first"))
    firsts = records.filter("is_first").select("customer", first_name="account_name")
    renamed = further.join(firsts, on="customer").filter(pl.col("account_name") != pl.col("first_name"))
    originals = listings.filter(pl.col("kind") == "original")
    others = listings.filter(pl.col("kind") == "other_system")
    single = listings.filter(pl.len().over("deal") == 1)
    unwon = single.filter(pl.col("outcome") != "won")
    again = listings.filter(pl.col("kind") == "reentered")
    return {
        "in_two_or_more_systems": systems.filter(pl.col("systems") > 1).height / customers,
        "twice_in_one_system": records.filter("is_twin").height / customers,
        "changed_name": renamed.height / further.height,
        "without_shared_key": 1 - _sharing(records).filter(~pl.col("is_first")).height / further.height,
        "subsidiaries": _share(world.customers["parent"].is_not_null()),
        "in_two_systems": others.height / originals.height,
        "shared_external_id": _share(others["external_id"].is_not_null()),
        "entered_twice": again.height / originals.height,
        "deleted": _share(unwon["deleted_from"].is_not_null()),
        "cancelled": _cancelled(world),
        "strategic": _share(world.customers.filter("is_buyer")["is_strategic"]),
        "with_deal": _share(world.order_deals()["is_told"]),
        **_moves(world),
    }


def _moves(world: World) -> dict[str, float]:
    """Shares of moves, counted on the paths that the deals really took."""
    moves = deal_moves(world.deals)
    inside = moves.filter(pl.col("kind").is_in(["next", "skipped", "backward"]))
    ahead = inside.filter(pl.col("kind") != "backward")
    own = ahead.filter(~pl.col("is_same_day"))  # the others are what a move of the same day passed on to
    may_skip = own.filter(pl.col("previous_stage").is_in(["qualified", "needs"]))
    may_pass = own.filter(pl.col("stage") != "negotiation")
    lost = moves.filter(pl.col("kind") == "lost")
    return {
        "skipped": _share(may_skip["kind"] == "skipped"),
        "backward": _share(inside["kind"] == "backward"),
        "same_day": int(ahead["is_same_day"].sum()) / max(len(may_pass), 1),
        "reopened": int((moves["kind"] == "reopened").sum()) / max(len(lost), 1),
    }


def _sharing(records: pl.DataFrame) -> pl.DataFrame:
    """Records that have a key, tax id, telephone or domain in common with another record of their customer."""
    digits = pl.col("phone_text").str.replace_all(r"\D", "").str.slice(-7)
    erp_number = pl.when(pl.col("system").is_in(["kingdee", "sap"]) | pl.col("has_erp_code")).then("customer")
    evidence = records.select(
        "record", "customer", "is_first", "tax_id", "domain", phone=digits, erp_number=erp_number.cast(pl.String)
    )
    long = evidence.unpivot(
        ["tax_id", "domain", "phone", "erp_number"], index=["record", "customer", "is_first"]
    ).drop_nulls("value")
    shared = long.filter(pl.len().over("customer", "variable", "value") > 1)
    return shared.unique("record")


def _cancelled(world: World) -> float:
    repeat = world.sales.order_lines.filter(pl.col("deal").is_null()).unique("order")
    return _share(repeat["is_cancelled"])


def _share(flags: pl.Series) -> float:
    return int(flags.sum()) / max(len(flags), 1)
