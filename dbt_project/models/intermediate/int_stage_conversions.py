"""One row per dimension member, period, stage and the stages its word covers; the method is `pipelines.funnel`."""


def model(dbt, session):
    """Table in, table out: every ref is read as it is, and nothing else is."""
    import polars as pl

    from pipelines.funnel import Rules, Tables, conversions

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
    return conversions(tables, rules, run.pl()["as_of"].item()).to_arrow()
