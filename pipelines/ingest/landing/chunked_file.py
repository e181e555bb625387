"""A file that is read in pieces, and what only all of its pieces together can say.

Each piece is read, judged and kept as if it were a file. Day before month, unknown words, cells to fill down, and rows
that share a key are matters of the whole: they are gathered here, and pieces with repeated keys are kept anew.
Memory holds one piece at a time; the keys of all rows are compared by hash, a share of them at a time.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa

from pipelines.contracts import ObjectContract
from pipelines.ingest.arrival import Observed, Patch
from pipelines.ingest.casting.column_profile import Evidence, order_of_all
from pipelines.ingest.casting.unpivot import summed
from pipelines.ingest.casting.validate import Words, judge_twins, repeated, twin_columns
from pipelines.ingest.formats.source import Load, Source
from pipelines.ingest.quarantine.resubmission import apply_patch

SHARE = 4_000_000  # keys compared at a time: their hashes take about a third of the scratch database's memory


@dataclass(frozen=True)
class Start:
    """Where a piece begins: how many records lie before it, and the cells that are filled down into it."""

    before: int = 0
    carried: dict[str, str] = field(default_factory=dict)


@dataclass
class Whole:
    """One file while it is read in pieces. look: gives the date evidence of a source and fills cells down.

    patch: the cells of the file that were corrected by hand.
    """

    connection: duckdb.DuckDBPyConnection
    contract: ObjectContract
    loads: Sequence[Load]
    look: Callable[[Source, dict[str, str]], dict[str, Evidence]]
    patch: Patch = field(default_factory=Patch)
    unknown: Words = field(default_factory=Words)
    carried: dict[str, str] = field(default_factory=dict)
    starts: list[Start] = field(default_factory=list)
    orders: dict[str, str] | None = None
    read: int = 0
    is_compared: bool = False

    def __post_init__(self) -> None:
        """Make the tables that last longer than a piece."""
        self.connection.execute("create table file.main.marks (piece integer, _record bigint, mark ubigint)")
        self.connection.execute("create table file.main.repeated (_record bigint, code varchar)")

    @contextmanager
    def piece(self, number: int) -> Iterator[Source]:
        """A piece, the next one or one once more, in a database of its own that is gone afterwards."""
        if number == len(self.starts):
            self.starts.append(Start(self.read, dict(self.carried)))
        start = self.starts[number]
        self.carried = dict(start.carried)
        with aside(self.connection, "piece"):
            source = self.loads[number](self.connection, start.before)
            self.read = source.records
            yield source

    def order_of(self, name: str) -> str | None:
        """Whether days or months come first in a column, by all pieces. They are read for it only where it is open."""
        if self.orders is None:
            found: dict[str, list[Evidence]] = {}
            carried: dict[str, str] = {}
            for source in self._look_through():
                for column, evidence in self.look(source, carried).items():
                    found.setdefault(column, []).append(evidence)
            self.orders = {column: order_of_all(column, pieces) for column, pieces in found.items()}
        return self.orders.get(name)

    def texts(self, find: Callable[[duckdb.DuckDBPyConnection, ObjectContract, Source], set[str]]) -> set[str]:
        """What is found in any of the pieces."""
        return {text for source in self._look_through() for text in find(self.connection, self.contract, source)}

    def _look_through(self) -> Iterator[Source]:
        """Every piece once, beside the one that is being read."""
        before = 0
        for load in self.loads:
            with aside(self.connection, "look"):
                source = load(self.connection, before)
                apply_patch(self.connection, source, self.patch.between(before, source.records))
                yield source
                before = source.records

    def compare(self, number: int) -> None:
        """Remember the keys of a piece's sound rows; once they have been compared, fault those that are repeated."""
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

    def repeated(self, paths: Sequence[Path]) -> list[int]:
        """Find rows that share their key with another, among the kept rows of all pieces; the pieces they stand in."""
        shares = self._count() // SHARE + 1
        for share in range(shares):
            with aside(self.connection, "share"):
                self._compare(paths, shares, share)
        self.is_compared = True
        found = self.connection.execute(
            "select distinct piece from file.main.marks where _record in (select _record from file.main.repeated) "
            "order by piece"
        ).fetchall()
        return [number for (number,) in found]

    def _count(self) -> int:
        found = self.connection.execute("select count(*) from file.main.marks").fetchone()
        return int(found[0]) if found else 0

    def _compare(self, paths: Sequence[Path], shares: int, share: int) -> None:
        marks = repeated(self.connection, f"select mark from file.main.marks where mark % {shares} = {share}")
        if not len(marks):
            return
        self.connection.register("again", pa.table({"mark": marks}))
        self.connection.execute(
            "create table faults (_record bigint, column_name varchar, code varchar, because varchar)"
        )
        self.connection.execute(
            f"create table near as select {twin_columns(self.contract)} from read_parquet(?) "
            "where hash(source_id) in (select mark from again)",
            [[str(path) for path in paths]],
        )
        self.connection.execute(
            "create table twins as select * from near where source_id in "
            "(select source_id from near group by source_id having count(*) > 1)"
        )
        self.connection.unregister("again")
        judge_twins(self.connection, self.contract)
        self.connection.execute("insert into file.main.repeated select _record, code from faults")


@contextmanager
def aside(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[None]:
    """A database of its own for tables that are needed for a moment only."""
    found = connection.execute("select current_database()").fetchone()
    assert found is not None
    connection.execute(f"attach ':memory:' as {name}")
    connection.execute(f"use {name}")
    try:
        yield
    finally:
        connection.execute(f"use {found[0]}")
        connection.execute(f"detach {name}")


def together(pieces: list[Observed]) -> Observed:
    """What the pieces of one file add up to. It is rejected only where no piece has a row that can be used."""
    loaded = sum(seen.rows_loaded for seen in pieces)
    shown = next((seen for seen in pieces if (seen.rows_loaded if loaded else seen.status == "rejected")), pieces[0])
    dates = [day for seen in pieces for day in (seen.window_from, seen.window_to) if day]
    return replace(
        shown,
        rows_in=sum(seen.rows_in for seen in pieces),
        rows_loaded=loaded,
        rows_quarantined=sum(seen.rows_quarantined for seen in pieces),
        rows_control=sum(seen.rows_control for seen in pieces),
        window_from=min(dates, default=None),
        window_to=max(dates, default=None),
        warnings=summed(line for seen in pieces for line in seen.warnings),
        corrections=pl.concat([seen.corrections for seen in pieces]),
    )
