"""A question that a served table must answer, and the truth that the answer is held against."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import polars as pl

Value = str | float | int | bool | date | None
Rows = list[tuple[Value, ...]]
Kind = Literal["rate", "amount", "duration", "count", "list"]
EXACT = 1e-9


@dataclass(frozen=True)
class Truth:
    """What really happened in the sample company: its truth tables by name, read when asked for.

    The tables are written from the world before any export is made or spoilt; docs/sample_company.md describes them.
    """

    folder: Path
    as_of: date
    changed: dict[str, pl.DataFrame] = field(default_factory=dict)

    def __getitem__(self, table: str) -> pl.DataFrame:
        """One truth table by name."""
        return self.changed[table] if table in self.changed else pl.read_parquet(self.folder / f"{table}.parquet")

    def with_table(self, table: str, frame: pl.DataFrame) -> "Truth":
        """The same world with another table in place of one."""
        return Truth(self.folder, self.as_of, {**self.changed, table: frame})


@dataclass(frozen=True)
class Question:
    """One question, its answer as SQL over served tables, and the same answer from the truth by other code.

    capability: an id of the list of capabilities. spoil: the world with one fact changed, on which the answer must be
    wrong. tolerance: relative, for numbers; where it is more than rounding, because says what the exports cannot tell.
    """

    capability: str
    asks: str
    kind: Kind
    sql: str
    truth: Callable[[Truth], Rows | Value]
    spoil: Callable[[Truth], Truth]
    tolerance: float = EXACT
    because: str = ""

    def __post_init__(self) -> None:
        """A wide tolerance says why."""
        if self.tolerance > 1e-4 and not self.because:
            raise ValueError(f"{self.capability}: a tolerance of {self.tolerance} needs a reason")

    def expected(self, world: Truth) -> Rows:
        """The right answer as rows; a single value is one row of one column."""
        answer = self.truth(world)
        return [tuple(map(_plain, row)) for row in answer] if isinstance(answer, list) else [(_plain(answer),)]


def same(answer: Sequence[Sequence[object]], expected: Rows, tolerance: float = EXACT) -> bool:
    """Whether two answers are the same rows in the same order: numbers within the tolerance, all else equal."""
    return len(answer) == len(expected) and all(
        _same_row(left, right, tolerance) for left, right in zip(answer, expected, strict=True)
    )


def _same_row(left: Sequence[object], right: Sequence[Value], tolerance: float) -> bool:
    return len(left) == len(right) and all(
        _same(_plain(one), two, tolerance) for one, two in zip(left, right, strict=True)
    )


def _same(one: Value, two: Value, tolerance: float) -> bool:
    if isinstance(one, int | float) and isinstance(two, int | float):
        return abs(one - two) <= tolerance * max(abs(one), abs(two), 1e-6)
    return one == two


def _plain(value: object) -> Value:
    """A value of any library as Python's own; decimals as float, days without time."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, str | float | int | date) or value is None:
        return value
    raise TypeError(f"an answer is made of plain values, not of {type(value).__name__}")
