"""Where deals are lost and how long they stay, from exact histories and from dated exports.

Belongs here: pure functions from tables to tables, called from the dbt model `int_stage_conversions` and from
`almanac bench funnel`. Does not belong here: SQL, files, the clock, and what is served of the result.
"""

from pipelines.funnel.memory import Memory
from pipelines.funnel.rules import Rules
from pipelines.funnel.table import Tables, conversions

__all__ = ["Memory", "Rules", "Tables", "conversions"]
