"""Dagster's SQLite storage with its connections kept: a run of the whole job writes several thousand events.

Dagster makes an engine and opens the file for each of them, and forgets how the statement was compiled: a fifth of the
processor time of a run on a small company. The files are the same; either storage reads what the other has written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage, _event_logs_directory, _runs_directory
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine

KEPT_FILES = 4  # the index, the run, and what a page of the UI looks at beside them
BUSY_SECONDS = 60  # as Dagster waits for who else writes the file


class EventLog(SqliteEventLogStorage):
    """Events of runs: one file per run and one index over all."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """base_dir: the folder of the files."""
        self._engines: dict[str, Engine] = {}
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        """The engine of a file; the one that was asked for longest ago is closed for it."""
        engine = self._engines.pop(shard, None) or _engine(self.conn_string_for_shard(shard))
        self._engines[shard] = engine
        if len(self._engines) > KEPT_FILES:
            self._engines.pop(next(iter(self._engines))).dispose()
        return engine

    def dispose(self) -> None:
        """Close the files."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


class Runs(SqliteRunStorage):
    """Runs, their tags and their plans."""

    _engine: Engine | None = None

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection in a transaction."""
        self._engine = self._engine or _engine(self._conn_string)
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Close the file."""
        if self._engine:
            self._engine.dispose()
        super().dispose()


class HomeStorage(DagsterSqliteStorage):
    """Dagster's storage of one home, named in `dagster.yaml`."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """base_dir: the folder that is Dagster's in the home."""
        super().__init__(base_dir, inst_data)
        self._run_storage = Runs.from_local(_runs_directory(base_dir))
        self._event_log_storage = EventLog(_event_logs_directory(base_dir))

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Any) -> "HomeStorage":
        """As named in `dagster.yaml`."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _engine(place: str) -> Engine:
    engine = create_engine(place, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _quickly)
    return engine


def _quickly(connection: Any, _: Any) -> None:
    """Do not flush each event: a power cut may lose the last of them, and what is served does not rest on them."""
    connection.execute("PRAGMA synchronous = NORMAL")
