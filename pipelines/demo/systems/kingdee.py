"""A 金蝶-style ERP of the Chinese company: GB18030, four amounts a line, a bill's head on its first line, 合计."""

import polars as pl

from pipelines.demo import words
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.rates import in_base
from pipelines.demo.systems.fxiaoke import CURRENCIES
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.systems.windows import windows
from pipelines.demo.terms import payment_terms
from pipelines.demo.world import World

NAME = "kingdee"
HEAD = ["单据编号", "日期", "客户编码", "客户", "销售员", "币别", "汇率", "单据状态"]


def write(out: Outbox, world: World) -> None:
    """客户, 收款单 and 销售订单 in full, 销售发票 in windows: one per closed year, then one per export day."""
    for last in world.list_days:
        out.csv(f"kingdee/客户_{stamp(last)}.csv", _customers(world, last), encoding="gb18030")
        out.csv(f"kingdee/收款单_{stamp(last)}.csv", _receipts(world, last), encoding="gb18030")
        path = f"kingdee/销售订单_{stamp(last)}.csv"
        _listed(out, path, world, orders_of(world, NAME, last), "order_lines", spoil=last == world.last)
    for exported, first, last in windows(world):
        path = f"kingdee/销售发票_{stamp(exported)}.csv"
        rows = invoices_of(world, NAME).filter(pl.col("day").is_between(first, last))
        _listed(out, path, world, rows, "invoice_lines", spoil=exported == world.last)


def erp_ids(world: World) -> pl.DataFrame:
    """Customer -> its number and name in the ERP that bills it, and which ERP that is."""
    erps = world.records.filter(pl.col("system").is_in(["kingdee", "sap"]))
    return erps.select("customer", erp="system", erp_id="source_id", erp_name="account_name")


def orders_of(world: World, system: str, last: int) -> pl.DataFrame:
    """Order lines of one ERP up to a day: bill, line, day and the amounts."""
    rows = world.sales.order_lines.filter(pl.col("ordered") <= last).with_columns(bill="order", day="ordered")
    told = world.order_deals().filter("is_told").select("order", "deal_source_id")
    return _worded(world, rows.join(told, on="order", how="left", maintain_order="left"), system)


def invoices_of(world: World, system: str) -> pl.DataFrame:
    """Invoice lines of one ERP: bill, line, day and the amounts."""
    rows = world.sales.invoice_lines.with_columns(bill="invoice", day="invoiced", is_cancelled=pl.lit(False))
    return _worded(world, rows, system)


def _worded(world: World, rows: pl.DataFrame, system: str) -> pl.DataFrame:
    rows = rows.join(erp_ids(world), on="customer", how="left", maintain_order="left").filter(pl.col("erp") == system)
    rows = rows.join(world.reps.select("rep", "rep_name"), on="rep", how="left", maintain_order="left")
    return rows.join(world.products, on="product", how="left", maintain_order="left")


def _customers(world: World, last: int) -> pl.DataFrame:
    rows = world.accounts(NAME, last).join(payment_terms(world), on="customer", how="left", maintain_order="left")
    return rows.select(
        客户编码="source_id",
        客户名称="account_name",
        纳税人识别号="tax_id",
        电话="phone_text",
        省份="province",
        城市="city",
        地址="street",
        销售区域=translated("region", words.CHINESE_REGION),
        收款条件=pl.format("月结{}天", "terms"),
        客户类别=pl.lit("终端客户"),
        创建日期=day("created"),
    )


def _listed(out: Outbox, path: str, world: World, rows: pl.DataFrame, object_name: str, *, spoil: bool) -> None:
    frame = _list(world, rows, "XSDD" if object_name == "order_lines" else "XSFP")
    if spoil:
        keys = [f"{frame['单据编号'][0][:4]}99000{index}" for index in range(6)] if len(frame) else []
        bad = out.spoilt(path, object_name, frame, keys=keys, key="单据编号", day="日期", amount="金额(原币)")
        # a bill's number is filled down from the line above: the key that can go missing is the line's own
        bad = bad.with_row_index("_row").with_columns(
            pl.when(pl.col("单据编号").is_null()).then(None).otherwise("行号").alias("行号"),
            pl.when(pl.col("单据编号").is_null())
            .then(pl.lit(keys[-1] if keys else ""))
            .otherwise("单据编号")
            .alias("单据编号"),
        )
        frame = bad.drop("_row")
    first = pl.col("单据编号") != pl.col("单据编号").shift(1).fill_null("")
    shown = frame.with_columns(pl.when(first).then(pl.col(name)).alias(name) for name in HEAD)
    count = len(frame.columns)
    total = rows.select(net=pl.col("net").sum(), tax=pl.col("tax").sum()).with_columns(
        gross=pl.col("net") + pl.col("tax")
    )
    sums = total.select(money("net", thousands=","), money("gross", thousands=",").alias("all")).row(0)
    index = frame.columns.index("金额(原币)")
    totals = ["合计", *[""] * (index - 1), sums[0], sums[1], *[""] * (count - index - 2)]
    out.csv(path, shown, encoding="gb18030", totals=totals)


def _list(world: World, rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    base = rows.with_columns(
        gross=pl.col("net") + pl.col("tax"), net_base=in_base(rows, world.rates, cents="net", day="day") // 100
    )
    percent = pl.when(pl.col("tax") == 0).then(pl.lit("0")).otherwise(pl.lit("13"))
    rate = (
        pl.when(pl.col("currency") == "CNY")
        .then(pl.lit("1"))
        .otherwise((pl.col("net_base") / pl.col("net")).round(4).cast(pl.String))
    )
    base = base.with_columns(gross_base=pl.when(pl.col("currency") == "CNY").then("gross").otherwise("net_base"))
    status = pl.when("is_cancelled").then(pl.lit("作废")).otherwise(pl.lit("已审核"))
    return base.select(
        pl.concat_str(pl.lit(prefix), (pl.col("bill") + 1).cast(pl.String).str.zfill(7)).alias("单据编号"),
        day("day", "%Y/%m/%d").alias("日期"),
        pl.col("erp_id").alias("客户编码"),
        pl.col("erp_name").alias("客户"),
        pl.col("rep_name").alias("销售员"),
        translated("currency", CURRENCIES).alias("币别"),
        rate.alias("汇率"),
        status.alias("单据状态"),
        text("line").alias("行号"),
        pl.col("product_id").alias("物料编码"),
        pl.col("product_name").alias("物料名称"),
        text("quantity").alias("数量"),
        money("unit_price", thousands=",").alias("单价"),
        percent.alias("税率%"),
        money("net", thousands=",").alias("金额(原币)"),
        money("gross", thousands=",").alias("价税合计(原币)"),
        money("net_base", thousands=",").alias("金额(本币)"),
        money("gross_base", thousands=",").alias("价税合计(本币)"),
        *([pl.col("deal_source_id").alias("商机编号")] if "deal_source_id" in base.columns else []),
    )


def receipts_of(world: World, system: str, last: int) -> pl.DataFrame:
    """Receipts of one ERP up to a day."""
    rows = world.sales.receipts.filter(pl.col("received") <= last).join(
        erp_ids(world), on="customer", how="left", maintain_order="left"
    )
    return rows.filter(pl.col("erp") == system)


def _receipts(world: World, last: int) -> pl.DataFrame:
    return receipts_of(world, NAME, last).select(
        单据编号=pl.concat_str(pl.lit("SKD"), (pl.col("receipt") + 1).cast(pl.String).str.zfill(7)),
        收款日期=day("received", "%Y/%m/%d"),
        客户编码="erp_id",
        客户="erp_name",
        源单编号=pl.concat_str(pl.lit("XSFP"), (pl.col("invoice") + 1).cast(pl.String).str.zfill(7)),
        币别=translated("currency", CURRENCIES),
        实收金额=money("gross", thousands=","),
    )
