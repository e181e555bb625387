"""The served tables in a DuckLake: a catalogue in PostgreSQL, data in a folder that many machines reach.

Belongs here: one snapshot per run, with its id, and reading one of them. Does not belong here: any figure, the served
file (`pipelines/serving`), or a password: libpq takes it from PGPASSWORD or .pgpass.
"""

from pipelines.lake.publish import publish_run
from pipelines.lake.read import connect, runs_of

__all__ = ["connect", "publish_run", "runs_of"]
