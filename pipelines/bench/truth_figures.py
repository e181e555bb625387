"""Figures that pages, the summary and README's examples show, computed again from exported rows and the known truth.

Polars over the rows as they were loaded (`raw`), and the sample company's truth: no SQL of the product is used, so that
one mistake cannot be made twice. A line's customer is the served crosswalk's, whose quality is a figure of its own.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import TypedDict

import polars as pl

Frames = Mapping[str, pl.DataFrame]
Figure = tuple[str, float]
ROW = ["source_system", "source_id"]


class Policy(TypedDict):
    """What a company has laid down and a figure depends on: currency, age of rates in days, time zone, fiscal year."""

    base_currency: str
    rate_carry_forward_days: int
    timezone: str
    fiscal_year_start_month: int


def current(rows: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The newest version of each record that was exported by the end of as_of."""
    until = datetime.combine(as_of + timedelta(days=1), time())
    return rows.filter(pl.col("exported_at") < until).sort("exported_at").unique(ROW, keep="last", maintain_order=True)


def in_base_currency(
    rows: pl.DataFrame, day: str, rates: pl.DataFrame, base_currency: str, carried_days: int
) -> pl.Series:
    """`amount` of each row in base currency at the newest rate of at most carried_days; null where there is none."""
    table = rates.filter(pl.col("base_currency") == base_currency).select("currency", "rated_on", "rate")
    table = table.with_columns(pl.col("rate").cast(pl.Float64)).sort("rated_on")
    dated = rows.with_row_index("order").with_columns(
        pl.col("amount").cast(pl.Float64), currency=pl.col("currency").fill_null(base_currency)
    )
    joined = dated.sort(day).join_asof(
        table,
        left_on=day,
        right_on="rated_on",
        by="currency",
        check_sortedness=False,
        tolerance=timedelta(days=carried_days),
    )
    rate = pl.when(pl.col("currency") == base_currency).then(1.0).otherwise(pl.col("rate"))
    return joined.with_columns(amount_base=pl.col("amount") * rate).sort("order")["amount_base"]


def revenue_lines(raw: Frames, as_of: date, base_currency: str, carried_days: int) -> pl.DataFrame:
    """The lines of revenue not cancelled, with `day` and `amount_base`: a system's invoices, else its orders."""
    recognised = dict(raw["systems"].select("source_system", "recognise").iter_rows())
    parts = []
    for name, kind, day in (("invoice_lines", "invoice", "invoiced_on"), ("order_lines", "order", "ordered_on")):
        if name in raw:
            lines = current(raw[name], as_of).rename({day: "day"})
            parts.append(lines.filter(pl.col("source_system").replace_strict(recognised, default=None) == kind))
    lines = pl.concat(parts, how="diagonal_relaxed").filter(~pl.col("is_cancelled").fill_null(False))
    net = pl.coalesce("amount_net", pl.col("amount_gross") - pl.col("amount_tax"))
    price = pl.col("quantity").cast(pl.Float64) * pl.col("unit_price").cast(pl.Float64)
    lines = lines.with_columns(amount=pl.coalesce(net.cast(pl.Float64), price))
    rates = rates_of(raw, as_of)
    return lines.with_columns(amount_base=in_base_currency(lines, "day", rates, base_currency, carried_days))


def rates_of(raw: Frames, as_of: date) -> pl.DataFrame:
    """The rates exported by the end of as_of; no rows where a company has none."""
    if "exchange_rates" in raw:
        return current(raw["exchange_rates"], as_of)
    return _no_rates()


def _no_rates() -> pl.DataFrame:
    return pl.DataFrame(
        schema={"base_currency": pl.String, "currency": pl.String, "rated_on": pl.Date, "rate": pl.Float64}
    )


def figures(raw: Frames, served: Frames, truth: Frames, as_of: date, policy: Policy) -> Iterator[Figure]:
    """Each figure by the name under which `served_figures` reads it."""
    if any(name in raw and not raw[name].is_empty() for name in ("invoice_lines", "order_lines")):
        yield from _sales(raw, served, as_of, policy)
    if truth:
        yield from _known(truth, *(_told_until(raw, name, as_of) for name in ("invoice_lines", "opportunities")))


def _sales(raw: Frames, served: Frames, as_of: date, policy: Policy) -> Iterator[Figure]:
    base, carried = policy["base_currency"], policy["rate_carry_forward_days"]
    lines = revenue_lines(raw, as_of, base, carried)
    year_ago = (
        as_of.replace(year=as_of.year - 1) if (as_of.month, as_of.day) != (2, 29) else date(as_of.year - 1, 2, 28)
    )
    yield "summary: revenue, all lines", float(lines["amount_base"].sum())
    yield "summary: lines of revenue", lines.height
    yield "README: largest line of revenue", lines["amount_base"].max()  # type: ignore[misc]
    billed_by_now = lines.filter(pl.col("day") <= as_of, pl.col("invoice_id").is_not_null())
    yield "invoices: all up to the day", billed_by_now.select("source_system", "invoice_id").n_unique()
    if "order_lines" in raw and not raw["order_lines"].is_empty():
        yield (
            "orders: lines up to the day",
            current(raw["order_lines"], as_of).filter(pl.col("ordered_on") <= as_of).height,
        )
    crosswalk = served["customer_crosswalk"].select(
        "source_system", account_source_id="source_id", customer_id="customer_id"
    )
    account = pl.coalesce(c for c in ("account_id", "account_name") if c in lines.columns)
    assigned = lines.with_columns(account_source_id=account).join(
        crosswalk, on=["source_system", "account_source_id"], how="left"
    )
    recent = assigned.filter(pl.col("day") > year_ago, pl.col("day") <= as_of, pl.col("customer_id").is_not_null())
    tiers = served["customer_360"].select("customer_id", "tier")
    by_tier = recent.join(tiers, on="customer_id", how="left").group_by("tier").agg(pl.col("amount_base").sum())
    for tier, amount in by_tier.sort("tier").iter_rows():
        yield f"README: revenue_12m of tier {tier}", amount
    if "receipts" in raw and not raw["receipts"].is_empty():
        receipts = current(raw["receipts"], as_of).filter(pl.col("received_on") <= as_of)
        rates = rates_of(raw, as_of)
        yield (
            "customer_360: receipts, tax included",
            float(in_base_currency(receipts, "received_on", rates, base, carried).sum()),
        )
        key = ["source_system", "invoice_id"]
        gross = pl.coalesce("amount_gross", pl.col("amount_net") + pl.col("amount_tax")).cast(pl.Float64)
        billed = lines.filter(pl.col("day") <= as_of).group_by(key).agg(gross.sum().alias("gross"))
        paid = receipts.group_by(key).agg(pl.col("amount").cast(pl.Float64).sum().alias("paid"))
        items = billed.join(paid, on=key, how="left").with_columns(open=pl.col("gross") - pl.col("paid").fill_null(0))
        yield "invoices: open or partly paid", items.filter(pl.col("open") > 0.05, pl.col("gross") > 0).height


def _told_until(raw: Frames, name: str, as_of: date) -> date:
    """The last day of which exports up to as_of can tell: as_of, or that of the newest of the object's exports."""
    until = datetime.combine(as_of + timedelta(days=1), time())
    newest = raw[name].filter(pl.col("exported_at") < until)["exported_at"].max() if name in raw else None
    return min(as_of, (newest + timedelta(days=1)).date()) if isinstance(newest, datetime) else date.min


def _known(truth: Frames, sold_until: date, closed_until: date) -> Iterator[Figure]:
    """What the sample company's truth says. Months that are cut, or that no export could tell of yet, are left out."""
    ended = pl.col("month").dt.month_end()
    by_month = (
        truth["revenue"].filter(ended <= sold_until).group_by("month").agg(pl.col("amount_base").sum()).sort("month")
    )
    for month, amount in by_month.tail(3).iter_rows():
        yield f"series: revenue of {month:%Y-%m}", float(amount)
        yield f"target_gap: revenue closed in {month:%Y-%m}", float(amount)
    booked = truth["bookings"].filter(ended <= closed_until).sort("month").tail(3)
    for month, amount, deals in booked.select("month", "amount_base", "deals").iter_rows():
        yield f"series: bookings of {month:%Y-%m}", float(amount)
        yield f"target_gap: bookings closed in {month:%Y-%m}", float(amount)
        yield f"win_rate: deals won in {month:%Y-%m}", deals
    yield "summary: customers", truth["accounts"]["true_customer_id"].n_unique()


def served_figures(served: Frames) -> dict[str, float]:
    """The same figures as the served tables have them."""
    customers, revenue = served["customer_360"], served["revenue"]
    history = served["series_history"].filter(pl.col("unique_id").is_in(["revenue|total||MS", "bookings|total||MS"]))
    figures: dict[str, float] = {
        "summary: revenue, all lines": float(revenue["amount_base"].sum() or 0),
        "summary: lines of revenue": revenue.height,
        "README: largest line of revenue": float(revenue["amount_base"].max() or 0),  # type: ignore[arg-type]
        "customer_360: receipts, tax included": float(customers["receipts_gross_total"].sum() or 0),
        "invoices: open or partly paid": served["invoices"]
        .filter(pl.col("settlement_code").is_in(["open", "partly_paid"]))
        .height,
        "summary: customers": customers.height,
    }
    figures["invoices: all up to the day"] = served["invoices"].height
    figures["orders: lines up to the day"] = served["orders"].height
    figures |= _of_months(served["target_gap"], served["win_rate"])
    for tier, amount in customers.group_by("tier").agg(pl.col("revenue_12m").sum()).iter_rows():
        figures[f"README: revenue_12m of tier {tier}"] = float(amount)
    for series, day, value in history.select("unique_id", "ds", "y").iter_rows():
        figures[f"series: {series.split('|')[0]} of {day:%Y-%m}"] = float(value)
    return figures


def _of_months(targets: pl.DataFrame, win_rates: pl.DataFrame) -> dict[str, float]:
    """What was closed and won in each month, of the company as a whole."""
    total = pl.col("level") == "total", pl.col("period") == "month"
    closed = targets.filter(*total).select("metric", "period_start", "closed_amount")
    won = win_rates.filter(*total).select("period_start", "won_count")
    figures = {
        f"target_gap: {metric} closed in {day:%Y-%m}": float(amount) for metric, day, amount in closed.iter_rows()
    }
    return figures | {f"win_rate: deals won in {day:%Y-%m}": float(count) for day, count in won.iter_rows()}
