"""Contracts of one year: Salesforce's Contract, and the 合同 workbook of 纷享销客."""

import polars as pl

from pipelines.demo.agreements import true_agreements
from pipelines.demo.files import Outbox
from pipelines.demo.formats import as_date, day, money, translated
from pipelines.demo.ids import salesforce_ids
from pipelines.demo.systems.fxiaoke import CURRENCIES
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World


def write(out: Outbox, world: World) -> None:
    """All contracts signed by each of the days on which lists come twice a year."""
    used = {system.name for system in world.systems}
    contracts = true_agreements(world)
    for last in world.few_days:
        known = contracts.filter(pl.col("signed") <= last)
        own = known.filter(pl.col("system") == "salesforce")
        out.csv(f"salesforce/Contract_{stamp(last)}.csv", _salesforce(own, last), quote_all=True)
        if "fxiaoke" in used:
            rows = _fxiaoke(known.filter(pl.col("system") == "fxiaoke"), last)
            out.workbook(f"fxiaoke/合同_{stamp(last)}.xlsx", rows, sheet="合同")


def contract_ids(column: str = "contract") -> pl.Expr:
    """Ids of contracts in their system; null where there is none."""
    own = (
        pl.col(column)
        .fill_null(0)
        .map_batches(
            lambda numbers: pl.Series(salesforce_ids("800", numbers.to_numpy().astype("int64"))), return_dtype=pl.String
        )
    )
    number = pl.concat_str(pl.lit("HT-"), (pl.col(column) + 1).cast(pl.String).str.zfill(6))
    return pl.when(pl.col(column).is_not_null()).then(
        pl.when(pl.col("system") == "salesforce").then(own).otherwise(number)
    )


def _status(last: int, running: str, over: str) -> pl.Expr:
    return pl.when(pl.col("ends") < last).then(pl.lit(over)).otherwise(pl.lit(running))


def _deal() -> pl.Expr:
    return pl.when(pl.col("deal").is_not_null()).then("source_id")


def _salesforce(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    return rows.select(
        Id=contract_ids(),
        AccountId="account_id",
        Status=_status(last, "Activated", "Expired"),
        StartDate=day("started"),
        EndDate=day("ends"),
        CustomerSignedDate=day("signed"),
        Contract_Amount__c=money("cents"),
        CurrencyIsoCode="currency",
        Opportunity__c=_deal(),
        Renewed_From__c=contract_ids("previous"),
    )


def _fxiaoke(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    return rows.select(
        合同编号=contract_ids(),
        客户编号="account_id",
        客户名称="account_name",
        商机编号=_deal(),
        原合同编号=contract_ids("previous"),
        签订日期=as_date("signed"),
        开始日期=as_date("started"),
        到期日期=as_date("ends"),
        金额=pl.col("cents") / 1_000_000,
        币种=translated("currency", CURRENCIES),
        合同状态=_status(last, "执行中", "已到期"),
    ).rename({"金额": "合同金额（万元）"})
