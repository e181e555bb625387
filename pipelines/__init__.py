"""From export files to published forecast tables.

Belongs here: everything that touches files, DuckDB, dbt or Dagster; only `orchestration/` imports Dagster.
Does not belong here: forecast models (`forecasts/`), quality rules (`expectations/`), SQL (`dbt_project/`).
"""
