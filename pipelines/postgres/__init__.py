"""The served tables in a PostgreSQL server: every run appended, one pointer flipped, rows by team and owner.

Belongs here: base tables, views, keys, roles and rights in the server, and the way back to an earlier run. Does not
belong here: any figure, the served file (`pipelines/serving`), or a password: libpq takes it from PGPASSWORD or
.pgpass.
"""

from pipelines.postgres.publish import accept, publish_file, roll_back, runs_of

__all__ = ["accept", "publish_file", "roll_back", "runs_of"]
