"""How old the newest export of each object is, measured at the run's `as_of` against the cadence its contract promises.

An object is one kind of file that a system's contract declares: new accounts say nothing about the age of the deals.
"""

import duckdb

from pipelines.home import warehouse
from pipelines.home.settings import Settings

# One row per source system and object of the contracts. An object is late after one cadence and stale after two: one
# missed export is an ordinary week, two are a broken hand-over. Only files the run may see count; when one without a
# date may be seen, stg_export_files explains.
_FRESHNESS = """
with placed_files as (
    select
        *,
        coalesce(
            exported_at,
            least(landed_at, max(exported_at) filter (where status <> 'rejected') over (order by landed_at))
        ) as visible_from,
    from control.files
),

visible_files as (
    select files.*
    from placed_files as files
    cross join control.run as run
    where files.visible_from < run.as_of_end_at
      and (run.known_at is null or files.landed_at <= run.known_at)
),

newest_exports as (
    select source_system, contract, max(exported_at) as last_exported_at, max(landed_at) as last_landed_at
    from visible_files
    where status = 'loaded'
    group by all
),

-- a file without a date is followed by what landed later, any other by what was exported later
rejected_since as (
    select files.source_system, files.contract, count(*) as rejected_files
    from visible_files as files
    left join newest_exports as newest using (source_system, contract)
    where files.status = 'rejected'
      and coalesce(files.exported_at >= newest.last_exported_at, files.landed_at >= newest.last_landed_at, true)
    group by all
)

select
    objects.source_system,
    objects.contract,
    objects.object,
    systems.title,
    systems.required as is_required,
    objects.cadence_days,
    newest.last_exported_at,
    timezone(run.timezone, timezone('UTC', newest.last_exported_at)) as last_exported_local_at,
    date_diff('day', cast(last_exported_local_at as date), run.as_of) as age_days,
    case
        when newest.last_exported_at is null then 'never'
        when age_days > 2 * objects.cadence_days then 'stale'
        when age_days > objects.cadence_days then 'late'
        else 'fresh'
    end as freshness,
    coalesce(rejected.rejected_files, 0) as rejected_files,
from control.objects as objects
join control.systems as systems using (source_system)
cross join control.run as run
left join newest_exports as newest using (source_system, contract)
left join rejected_since as rejected using (source_system, contract)
order by objects.source_system, objects.contract
"""


def record(settings: Settings) -> None:
    """Write `quality.freshness`, which the raw gate reads; nothing where ingestion has not been here yet."""
    with warehouse.write(settings) as connection:
        if is_measurable(connection):
            connection.execute(f"create or replace table quality.freshness as {_FRESHNESS}")


def measure(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    """One row per system and object: cadence_days, last_exported_at, age_days, freshness, rejected_files."""
    return connection.sql(_FRESHNESS)


def is_measurable(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the tables that ingestion writes are there."""
    query = "select table_name from duckdb_tables() where schema_name = 'control'"
    return {"files", "objects", "run", "systems"} <= {name for (name,) in connection.execute(query).fetchall()}
