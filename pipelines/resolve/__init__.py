"""Scored pairs in, customers out: clusters, stable ids, and the log of every id that was ever given.

Belongs here: what Python does between the two dbt steps around it (`matching` before, `intermediate` after). Does not
belong here: comparing names or computing match weights; that is SQL, so that an analyst can read how a pair is scored.
"""

from pipelines.resolve.customers import resolve_customers

__all__ = ["resolve_customers"]
