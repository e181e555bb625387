"""A SAP-like ERP of the overseas company: technical headers, keys padded with zeros, 31.01.2025, `1.234,50-`."""

from typing import Any

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text
from pipelines.demo.systems.kingdee import invoices_of, orders_of, receipts_of
from pipelines.demo.systems.salesforce import industry, stamp
from pipelines.demo.systems.windows import windows
from pipelines.demo.terms import payment_terms
from pipelines.demo.world import World

NAME = "sap"
GERMAN: dict[str, Any] = {"thousands": ".", "point": ",", "minus": "back"}


def write(out: Outbox, world: World) -> None:
    """KNA1 and BSAD in full, order lines as increments by order day, billing lines (UTF-16, tabs) in windows."""
    for last in world.list_days:
        out.csv(f"sap/KNA1_{stamp(last)}.csv", _customers(world, last), delimiter=";")
        out.csv(f"sap/BSAD_{stamp(last)}.csv", _receipts(world, last), delimiter=";")
    earlier = world.first - 1
    for last in world.export_days:
        rows = orders_of(world, NAME, last).filter(pl.col("day") > earlier)
        path = f"sap/VBAP_{stamp(last)}.csv"
        out.csv(path, _spoilt(out, path, "order_lines", _orders(rows), last == world.last), delimiter=";")
        earlier = last
    for exported, first, last in windows(world):
        rows = invoices_of(world, NAME).filter(pl.col("day").is_between(first, last))
        path = f"sap/VBRP_{stamp(exported)}.txt"
        frame = _spoilt(out, path, "invoice_lines", _billing(rows), exported == world.last)
        out.csv(path, frame, delimiter="\t", encoding="utf-16")


def _padded(column: str | pl.Expr, width: int = 10) -> pl.Expr:
    return (pl.col(column) if isinstance(column, str) else column).cast(pl.String).str.zfill(width)


def _number(column: str, start: int) -> pl.Expr:
    return _padded(pl.col(column) + start)


def _spoilt(out: Outbox, path: str, object_name: str, frame: pl.DataFrame, spoil: bool) -> pl.DataFrame:
    if not spoil:
        return frame
    date = "AUDAT" if object_name == "order_lines" else "FKDAT"
    keys = [str(9_900_000_001 + place) for place in range(6)]
    return out.spoilt(path, object_name, frame, keys=keys, key="VBELN", day=date, amount="NETWR")


def _customers(world: World, last: int) -> pl.DataFrame:
    rows = world.accounts(NAME, last).join(payment_terms(world), on="customer", how="left", maintain_order="left")
    return rows.select(
        KUNNR=_padded("source_id"),
        LAND1=pl.col("code"),
        NAME1="account_name",
        ORT01="city",
        PSTLZ="postal_code",
        STRAS="street",
        TELF1="phone_text",
        STCEG="tax_id",
        BRSCH=industry(),
        BZIRK="region",
        ZTERM=pl.format("Z{}", pl.col("terms").cast(pl.String).str.zfill(3)),
        ERDAT=day("created", "%d.%m.%Y"),
    )


def _orders(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        VBELN=_number("bill", 10_000_000),
        POSNR=_padded(pl.col("line") * 10, 6),
        AUDAT=day("day", "%d.%m.%Y"),
        KUNNR=_padded("erp_id"),
        MATNR="product_id",
        ARKTX="product_name",
        KWMENG=text("quantity"),
        NETPR=money("unit_price", **GERMAN),
        NETWR=money("net", **GERMAN),
        MWSBP=money("tax", **GERMAN),
        WAERK="currency",
        PERNR="rep_name",
        ABGRU=pl.when("is_cancelled").then(pl.lit("Z1")).otherwise(pl.lit("00")),
        ZZOPP="deal_source_id",
    )


def _billing(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        VBELN=_number("bill", 90_000_000),
        POSNR=_padded(pl.col("line") * 10, 6),
        FKDAT=day("day", "%d.%m.%Y"),
        AUBEL=_number("order", 10_000_000),
        KUNAG=_padded("erp_id"),
        MATNR="product_id",
        ARKTX="product_name",
        FKIMG=pl.when(pl.col("quantity") < 0)
        .then(pl.concat_str(pl.col("quantity").abs().cast(pl.String), pl.lit("-")))
        .otherwise(text("quantity")),
        NETPR=money("unit_price", **GERMAN),
        NETWR=money("net", **GERMAN),
        MWSBP=money("tax", **GERMAN),
        WAERK="currency",
        PERNR="rep_name",
    )


def _receipts(world: World, last: int) -> pl.DataFrame:
    return receipts_of(world, NAME, last).select(
        BELNR=_number("receipt", 1_400_000_000),
        AUGDT=day("received", "%d.%m.%Y"),
        KUNNR=_padded("erp_id"),
        REBZG=_number("invoice", 90_000_000),
        WRBTR=money("gross", **GERMAN),
        WAERS="currency",
    )
