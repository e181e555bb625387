"""One row per dimension member, period, stage and the stages its word covers; the method is `pipelines.funnel`."""

# Further levels that a deal has from its beginning, in the longest periods. A discount or a competitor is named on
# deals that got far, or were lost: their stages would be told by how the deal ended.
FURTHER = ("industry", "company_size", "tier", "product", "amount_band", "contacts_per_month", "region_product_line",
           "deal_type_product_line")  # fmt: skip
LONG = ("all_time", "last_12_months")


def model(dbt, session):
    """Table in, table out: every ref is read as it is, and beside them only estimates that are known."""
    from dataclasses import replace

    import polars as pl

    from pipelines.funnel import Memory, Rules, Tables, conversions

    dbt.config(materialized="table")
    stays = dbt.ref("int_stage_history").pl()
    is_finished = (
        (pl.col("source") == "exported_history") & (pl.col("stage_type") == "open") & pl.col("left_on").is_not_null()
    )
    spent = (pl.col("left_on") - pl.col("entered_on")).dt.total_days()
    tables = Tables(
        deals=dbt.ref("int_funnel_deals").pl(),
        stays=stays.filter(is_finished).select("opportunity_id", pl.col("stage_order").cast(pl.Int64), days=spent),
        sightings=dbt.ref("int_stage_sightings").pl(),
        export_days=dbt.ref("int_deal_export_days").pl(),
        ladders=dbt.ref("int_stage_ladders").pl(),
        members=dbt.ref("int_opportunity_members").pl(),
        periods=dbt.ref("int_reporting_periods").pl().filter(pl.col("period") != "week"),
    )
    rules = Rules.read(dbt.ref("funnel_rules").pl().select("rule", "value").rows())
    run = dbt.source("control", "run")  # on a line of its own: dbt finds no reference inside a subscript
    as_of = run.pl()["as_of"].item()
    segments = dbt.ref("int_deal_segments").pl().filter(pl.col("level").is_in(FURTHER))
    periods = tables.periods.filter(pl.col("period").is_in(LONG))
    session.execute("create table if not exists control.kept_estimates (sample varchar, figures varchar)")
    memory = Memory(session.execute("select sample, figures from control.kept_estimates").fetchall())
    further = conversions(replace(tables, members=segments, periods=periods), rules, as_of, memory)
    own = conversions(tables, rules, as_of, memory)
    session.register("estimates", memory.kept)
    session.execute("create or replace table control.kept_estimates as select * from estimates")
    return pl.concat([own, further.filter(pl.col("level").is_in(FURTHER)).select(own.columns)]).to_arrow()
