"""Scored pairs in, customers out: safe clusters, stable ids, and the log of every id that was ever given.

Belongs here: what Python does between the two dbt steps around it (`matching` before, `intermediate` after). Does not
belong here: comparing names or weighing evidence; that is SQL, so that an analyst can read why a pair scored as it did.
"""

from pipelines.resolve.customers import resolve_customers

__all__ = ["resolve_customers"]
