"""A file that is read in chunks, and what can only be decided over all of them.

Each chunk is read, validated and kept as if it were a file. Date order, unmapped words, cells to fill down and
duplicate keys depend on all chunks: they are collected here, and chunks with repeated keys are landed again. Memory
holds one chunk at a time; the keys of all rows are compared by hash, in passes over a part of the hashes each.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import ObjectContract
from pipelines.ingest.arrival import FileOutcome, Patch
from pipelines.ingest.casting.date_order import DateOrderEvidence, date_order
from pipelines.ingest.casting.unpivot import merge_warnings
from pipelines.ingest.casting.validate import UnknownWords, duplicate_columns, reject_duplicate_keys, repeated_hashes
from pipelines.ingest.formats.source import Load, Source
from pipelines.ingest.quarantine.resubmission import apply_patch

HASHES_PER_PASS = 4_000_000  # they take about a third of the scratch database's memory


@dataclass(frozen=True)
class ChunkStart:
    """Where a chunk begins: the number of records before it, and the cells that are filled down into it."""

    before: int = 0
    carried: dict[str, str] = field(default_factory=dict)


@dataclass
class ChunkedFile:
    """One file while it is read in chunks. scan: returns the date order evidence of a source and fills cells down.

    patch: the resubmitted cells of the file.
    """

    connection: duckdb.DuckDBPyConnection
    contract: ObjectContract
    loads: Sequence[Load]
    scan: Callable[[Source, dict[str, str]], dict[str, DateOrderEvidence]]
    patch: Patch = field(default_factory=Patch)
    unknown: UnknownWords = field(default_factory=UnknownWords)
    carried: dict[str, str] = field(default_factory=dict)
    starts: list[ChunkStart] = field(default_factory=list)
    orders: dict[str, str] | None = None
    last_record: int = 0
    is_compared: bool = False

    def __post_init__(self) -> None:
        """Create the tables that outlast a chunk."""
        self.connection.execute("create table file.main.marks (chunk integer, _record bigint, mark ubigint)")
        self.connection.execute("create table file.main.repeated (_record bigint, code varchar)")

    @contextmanager
    def chunk(self, number: int) -> Iterator[Source]:
        """A chunk, the next one or an earlier one again, in a temporary database."""
        if number == len(self.starts):
            self.starts.append(ChunkStart(self.last_record, dict(self.carried)))
        start = self.starts[number]
        self.carried = dict(start.carried)
        with temporary_database(self.connection, "chunk"):
            source = self.loads[number](self.connection, start.before)
            self.last_record = source.records
            yield source

    def order_of(self, name: str) -> str | None:
        """Whether days or months come first in a column, by all chunks; they are scanned on the first call."""
        if self.orders is None:
            by_column: dict[str, list[DateOrderEvidence]] = {}
            carried: dict[str, str] = {}
            for source in self._each_chunk():
                for column, evidence in self.scan(source, carried).items():
                    by_column.setdefault(column, []).append(evidence)
            self.orders = {column: date_order(column, chunks) for column, chunks in by_column.items()}
        return self.orders.get(name)

    def texts(self, find: Callable[[duckdb.DuckDBPyConnection, ObjectContract, Source], set[str]]) -> set[str]:
        """The union of what `find` returns for each chunk."""
        return {text for source in self._each_chunk() for text in find(self.connection, self.contract, source)}

    def _each_chunk(self) -> Iterator[Source]:
        """Every chunk once, independently of the one that is being read."""
        before = 0
        for load in self.loads:
            with temporary_database(self.connection, "scan"):
                source = load(self.connection, before)
                apply_patch(self.connection, source, self.patch.between(before, source.records))
                yield source
                before = source.records

    def check_keys(self, number: int) -> None:
        """Collect the keys of a chunk's valid rows; once all were compared, add faults for the repeated ones."""
        if self.is_compared:
            self.connection.execute(
                "insert into faults select _record, null, code, null from file.main.repeated "
                "where _record in (select _record from typed)"
            )
        elif self.contract.has_key:
            self.connection.execute(
                f"insert into file.main.marks select {number}, _record, hash(source_id) from typed "
                "where not _is_control and _record not in (select _record from faults)"
            )

    def chunks_with_repeated_keys(self, paths: Sequence[Path]) -> list[int]:
        """Find rows that share their key with another, in the kept rows of all chunks; the numbers of their chunks."""
        passes = self._count() // HASHES_PER_PASS + 1
        for turn in range(passes):
            with temporary_database(self.connection, "hashes"):
                self._find_repeated_keys(paths, passes, turn)
        self.is_compared = True
        rows = self.connection.execute(
            "select distinct chunk from file.main.marks where _record in (select _record from file.main.repeated) "
            "order by chunk"
        ).fetchall()
        return [number for (number,) in rows]

    def _count(self) -> int:
        row = self.connection.execute("select count(*) from file.main.marks").fetchone()
        return int(row[0]) if row else 0

    def _find_repeated_keys(self, paths: Sequence[Path], passes: int, turn: int) -> None:
        hashes = repeated_hashes(self.connection, f"select mark from file.main.marks where mark % {passes} = {turn}")
        if not len(hashes):
            return
        self.connection.register("repeated_hashes", hashes.to_frame().to_arrow())
        self.connection.execute(
            "create table faults (_record bigint, column_name varchar, code varchar, because varchar)"
        )
        self.connection.execute(
            f"create table candidates as select {duplicate_columns(self.contract)} from read_parquet(?) "
            "where hash(source_id) in (select mark from repeated_hashes)",
            [[str(path) for path in paths]],
        )
        self.connection.execute(
            "create table duplicates as select * from candidates where source_id in "
            "(select source_id from candidates group by source_id having count(*) > 1)"
        )
        self.connection.unregister("repeated_hashes")
        reject_duplicate_keys(self.connection, self.contract)
        self.connection.execute("insert into file.main.repeated select _record, code from faults")


@contextmanager
def temporary_database(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    """A temporary database of this name, in use inside the context."""
    current = connection.execute("select current_database()").fetchone()
    assert current is not None
    connection.execute(f"attach ':memory:' as {name}")
    connection.execute(f"use {name}")
    try:
        yield
    finally:
        connection.execute(f"use {current[0]}")
        connection.execute(f"detach {name}")


def merge_outcomes(chunks: list[FileOutcome]) -> FileOutcome:
    """The outcome of a file by its chunks' outcomes. It is rejected only where no chunk has a usable row."""
    loaded = sum(outcome.rows_loaded for outcome in chunks)
    first = next(
        (outcome for outcome in chunks if (outcome.rows_loaded if loaded else outcome.status == "rejected")), chunks[0]
    )
    dates = [day for outcome in chunks for day in (outcome.window_from, outcome.window_to) if day]
    return replace(
        first,
        rows_in=sum(outcome.rows_in for outcome in chunks),
        rows_loaded=loaded,
        rows_quarantined=sum(outcome.rows_quarantined for outcome in chunks),
        rows_control=sum(outcome.rows_control for outcome in chunks),
        rows_without_currency=sum(outcome.rows_without_currency for outcome in chunks),
        currency_guess=next((outcome.currency_guess for outcome in chunks if outcome.currency_guess), None),
        changed_at=max((outcome.changed_at for outcome in chunks if outcome.changed_at), default=None),
        window_from=min(dates, default=None),
        window_to=max(dates, default=None),
        warnings=merge_warnings(line for outcome in chunks for line in outcome.warnings),
        absent_columns=chunks[0].absent_columns,
        corrections=pl.concat([outcome.corrections for outcome in chunks]),
    )
