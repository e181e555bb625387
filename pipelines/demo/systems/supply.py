"""金蝶云星空 of the plant: stock, bills of material and purchase orders; and the monthly workbook of the dealers."""

import polars as pl

from pipelines.demo.dealers import true_dealer_reports
from pipelines.demo.files import Outbox
from pipelines.demo.formats import as_date, day
from pipelines.demo.supply import true_bom, true_purchases, true_stock
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World

UNITS = {"成品仓": "台", "原料仓": "个"}
VALID_FROM = "2020-01-01"
WAN_CENTS = 1_000_000


def write(out: Outbox, world: World) -> None:
    """Stock, purchase orders and dealers' months twice a year, bills of material once."""
    reports = true_dealer_reports(world)
    out.workbook(f"kingdee_cloud/物料清单_{stamp(world.export_days[0])}.xlsx", _bom(true_bom(world)), sheet="物料清单")
    for last in world.few_days:
        name = stamp(last)
        stock = _stock(true_stock(world).filter(pl.col("counted") <= last))
        out.workbook(f"kingdee_cloud/即时库存_{name}.xlsx", stock, sheet="即时库存", title=["即时库存查询"])
        orders = _purchases(true_purchases(world).filter(pl.col("ordered") <= last), last)
        out.workbook(f"kingdee_cloud/采购订单_{name}.xlsx", orders, sheet="采购订单")
        months = _dealers(reports.filter(pl.col("month") + 30 <= last))
        title = ["经销商月度销售报表", "单位：台 / 万元"]
        out.workbook(f"dealers/月报_{name}.xlsx", months, sheet="月报", title=title)


def purchase_numbers() -> pl.Expr:
    """Numbers of purchase orders; each has one line."""
    return pl.concat_str(pl.lit("CGDD"), (pl.col("purchase") + 1).cast(pl.String).str.zfill(6))


def _stock(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col("product_id").alias("物料编码"),
        pl.col("product_name").alias("物料名称"),
        pl.col("warehouse").alias("仓库名称"),
        pl.col("warehouse").replace_strict(UNITS, return_dtype=pl.String).alias("库存主单位"),
        pl.col("quantity").alias("库存量(主单位)"),
        pl.col("reserved").alias("预留量(主单位)"),
        (pl.col("cents") / 100).alias("库存金额"),
        day("counted").alias("更新日期"),
    )


def _bom(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        BOM版本=pl.concat_str("product_id", pl.lit("_V1.0")),
        父项物料编码="product_id",
        父项物料名称="product_name",
        子项物料编码="part_id",
        子项物料名称="part_name",
        单位用量="pieces",
        BOM层级=pl.lit(1),
        采购提前期="lead_days",
        生效日期=pl.lit(VALID_FROM),
        失效日期=pl.lit("9999-12-31"),
    )


def _purchases(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    is_here = pl.col("received") <= last
    return rows.select(
        单据编号=purchase_numbers(),
        行号=pl.lit("1"),
        供应商="supplier",
        物料编码="part_id",
        物料名称="part_name",
        采购日期=as_date("ordered"),
        交货日期=as_date("due"),
        入库日期=pl.when(is_here).then(as_date("received")),
        采购数量="quantity",
        累计入库数量=pl.when(is_here).then("quantity").otherwise(0),
        单价=pl.col("cents") / 100,
        币别=pl.lit("人民币"),
        行状态=pl.when(is_here).then(pl.lit("已关闭")).otherwise(pl.lit("未关闭")),
    )


def _dealers(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        月份=day("month", "%Y年%m月"),
        经销商编码="dealer_id",
        经销商名称="dealer_name",
        区域="region",
        产品编码="product_id",
        产品名称="product_name",
        进货数量="bought",
        销售数量="sold",
        期末库存="stock",
        客户咨询数="enquiries",
        试用数="trials",
        销售额=(pl.col("cents") / WAN_CENTS).round(6),
    )
