"""A marimo notebook over the served tables: `marimo edit notebook.py`; `python notebook.py` runs it as a script."""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    from pathlib import Path

    import duckdb
    import marimo as mo

    connection = duckdb.connect(str(Path(__file__).with_name("almanac.duckdb")), read_only=True)
    run = connection.sql("select run_id, as_of, base_currency from control.published").fetchall()[0]
    mo.md(f"Data to **{run[1]}**, amounts in **{run[2]}**, run `{run[0]}`.")
    return connection, mo


@app.cell
def _(connection, mo):
    kpis = connection.sql("""
        select kpi, period_start, value, n, unit
        from marts.kpi_values
        where dimension = 'total' and period = 'month' and is_complete
        qualify row_number() over (partition by kpi order by period_start desc) <= 3
        order by kpi, period_start
    """).pl()
    mo.ui.table(kpis)
    return (kpis,)


@app.cell
def _(connection, mo):
    ahead = connection.sql("""
        select series.metric, latest.period_start, latest.yhat, latest.lo_80, latest.hi_80
        from forecast.latest as latest
        join forecast.series as series using (unique_id)
        where series.level = 'total' and series.freq = 'MS' and latest.scenario = 'base'
        order by all
    """).pl()
    mo.ui.table(ahead)
    return (ahead,)


@app.cell
def _(connection, mo):
    joins = connection.sql("from control.relationships").pl()
    mo.ui.table(joins)
    return (joins,)


if __name__ == "__main__":
    app.run()
