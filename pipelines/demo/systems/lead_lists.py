"""The lead lists of the CRMs that keep their own: Zoho's module and the 线索 workbook of 纷享销客."""

import polars as pl

from pipelines.demo import words
from pipelines.demo.campaigns import leads_and_campaigns
from pipelines.demo.files import Outbox
from pipelines.demo.formats import as_date, day, text
from pipelines.demo.systems.salesforce import industry, stamp
from pipelines.demo.world import World

ZOHO_START = 4876876000006100000


def write(out: Outbox, world: World) -> None:
    """All leads of Zoho and 纷享销客 twice a year, where the company has these systems."""
    used = {system.name for system in world.systems}
    leads, _ = leads_and_campaigns(world)
    for last in world.few_days:
        known_rows = leads.filter(pl.col("created") <= last)
        name = stamp(last)
        if "zoho" in used:
            rows = known_rows.filter(pl.col("system") == "zoho")
            out.csv(f"zoho/Leads_{name[:4]}_{name[4:6]}_{name[6:]}.csv", _zoho(rows, last))
        if "fxiaoke" in used:
            rows = known_rows.filter(pl.col("system") == "fxiaoke")
            out.workbook(f"fxiaoke/线索_{name}.xlsx", _fxiaoke(rows, last), sheet="线索")


def zoho_ids() -> pl.Expr:
    """Zoho's ids of leads, as digits."""
    return (pl.col("lead") + ZOHO_START).cast(pl.String)


def fxiaoke_ids() -> pl.Expr:
    """Numbers of 线索."""
    return pl.concat_str(pl.lit("XS-"), (pl.col("lead") + 1).cast(pl.String).str.zfill(5))


def _by(column: str, last: int) -> pl.Expr:
    return pl.col(column) <= last


def _status(last: int, words_of: tuple[str, str, str, str]) -> pl.Expr:
    became, dropped, working, new = (pl.lit(word) for word in words_of)
    return (
        pl.when(_by("converted", last)).then(became).when(_by("closed", last)).then(dropped)
        .when(_by("assigned", last)).then(working).otherwise(new)
    )  # fmt: skip


def _name() -> pl.Expr:
    western = pl.concat_str("first", "last", separator=" ")
    return pl.when("is_chinese").then(pl.concat_str("last", "first")).otherwise(western)


def _zoho(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    assigned, converted = _by("assigned", last), _by("converted", last)
    return rows.select(
        pl.concat_str(pl.lit("zcrm_"), zoho_ids()).alias("Record Id"),
        pl.when(assigned).then("owner_id").alias("Lead Owner.id"),
        pl.when(assigned).then("owner_name").alias("Lead Owner"),
        pl.col("company").alias("Company"),
        _name().alias("Lead Name"),
        pl.format("{}@example.com", "lead").alias("Email"),
        pl.lit(None, dtype=pl.String).alias("Phone"),
        pl.col("channel").alias("Lead Source"),
        pl.col("campaign_id").alias("Campaign Id"),
        _status(last, ("Qualified", "Lost Lead", "Attempted to Contact", "Not Contacted")).alias("Lead Status"),
        text("score").alias("Score"),
        industry().alias("Industry"),
        pl.col("region").alias("Territory"),
        pl.col("product_line").alias("Product Line"),
        pl.concat_str(day("created"), pl.lit(" 08:00:00")).alias("Created Time"),
        pl.when(assigned).then(pl.concat_str(day("assigned"), pl.lit(" 09:00:00"))).alias("Assigned Time"),
        pl.when(converted).then(pl.concat_str(day("converted"), pl.lit(" 16:45:00"))).alias("Converted Date Time"),
        pl.when(converted).then(pl.concat_str(pl.lit("zcrm_"), "deal_source_id")).alias("Converted Deal.id"),
    )


def _fxiaoke(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    industries = dict(enumerate(words.CHINESE_INDUSTRIES))
    assigned, converted = _by("assigned", last), _by("converted", last)
    return rows.select(
        线索编号=fxiaoke_ids(),
        姓名=_name(),
        公司="company",
        邮箱=pl.format("{}@example.com", "lead"),
        手机=pl.lit(None, dtype=pl.String),
        线索来源="channel",
        市场活动编号="campaign_id",
        线索状态=_status(last, ("已转换", "无效", "跟进中", "未分配")),
        评分="score",
        行业=pl.col("industry_no").replace_strict(industries, return_dtype=pl.String),
        销售区域=pl.col("region").replace_strict(words.CHINESE_REGION, return_dtype=pl.String),
        意向产品线="product_line",
        负责人=pl.when(assigned).then("owner_name"),
        创建时间=as_date("created"),
        分配时间=pl.when(assigned).then(as_date("assigned")),
        转换时间=pl.when(converted).then(as_date("converted")),
        商机编号=pl.when(converted).then("deal_source_id"),
        客户编号=pl.when(converted).then("account_id"),
    )
