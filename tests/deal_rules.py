"""The deal models of the dbt project, run on a few records without dbt."""

from pathlib import Path
from typing import NamedTuple

import duckdb
import jinja2

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
MODELS = ("int_opportunity_pairs", "int_opportunity_links", "int_opportunity_duplicates", "int_opportunity_twins")
SEEDS = ("deal_duplicate_rules", "deal_twin_rules")
RECORDS = """
create table int_opportunity_records (
    record_id varchar, source_system varchar, opportunity_name varchar, amount_base decimal(18, 4), created_on date,
    closed_on date, stage_type varchar, external_id varchar, source_id varchar, source_deal_id varchar,
    customer_id varchar, closed_on_source varchar, expected_close_on date, owner_name varchar, product_name varchar,
    updated_at timestamp
)
"""


class Record(NamedTuple):
    """One deal record of the one customer; days as ISO text."""

    system: str
    title: str
    amount: float | None
    created: str | None
    closed: str | None = None
    stage: str = "open"
    external_id: str | None = None


def counted(*records: Record) -> list[str]:
    """Ids of the records that are counted as deals of their own, `system|index`."""
    surviving = "from int_opportunity_records anti join int_opportunity_duplicates using (record_id) select record_id"
    return [record_id for (record_id,) in _found(records, f"{surviving} order by all")]


def asked(*records: Record) -> list[tuple[str, str]]:
    """Pairs of records of one system that nothing takes for one deal, and that a person is asked about."""
    return _found(records, "select record_id, other_id from int_opportunity_twins order by all")


def paired(*records: Record) -> list[tuple[str, str]]:
    """Pairs of records that a rule takes for one deal."""
    return _found(records, "select record_id, other_id from int_opportunity_pairs order by all")


def _found(records: tuple[Record, ...], query: str) -> list[tuple]:
    with duckdb.connect() as connection:
        connection.execute(RECORDS)
        for index, record in enumerate(records):
            values = [f"{record.system}|{index}", *record, str(index), f"id{index}", "C1", "closed_on"]
            marks = ", ".join("?" * len(values))
            connection.execute(f"insert into int_opportunity_records values ({marks}, null, null, null, null)", values)
        run_models(connection)
        return connection.execute(query).fetchall()


def run_models(connection: duckdb.DuckDBPyConnection) -> None:
    """Build MODELS over the table `int_opportunity_records` of the connection."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.globals.update(ref=lambda name: name, source=lambda _, name: name, var=lambda _, default: default)
    for name in ("deal_titles", "deal_candidates", "compared_deals", "filled_columns"):
        macros = environment.from_string((PROJECT / "macros" / f"{name}.sql").read_text(encoding="utf-8")).module
        environment.globals.update({key: value for key, value in vars(macros).items() if not key.startswith("_")})
    for seed in SEEDS:
        connection.execute(f"create table {seed} as from read_csv('{PROJECT / 'seeds' / seed}.csv')")
    connection.execute("create table systems as from (values ('crm', 1), ('hub', 2)) as t (source_system, priority)")
    for model in MODELS:
        sql = (PROJECT / "models" / "intermediate" / f"{model}.sql").read_text(encoding="utf-8")
        connection.execute(f"create table {model} as {environment.from_string(sql).render()}")
