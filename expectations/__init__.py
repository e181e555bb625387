"""What must be true before anything is served: suites as YAML in Great Expectations' own words, and their engine.

Belongs here: volume, freshness, distribution, conservation and business rules over whole tables.
Does not belong here: keys, not-null and relationships of one model, which dbt tests beside the model; what a failure
leads to, which `pipelines.gates.gates` decides. Imports nothing of ours, and never Dagster.
"""
