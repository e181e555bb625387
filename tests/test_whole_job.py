"""One full run of the sample company: what comes out agrees with the true world that went in."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl
import pytest
from conftest import REPOSITORY, Built, found

from pipelines import inputs, job
from pipelines.demo import AS_OF
from pipelines.home.settings import load_settings
from pipelines.serving import console

SERVED = {
    "marts": (
        "customer_360 customer_crosswalk opportunities opportunity_crosswalk revenue orders calendar products reps "
        "stages targets stage_history record_lineage funnel series_history sales_cycle win_rate"
    ),
    "forecast": "series values latest backtest",
    "outlook": "forecast_vs_actual forecast_accuracy target_gap alerts review_queue deal_risk data_quality",
}
MAY_BE_EMPTY = {"forecast_vs_actual", "forecast_accuracy", "alerts", "review_queue"}  # they wait for actuals to land


def rows(built: Built, query: str, *parameters: object) -> list[tuple]:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        return connection.execute(query, list(parameters)).fetchall()


def fingerprint(served: Path) -> dict[str, str]:
    """Hash over the sorted rows of every served table."""
    with duckdb.connect(str(served), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where schema_name in ('marts', 'forecast', 'outlook')"
        ).fetchall()
        return {
            f"{schema}.{table}": hashlib.sha256(
                repr(connection.execute(f"from {schema}.{table} order by all").fetchall()).encode()
            ).hexdigest()
            for schema, table in tables
        }


@pytest.mark.parametrize(("schema", "table"), [(s, t) for s, names in SERVED.items() for t in names.split()])
def test_promised_table_is_served_with_rows(built: Built, schema: str, table: str) -> None:
    [(count,)] = rows(built, f"select count(*) from {schema}.{table}")
    assert count > 0 or table in MAY_BE_EMPTY


def test_every_served_table_and_column_is_described(built: Built) -> None:
    assert rows(built, "select schema_name, table_name from duckdb_tables() where comment is null") == []
    undescribed = rows(
        built,
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where comment is null and schema_name in ('marts', 'forecast', 'outlook')",
    )
    assert undescribed == []


def test_money_in_is_money_out_every_month(built: Built) -> None:
    truth = pl.read_parquet(built.settings.home / "truth" / "revenue.parquet")
    expected = dict(truth.group_by("month").agg(pl.col("amount_base").sum()).rows())
    monthly = "select date_trunc('month', invoiced_on)::date, sum(amount_base) from marts.revenue group by 1"
    found = dict(rows(built, monthly))
    assert found == expected


def test_customers_agree_with_the_true_world(built: Built) -> None:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        truth = str(built.settings.home / "truth" / "accounts.parquet")
        precision, recall = console.match_quality(connection, truth)
    assert precision >= 0.97
    assert recall >= 0.90


def test_who_owns_whom_agrees_with_the_true_world(built: Built) -> None:
    """The parents that two systems tell, in customers: each is true, and no subsidiary has become its parent."""
    truth = built.settings.home / "truth"
    told = rows(
        built,
        f"""
        with meant as (
            select distinct crosswalk.customer_id, truth.true_customer_id
            from marts.customer_crosswalk as crosswalk
            inner join '{truth}/accounts.parquet' as truth using (source_system, source_id)
        )
        select children.parent, owners.true_customer_id
        from marts.customer_hierarchy as hierarchy
        inner join meant on hierarchy.customer_id = meant.customer_id
        inner join meant as owners on hierarchy.parent_customer_id = owners.customer_id
        inner join '{truth}/customers.parquet' as children on meant.true_customer_id = children.customer
        """,
    )
    assert told
    assert [row for row in told if row[0] != row[1]] == []


def test_no_deal_is_counted_twice_or_lost(built: Built) -> None:
    truth = pl.read_parquet(built.settings.home / "truth" / "deals.parquet")
    [(records,)] = rows(built, "select count(*) from marts.opportunity_crosswalk")
    assert records == truth.filter(~pl.col("is_deleted")).height
    [(deals,)] = rows(built, "select count(*) from marts.opportunities")
    true_deals = truth.filter(~pl.col("is_deleted"))["true_deal_id"].n_unique()
    assert abs(deals - true_deals) <= 0.02 * true_deals


def test_exactly_the_injected_rows_are_quarantined(built: Built) -> None:
    bad = pl.read_parquet(built.settings.home / "truth" / "bad_rows.parquet")
    status = built.settings.published / "status.duckdb"
    with duckdb.connect(str(status), read_only=True) as connection:
        refused = connection.execute(
            "select files.path, count(*) from quality.quarantine join quality.files using (file_id) group by 1"
        ).fetchall()
        unbalanced = connection.execute(
            "select path from quality.files where rows_in != rows_loaded + rows_quarantined + rows_control"
        ).fetchall()
    assert dict(refused) == dict(bad.group_by("path").len().rows())
    assert unbalanced == []


def test_any_revenue_walks_back_to_its_export_row(built: Built) -> None:
    """The ten largest amounts of the ERP that writes GB18030, found again in the bytes it exported."""
    walked = rows(
        built,
        """
        with largest as (
            from marts.revenue where source_system = 'kingdee' order by amount_base desc, source_id limit 10
        )

        select lineage.path, lineage.record, largest.invoice_id
        from largest
        join marts.record_lineage as lineage
            on lineage.served_table = 'revenue'
            and lineage.source_system = largest.source_system
            and lineage.source_id = largest.source_id
        """,
    )
    assert len(walked) == 10
    for path, record, invoice_id in walked:
        lines = (built.settings.inbox / path).read_bytes().decode("gb18030").splitlines()
        # the number of a bill stands on its first line only
        bill = next(line for line in reversed(lines[: record + 1]) if not line.startswith(","))
        assert invoice_id in bill, f"{path}, record {record}"


def test_a_second_run_finds_nothing_to_do_and_says_so(built: Built) -> None:
    arrivals, _ = inputs.look(built.settings)
    assert arrivals == []
    assert inputs.newest_export(built.settings, arrivals) == AS_OF
    assert str(AS_OF) in inputs.already_served(built.settings, AS_OF, None, arrivals)


@pytest.mark.slow
def test_rebuild_from_landing_and_state_serves_the_same_rows(copied: Callable[[], Built]) -> None:
    copy = copied()
    before = fingerprint(copy.served)
    for folder in ("inbox", "warehouse", "published", "truth"):
        for file in reversed(found((copy.settings.home / folder).rglob("*"))):
            file.unlink() if file.is_file() or file.is_symlink() else file.rmdir()
    job.rebuild(copy.settings, lambda _: None)
    after = fingerprint(copy.served)
    assert {table for table in before if before[table] != after.get(table)} == set()


def test_summary_tells_what_was_made_and_where_to_look(built: Built) -> None:
    text = console.render(built.settings)
    for word in ("published", "quarantined", "customers", "precision", "revenue", "forecasts", str(built.served)):
        assert word in text


def test_every_query_of_the_readme_runs_and_finds_rows(built: Built) -> None:
    queries = re.findall(r"```sql\n(.*?)```", (REPOSITORY / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(queries) >= 5
    for query in queries:
        assert rows(built, query), query


def test_every_rule_of_the_gates_could_be_checked(built: Built) -> None:
    """A rule that cannot be asked is an error, and a warning may be one for years."""
    with duckdb.connect(str(built.settings.published / "status.duckdb"), read_only=True) as connection:
        broken = connection.execute("select gate, because from quality.results where outcome = 'error'").fetchall()
    assert broken == []


def test_status_names_the_run_that_is_served(built: Built) -> None:
    status = json.loads((built.settings.published / "status.json").read_text(encoding="utf-8"))
    [(run_id,)] = rows(built, "select run_id from control.published")
    assert status["last_run"]["run_id"] == status["served"]["run_id"] == run_id


def test_settings_know_nothing_of_the_shell_they_run_in(built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALMANAC_HOME", "/nowhere")
    assert load_settings(built.settings.home).home == built.settings.home
