"""A SQLAlchemy dialect `duckdb+gates` on which Great Expectations works.

Great Expectations closes a connection while it still reads from that connection's cursor. The cursors of
duckdb-engine 0.17 are the connection itself, so the rest of the rows are lost and nearly every expectation raises
`list index out of range`. Here each cursor is a DuckDB cursor of its own.
"""

from typing import Any

import duckdb_engine
from sqlalchemy.dialects import registry


class _Connection(duckdb_engine.ConnectionWrapper):
    def cursor(self) -> Any:
        """An independent cursor on the same database."""
        return duckdb_engine.CursorWrapper(self._ConnectionWrapper__c.cursor(), self)


class Dialect(duckdb_engine.Dialect):
    """duckdb-engine's dialect with independent cursors."""

    supports_statement_cache = True

    def connect(self, *args: Any, **kwargs: Any) -> Any:
        """A connection whose cursors outlive each other."""
        return _Connection(super().connect(*args, **kwargs)._ConnectionWrapper__c)


registry.register("duckdb.gates", __name__, "Dialect")
