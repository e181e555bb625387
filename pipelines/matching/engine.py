"""Matching outside the warehouse: a frame of records in, clusters and explained pairs out, by the nightly SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars as pl

from pipelines.home.settings import SHIPPED_SEEDS
from pipelines.home.warehouse import frames
from pipelines.keys import build_key_tables
from pipelines.matching.models import load_seed, run_models
from pipelines.resolve.cluster_input import ClusterInput, read_cluster_input
from pipelines.resolve.clusters import Clusters

# The columns that matching reads; a frame needs source_system and source_id and any subset of the others.
COLUMNS = {
    "source_system": "varchar",
    "source_id": "varchar",
    "account_name": "varchar",
    "tax_id": "varchar",
    "phone": "varchar",
    "email": "varchar",
    "website": "varchar",
    "address": "varchar",
    "city": "varchar",
    "province": "varchar",
    "postal_code": "varchar",
    "industry": "varchar",
    "birth_date": "date",
    "parent_account_id": "varchar",
    "merged_into_id": "varchar",
    "exported_at": "timestamp",
}
# One contact person may be given with the record itself, in separate columns.
CONTACT = {"contact_name": "varchar", "email": "varchar", "phone": "varchar", "job_title": "varchar"}


@contextmanager
def engine(
    records: pl.DataFrame, weights: Path | None = None, overrides: Path | None = None, file: str = ":memory:"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with every input of the matching models: the records, their keys and the policy."""
    with duckdb.connect(file) as connection:
        # an in-memory database would otherwise be checkpointed repeatedly while it is written
        connection.execute("set enable_progress_bar = false; set checkpoint_threshold = '1TB'")
        for schema in ("staging", "matching", "keys", "control", "policy"):
            connection.execute(f"create schema if not exists {schema}")
        load_records(connection, records)
        connection.execute("create table control.run as select null::timestamp as known_at")
        connection.execute(
            "create table matching.mtc_namespaces"
            " (source_system varchar, source_id varchar, namespace varchar, namespace_key varchar)"
        )
        load_seed(connection, "match_weights", weights or SHIPPED_SEEDS / "match_weights.csv")
        for seed in ("industries", "placeholders"):
            load_seed(connection, seed, SHIPPED_SEEDS / f"{seed}.csv")
        load_seed(connection, "match_overrides", overrides or SHIPPED_SEEDS / "match_overrides.csv")
        build_key_tables(connection, schema="staging")
        run_models(connection, ["mtc_contacts"])
        yield connection


def load_records(connection: duckdb.DuckDBPyConnection, records: pl.DataFrame) -> None:
    """Make the frame the account records of the connection, and `contact_*` columns of it their contact persons."""

    def column_or_null(name: str, kind: str, alias: str) -> str:
        return f"{'cast(' + name if name in records.columns else 'cast(null'} as {kind}) as {alias}"

    listed = ", ".join(column_or_null(name, kind, name) for name, kind in COLUMNS.items())
    person = ", ".join(
        column_or_null(name if name.startswith("contact") else f"contact_{name}", kind, name)
        for name, kind in CONTACT.items()
    )
    has_person = " or ".join(f"{name} is not null" for name in CONTACT)
    with frames(connection, records=records):
        connection.execute(f"create or replace table staging.stg_account_records as select {listed} from records")
        connection.execute(
            "create or replace table staging.stg_contacts as select * from ("
            f" select source_system, source_id as account_source_id, {person},"
            " null::varchar as merged_into_id, false as is_deleted from records"
            f") where {has_person}"
        )


def match(
    records: pl.DataFrame, weights: Path | None = None, overrides: Path | None = None
) -> tuple[ClusterInput, Clusters]:
    """Cluster records: the cluster input and the clusters, in the order of `source_system, source_id`."""
    with engine(records, weights, overrides) as connection:
        run_models(connection)
        inputs = read_cluster_input(connection)
    return inputs, inputs.clusters()
