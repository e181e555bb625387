"""The only module that opens the working file.

DuckDB allows one writing process and no reader beside it, so a whole run holds `run_lock`, and every handle here is
closed before dbt starts its own process.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, fields
from pathlib import Path

import duckdb
import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home import access
from pipelines.home.machine import machine_fault
from pipelines.home.runs import Run
from pipelines.home.settings import Settings, remember_use

PATIENCE = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # seconds between attempts to open a file that someone else has open
LOOKS = (0.1, 0.3, 0.6)  # seconds between attempts to own a home
_OPEN: dict[Path, duckdb.DuckDBPyConnection] = {}  # by `opened`
PYTHON_SCHEMAS = ("control", "raw", "keys", "resolved", "forecast", "quality")


def quoted(identifier: str) -> str:
    """An identifier that is safe in SQL whatever it contains: headers and sheet names come from strangers."""
    return '"' + identifier.replace('"', '""') + '"'


def qualified(table: tuple[str, str]) -> str:
    """Schema and name of a table, quoted for SQL."""
    return f"{quoted(table[0])}.{quoted(table[1])}"


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def opened(settings: Settings) -> Iterator[None]:
    """Keep the working file open for queries and writes within: opening one of 700 tables takes a sixth of a second.

    Nobody else can open it meanwhile: within, no dbt is started, no other connection attaches it, nothing takes long.
    """
    path = settings.working_file
    if path in _OPEN:
        yield
        return
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    with closing(_connect(path, read_only=False)) as connection:
        _limit_memory(settings, connection)
        _OPEN[path] = connection
        try:
            yield
        finally:
            del _OPEN[path]


@contextmanager
def read(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the working file that can only query it: any number of readers get on with each other."""
    if not settings.working_file.exists():
        with write(settings):
            pass  # an empty file with its schemas, so that a query finds no rows instead of no file
    with _connection(settings, read_only=True) as connection:
        yield connection


@contextmanager
def write(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in one transaction: all of it is committed on leaving, or none of it."""
    with _connection(settings) as connection:
        connection.begin()
        try:
            yield connection
        except BaseException:
            connection.rollback()
            raise
        connection.commit()


def replace_table(connection: duckdb.DuckDBPyConnection, schema: str, table: str, frame: pl.DataFrame) -> None:
    """Make the table hold exactly the rows of the frame."""
    with frames(connection, rows=frame):
        connection.execute(f"create or replace table {quoted(schema)}.{quoted(table)} as select * from rows")


@contextmanager
def frames(connection: duckdb.DuckDBPyConnection, **named: pl.DataFrame) -> Iterator[None]:
    """Frames that SQL may read by these names: what it reads is said here, not found among a caller's variables."""
    for name, frame in named.items():
        connection.register(name, frame.to_arrow())
    try:
        yield
    finally:
        for name in named:
            connection.unregister(name)


@contextmanager
def run_lock(settings: Settings, owner: str) -> Iterator[None]:
    """Own the home for a whole run, or fail at once naming who has it. The kernel frees it if the owner dies."""
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.warehouse / "run.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _locked(descriptor):
            holder = os.pread(descriptor, 500, 0).decode() or "unknown"
            raise AlmanacError(f"{settings.home}: another run has the lock ({holder}): wait for it to end")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps({"owner": owner, "pid": os.getpid()}).encode(), 0)
        with access.private_files(settings):
            remember_use(settings)
            yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Take the lock; tried for a second, because `is_locked` has it for an instant."""
    import fcntl  # here, so that what needs no lock starts where the system has none

    for pause in (*LOOKS, None):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if pause:
                time.sleep(pause)
    return False


def is_locked(settings: Settings) -> bool:
    """Whether a run owns the home at this moment."""
    try:
        with run_lock(settings, owner="a look"):
            return False
    except AlmanacError:
        return True


@contextmanager
def replica(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory: an empty catalog `work`, named as the working file's, and that file, `built`, to read."""
    connection = duckdb.connect()
    try:
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        _limit_memory(settings, connection)
        path = str(settings.working_file).replace("'", "''")
        connection.execute(f"attach '{path}' as built (read_only); attach ':memory:' as work; use work")
        yield connection
    finally:
        connection.close()


def record_run(settings: Settings, run: Run) -> None:
    """Write the one row of `control.run`, from which every model reads what it may see."""
    with write(settings) as connection:
        replace_table(connection, "control", "run", run_row(settings, run))


def run_row(settings: Settings, run: Run) -> pl.DataFrame:
    """The row of `control.run`: the run and the rules of its company."""
    company = settings.company
    row = {
        **asdict(run),
        "base_currency": company.base_currency,
        "fiscal_year_start_month": company.fiscal_year_start_month,
        "rate_carry_forward_days": company.rate_carry_forward_days,
        "mass_deletion_share": company.mass_deletion_share,
        "timezone": company.timezone,
    }
    schema = {"known_at": pl.Datetime("us"), "as_of_end_at": pl.Datetime("us"), "started_at": pl.Datetime("us")}
    return pl.DataFrame([row], schema_overrides=schema)


def current_run(settings: Settings, run_id: str | None = None) -> Run:
    """The run that owns the working file.

    With a run_id, fails if another run owns it: a step of a stale run must not write into a newer one.
    """
    columns = ", ".join(field.name for field in fields(Run))
    with read(settings) as connection:
        known = connection.execute("select 1 from duckdb_tables() where schema_name = 'control' and table_name = 'run'")
        rows = connection.execute(f"select {columns} from control.run").fetchall() if known.fetchall() else []
    if not rows and run_id is None:
        raise AlmanacError(f"{settings.home}: no run has made tables here yet: `almanac run` makes them")
    if len(rows) != 1 or run_id not in (None, rows[0][0]):
        raise AlmanacError(f"{settings.working_file}: belongs to another run than {run_id}: start the whole job again")
    return Run(*rows[0])


def discard(settings: Settings) -> None:
    """Delete the working file, and what is kept beside it: all of it can be made again from landing and state."""
    for path in settings.warehouse.glob(f"{settings.working_file.name}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(kept_forecasts(settings), ignore_errors=True)


def kept_forecasts(settings: Settings) -> Path:
    """The folder of forecasts that the next run will ask for again."""
    return settings.warehouse / "forecasts"


@contextmanager
def _connection(settings: Settings, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    kept_open = _OPEN.get(settings.working_file)
    connection = kept_open.cursor() if kept_open else _connect(settings.working_file, read_only)
    try:
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        if not kept_open:
            _limit_memory(settings, connection)
        elif read_only:
            connection.execute("begin transaction read only")
        for schema in () if read_only else PYTHON_SCHEMAS:
            connection.execute(f"create schema if not exists {schema}")
        yield connection
    finally:
        connection.close()


def _limit_memory(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Spill to a folder of the home beyond the company's limit, whatever database the connection has."""
    connection.execute(f"set temp_directory = {literal(str(settings.warehouse / 'spilled'))}")
    if limit := settings.company.memory_limit:
        connection.execute(f"set memory_limit = {literal(limit)}")


def _connect(path: Path, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file; someone else's short query is waited for, so that a look at a table never ends a run."""
    for pause in (*PATIENCE, None):
        try:
            return duckdb.connect(str(path), read_only=read_only)
        except duckdb.IOException as error:
            if fault := machine_fault(error):
                raise fault from error
            if "lock" not in str(error):
                raise AlmanacError(
                    f"{path}: not readable as a DuckDB file: nothing is lost: delete it, then `almanac rebuild` "
                    f"({str(error).splitlines()[0]})"
                ) from error
            if pause is None:
                raise AlmanacError(f"{path}: in use by another process: close it, or wait for its run") from error
            time.sleep(pause)
    raise AssertionError("unreachable")
