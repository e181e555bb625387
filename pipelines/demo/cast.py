"""What a life is made of: who plays, what each step shows, and what came of it."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.demo import laws as law
from pipelines.demo.laws import MOODS, Laws
from pipelines.demo.steps import Clock

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NEVER = np.iinfo(np.int64).max // 4
NONE = -1  # nothing was typed, guessed or grown
NAMES = (*law.STAGES, "won", "lost")
SHALLOW_KINDS, DEEP_KINDS = ("Call", "Email"), ("Visit", "Meeting")
HABITS = np.stack([np.tile([0.0, 0, 1, 0, 0], (MOODS, 1)), law.OFFSET_BY_GUT, law.OFFSET_BY_MOOD])


@dataclass(frozen=True)
class Cast:
    """Who plays: arrays of one entry per deal, deals in the order of their creation.

    habit: place in HABITS of the owner. bias, optimism, care: the owner's; left: the owner's last day, or NEVER.
    """

    created: Ints
    china: Bools
    level: Ints
    habit: Ints
    bias: Ints
    optimism: NDArray[np.float64]
    care: NDArray[np.float64]
    left: Ints


@dataclass(frozen=True)
class Step:
    """What one step showed: of the deals open when it began, and of those that came in it (born or opened again)."""

    number: int
    deal: Ints
    stage: Ints
    absent: Bools
    move: Ints
    shallow: Ints
    deep: Ints
    had: Bools
    gained: Bools
    pushed: Bools
    landed: Ints
    typed: Ints
    factor: Ints
    growth: Ints
    fresh: Ints
    fresh_stage: Ints
    fresh_typed: Ints
    fresh_factor: Ints
    is_born: Bools


@dataclass(frozen=True)
class Life:
    """What came of the cast.

    path: deal, stage, entered. guesses: deal, day, expected, probability. touches: deal, kind, occurred.
    flag_on: flag x deal, the day on which it became true, or NEVER. growth: place in GROWTH, or NONE. proposed: day.
    shown: the steps. moods: step -> (open deals, their stage, their mood) at its end, of the steps that end a month.
    """

    path: pl.DataFrame
    guesses: pl.DataFrame
    touches: pl.DataFrame
    flag_on: Ints
    growth: Ints
    proposed: Ints
    shown: list[Step]
    moods: dict[int, tuple[Ints, Ints, Ints]]


class Rows:
    """What happens, written down as it happens: path, guesses and touches, in pieces of whole steps."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.path: list[tuple[NDArray, ...]] = []
        self.guesses: list[tuple[NDArray, ...]] = []
        self.touches: list[tuple[NDArray, ...]] = []

    def frames(self, last: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
        """Path, guesses and touches up to the last day, by deal and day; of one day in the order in which they came."""
        path = _frame(self.path, ("deal", "stage", "entered"), last)
        path = path.with_columns(pl.Series("stage", np.array(NAMES)[path["stage"].to_numpy()]))
        guesses = _frame(self.guesses, ("deal", "day", "expected", "probability"), last)
        return path, guesses, _frame(self.touches, ("deal", "kind", "occurred"), last)


def _frame(rows: list[tuple[NDArray, ...]], names: tuple[str, ...], last: int) -> pl.DataFrame:
    columns = (np.concatenate(column) for column in zip(*rows, strict=True))
    frame = pl.DataFrame(dict(zip(names, columns, strict=True)))
    day = next(name for name in ("entered", "day", "occurred") if name in names)
    return frame.filter(pl.col(day) <= last).sort("deal", day, maintain_order=True)


class Tables:
    """The chances of moves by pace: a world has a handful of paces and many steps."""

    def __init__(self, rules: Laws) -> None:
        """None is worked out yet."""
        self.rules = rules
        self.known: dict[float, NDArray[np.float64]] = {}

    def at(self, clock: Clock, number: int) -> NDArray[np.float64]:
        """Side x stage x level x mood x move in the step of that number."""
        for pace in clock.pace[number]:
            if pace not in self.known:
                self.known[pace] = self.rules.moves(pace)
        return np.stack([self.known[pace] for pace in clock.pace[number]])
