"""From lead to cash: which steps of a deal are linked, and how long they take."""

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth


def _won(world: Truth) -> pl.DataFrame:
    """Won deals that some export has."""
    kept = world["deals"].filter(~pl.col("is_deleted"))
    won = world["deal_facts"].filter((pl.col("outcome") == "won") & (pl.col("closed_on") <= world.as_of))
    return won.join(kept, on="true_deal_id", how="semi")


def _told_orders(world: Truth) -> pl.DataFrame:
    return world["order_cash"].filter("is_told").join(_won(world), on="true_deal_id", how="semi")


def _linked_steps(world: Truth) -> Rows:
    won = _won(world)
    steps = {
        "lead": world["leads"].drop_nulls("true_deal_id"),
        "order": _told_orders(world),
        "quote": world["quotes"],
        "signing": pl.concat([
            world["signatures"].drop_nulls("signed_on").select("true_deal_id"),
            world["contracts"].filter(pl.col("previous_source_id").is_null()).select("true_deal_id"),
        ]),
    }  # fmt: skip
    return [(step, len(won.join(rows, on="true_deal_id", how="semi"))) for step, rows in steps.items()]


def _lead_days(world: Truth) -> float:
    leads = world["leads"].drop_nulls("converted_on").join(_won(world), on="true_deal_id", how="semi")
    days = (pl.col("converted_on") - pl.col("created_on")).dt.total_days()
    return float(leads.select(days.median()).item())


def _all_at_once(world: Truth) -> Truth:
    return world.with_table("leads", world["leads"].with_columns(converted_on=pl.col("created_on")))


def _one_lead_less(world: Truth) -> Truth:
    won = _won(world)["true_deal_id"]
    leads = world["leads"]
    first = leads.filter(pl.col("true_deal_id").is_in(won.implode()))["source_id"][0]
    return world.with_table("leads", leads.filter(pl.col("source_id") != first))


def _orders_by_system(world: Truth) -> Rows:
    return _told_orders(world).group_by("source_system").len().sort("source_system").rows()


def _ordered(world: Truth) -> float:
    orders = _told_orders(world).filter(pl.col("currency") == "CNY")
    return float(orders.select(pl.col("ordered_cents").sum() / 100).item())


def _invoice_days(world: Truth) -> Rows:
    orders = _told_orders(world).filter(pl.col("is_order_named") & pl.col("first_invoiced_on").is_not_null())
    days = (pl.col("first_invoiced_on") - pl.col("ordered_on")).dt.total_days()
    return orders.select(pl.len(), days.mean()).rows()


def _one_order_less(world: Truth) -> Truth:
    orders = world["order_cash"]
    first = orders.filter(pl.col("is_told") & pl.col("is_order_named") & (pl.col("currency") == "EUR"))["order_id"][0]
    second = orders.filter(pl.col("is_told") & (pl.col("currency") == "CNY"))["order_id"][0]
    is_told = pl.col("is_told") & ~pl.col("order_id").is_in([first, second])
    return world.with_table("order_cash", orders.with_columns(is_told=is_told))


QUESTIONS = (
    Question(
        "C20", "How many won deals have a lead, an order, a quote, a signed paper linked to them?", "count",
        """
        unpivot (
            select count(*) filter (where lead_link_code = 'linked') as lead,
                count(*) filter (where order_link_code = 'linked') as "order",
                count(*) filter (where quote_link_code = 'linked') as quote,
                count(*) filter (where signing_link_code = 'linked') as signing
            from marts.lead_to_cash where outcome = 'won'
        ) on * order by 1
        """,
        _linked_steps, _one_lead_less,
    ),
    Question(
        "C20", "How many days lie between a lead and its deal where the deal was won (median)?", "duration",
        """
        select median(lead_to_deal_days) from marts.lead_to_cash where outcome = 'won'
        """,
        _lead_days, _all_at_once,
    ),
    Question(
        "C29", "How many orders of each ERP name the deal that they came from?", "count",
        """
        select source_system, linked_count from marts.document_links where step_code = 'orders_to_deal' order by 1
        """,
        _orders_by_system, _one_order_less,
    ),
    Question(
        "C29", "What was ordered for deals in CNY, as far as orders name their deal?", "amount",
        """
        select sum(ordered_base) from marts.lead_to_cash
        inner join marts.opportunities using (opportunity_id) where outcome = 'won' and currency = 'CNY'
        """,
        _ordered, _one_order_less,
    ),
    Question(
        "C29", "How many days pass from an order to its first invoice, where invoices name orders?", "duration",
        """
        select count(order_to_invoice_days), avg(order_to_invoice_days) from marts.lead_to_cash
        """,
        _invoice_days, _one_order_less,
    ),
)  # fmt: skip
