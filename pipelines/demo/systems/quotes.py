"""Quotes: Salesforce's Quote and OpportunityLineItem, and the register in which the other teams keep theirs."""

import polars as pl

from pipelines.demo.company import first_names
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.ids import salesforce_ids
from pipelines.demo.lines import opportunity_lines
from pipelines.demo.quotes import VALID_DAYS, true_quotes
from pipelines.demo.systems.fxiaoke import CURRENCIES
from pipelines.demo.systems.salesforce import owner_ids, stamp
from pipelines.demo.world import World

REGISTER = ("fxiaoke", "tracker")


def write(out: Outbox, world: World) -> None:
    """All versions of all quotes, and Salesforce's product lines, twice a year."""
    quotes = true_quotes(world).join(first_names(world), on="customer", how="left", maintain_order="left")
    for last in world.few_days:
        rows = _as_of(quotes, last)
        own = rows.filter(pl.col("system") == "salesforce")
        out.csv(f"salesforce/Quote_{stamp(last)}.csv", _salesforce(own), quote_all=True)
        lines = opportunity_lines(world, last)
        out.csv(f"salesforce/OpportunityLineItem_{stamp(last)}.csv", _lines(lines), quote_all=True)
        path = f"quotes/报价登记_{stamp(last)}.csv"
        register = _register(rows.filter(pl.col("system").is_in(REGISTER)))
        if last == world.last:
            keys = [f"QT-9900{place}" for place in range(6)]
            register = out.spoilt(
                path, "quotes", register, keys=keys, key="报价单号", day="报价日期", amount="报价金额（万元）"
            )
        out.csv(path, register)


def quote_ids() -> pl.Expr:
    """What a quote's version is called where it is kept; `document_number` is what people write on other papers."""
    own = (pl.col("quote") * 4 + pl.col("version")).map_batches(
        lambda numbers: pl.Series(salesforce_ids("0Q0", numbers.to_numpy().astype("int64"))), return_dtype=pl.String
    )
    return (
        pl.when(pl.col("system") == "salesforce")
        .then(own)
        .otherwise(pl.concat_str(register_numbers(), pl.lit("|V"), "version"))
    )


def register_numbers() -> pl.Expr:
    """The register's numbers of quotes; their versions stand beside them."""
    return pl.concat_str(pl.lit("QT-"), (pl.col("quote") + 1).cast(pl.String).str.zfill(5))


def _as_of(quotes: pl.DataFrame, last: int) -> pl.DataFrame:
    """The versions sent by a day: which of them is the newest, and whether the deal had ended."""
    rows = quotes.filter(pl.col("quoted") <= last)
    is_newest = pl.col("version") == pl.col("version").max().over("quote")
    return rows.with_columns(is_newest=is_newest, is_over=pl.col("closed").is_not_null() & (pl.col("closed") <= last))


def _status(accepted: str, refused: str, sent: str, replaced: str) -> pl.Expr:
    is_won = pl.col("outcome") == "won"
    return (
        pl.when(~pl.col("is_newest")).then(pl.lit(replaced)).when(~pl.col("is_over")).then(pl.lit(sent))
        .when(is_won).then(pl.lit(accepted)).otherwise(pl.lit(refused))
    )  # fmt: skip


def _salesforce(rows: pl.DataFrame) -> pl.DataFrame:
    until = rows.with_columns(until=pl.col("quoted") + VALID_DAYS)
    return until.select(
        Id=quote_ids(),
        OpportunityId="source_id",
        AccountId="account_id",
        Status=_status("Accepted", "Denied", "Presented", "Superseded"),
        Version__c=text("version"),
        CreatedDate=pl.concat_str(day("quoted"), pl.lit("T10:00:00.000Z")),
        ExpirationDate=day("until"),
        Subtotal=money("list_cents"),
        Discount=(pl.col("discount") * 100).round(2).cast(pl.String),
        TotalPrice=money("cents"),
        CurrencyIsoCode="currency",
        OwnerId=owner_ids(),
    )


def _register(rows: pl.DataFrame) -> pl.DataFrame:
    until = rows.with_columns(until=pl.col("quoted") + VALID_DAYS, paid=((1 - pl.col("discount")) * 1000).round(0))
    return until.select(
        报价单号=register_numbers(),
        版本=pl.concat_str(pl.lit("V"), "version"),
        报价日期=day("quoted", "%Y/%m/%d"),
        有效期至=day("until", "%Y/%m/%d"),
        关联商机="source_id",
        客户名称="first_name",
        报价金额万元=(pl.col("cents") / 1_000_000).round(6).cast(pl.String),
        折扣=pl.concat_str((pl.col("paid") / 10).cast(pl.String), pl.lit("%")),
        币种=translated("currency", CURRENCIES),
        状态=_status("已接受", "已拒绝", "已发送", "已作废"),
        报价人="rep_name",
    ).rename({"报价金额万元": "报价金额（万元）"})


def _lines(rows: pl.DataFrame) -> pl.DataFrame:
    number = (pl.col("listing") * 4 + pl.col("line")).map_batches(
        lambda numbers: pl.Series(salesforce_ids("00k", numbers.to_numpy().astype("int64"))), return_dtype=pl.String
    )
    return rows.select(
        Id=number,
        OpportunityId="source_id",
        ProductCode="product_id",
        Name="product_name",
        Quantity=text("quantity"),
        UnitPrice=(pl.col("price_cents") * (1 - pl.col("discount")) / 100).round(4).cast(pl.String),
        ListPrice=(pl.col("price_cents") / 100).round(4).cast(pl.String),
        Discount=(pl.col("discount") * 100).round(2).cast(pl.String),
        TotalPrice=money("cents"),
        CurrencyIsoCode="currency",
        IsDeleted=pl.lit("false"),
    )
