"""From export files to published forecast tables.

Belongs here: everything that touches files, DuckDB, dbt or Dagster. It is the only package that imports Dagster, and
only in `assets`, `automation`, `charts`, `checks`, `definitions`, `lineage`, `orchestration` and `resources`.
Does not belong here: forecast models (`forecasts/`), quality rules (`expectations/`), SQL (`dbt_project/`).
"""
