"""How old each system's newest export is, measured at the run's `as_of` against the cadence its contract promises."""

import duckdb

from pipelines.home import warehouse
from pipelines.home.settings import Settings

# One row per source system of the contracts. A system is late after one cadence and stale after two: one missed
# export is an ordinary week, two are a broken hand-over. Only files the run may see count.
_FRESHNESS = """
with visible_files as (
    select files.source_system, files.exported_at, files.status
    from control.files as files
    cross join control.run as run
    where files.exported_at < run.as_of_end_at
      and (run.known_at is null or files.landed_at <= run.known_at)
),

newest_exports as (
    select source_system, max(exported_at) filter (where status = 'loaded') as last_exported_at
    from visible_files
    group by source_system
),

rejected_since as (
    select files.source_system, count(*) as rejected_files
    from visible_files as files
    join newest_exports as newest using (source_system)
    where files.status = 'rejected'
      and (newest.last_exported_at is null or files.exported_at > newest.last_exported_at)
    group by files.source_system
)

select
    systems.source_system,
    systems.title,
    systems.required as is_required,
    systems.cadence_days,
    newest.last_exported_at,
    timezone(run.timezone, timezone('UTC', newest.last_exported_at)) as last_exported_local_at,
    date_diff('day', cast(last_exported_local_at as date), run.as_of) as age_days,
    case
        when newest.last_exported_at is null then 'never'
        when age_days > 2 * systems.cadence_days then 'stale'
        when age_days > systems.cadence_days then 'late'
        else 'fresh'
    end as freshness,
    coalesce(rejected.rejected_files, 0) as rejected_files,
from control.systems as systems
cross join control.run as run
left join newest_exports as newest using (source_system)
left join rejected_since as rejected using (source_system)
order by systems.source_system
"""


def record(settings: Settings) -> None:
    """Write `quality.freshness`, which the raw gate reads; nothing where ingestion has not been here yet."""
    with warehouse.write(settings) as connection:
        if is_measurable(connection):
            connection.execute(f"create or replace table quality.freshness as {_FRESHNESS}")


def measure(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per system: source_system, cadence_days, last_exported_at, age_days, freshness, rejected_files."""
    return connection.sql(_FRESHNESS)


def is_measurable(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the tables that ingestion writes are there."""
    query = "select table_name from duckdb_tables() where schema_name = 'control'"
    return {"files", "run", "systems"} <= {name for (name,) in connection.execute(query).fetchall()}
