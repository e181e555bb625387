"""What a process has forecast, in memory and, where a folder is given, in files that the next process finds.

The files are a cache: whoever deletes them, or installs another release, loses time and no row.
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import numpy as np
import polars as pl
from polars.exceptions import PolarsError

PACKAGE = Path(__file__).resolve().parents[1]
MOST_LEFT = 200_000  # forecasts: more are quicker made again than read by every run
STEPS = "steps.parquet"
SHAPE: dict[str, pl.DataType] = {"key": pl.Binary(), "steps": pl.List(pl.Float64())}


class Kept:
    """Forecasts by key. What nobody asks for is not left for the next process."""

    def __init__(self, folder: Path | None = None) -> None:
        """folder: where the files stand; None keeps nothing beyond this process."""
        self.steps: dict[bytes, np.ndarray] = {}
        self._tables: dict[bytes, pl.DataFrame] = {}
        self._folder = folder / release() if folder else None
        self._left = _steps_in(self._folder / STEPS) if self._folder else {}

    def knows(self, key: bytes) -> bool:
        """Whether `steps` has the forecast, now that it is asked for."""
        if key not in self.steps and key in self._left:
            self.steps[key] = self._left[key]
        return key in self.steps

    def table(self, key: bytes, compute: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """The table of this key, computed where it is not known."""
        if key not in self._tables:
            found = _table_in(self._folder / _name(key)) if self._folder else None
            self._tables[key] = compute() if found is None else found
        return self._tables[key]

    def leave(self) -> None:
        """Write what was asked for, and remove everything else from the folder."""
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        names = {_name(key) for key in self._tables}
        for key, table in self._tables.items():
            if not (self._folder / _name(key)).exists():
                write(table, self._folder / _name(key))
        few = self.steps if len(self.steps) <= MOST_LEFT else {}
        columns = {"key": list(few), "steps": [steps.tolist() for steps in few.values()]}
        write(pl.DataFrame(columns, SHAPE), self._folder / STEPS)
        for path in self._folder.iterdir():
            if path.name not in {*names, STEPS}:
                path.unlink()
        for other in self._folder.parent.iterdir():
            if other != self._folder:
                shutil.rmtree(other, ignore_errors=True)


@cache
def release() -> str:
    """A hash over all that decides a forecast beside its key: our code, Python and every package that is installed."""
    installed = sorted((package.name, package.version) for package in distributions())
    digest = hashlib.sha256(repr((sys.version, installed)).encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _name(key: bytes) -> str:
    return f"{key.hex()}.parquet"


def _steps_in(path: Path) -> dict[bytes, np.ndarray]:
    frame = _table_in(path)
    return {} if frame is None else {key: np.array(steps) for key, steps in frame.iter_rows()}


def _table_in(path: Path) -> pl.DataFrame | None:
    """The table of a file; None where there is none, or a damaged one."""
    try:
        return pl.read_parquet(path) if path.exists() else None
    except (PolarsError, OSError):
        return None


def write(table: pl.DataFrame, path: Path) -> None:
    """A whole file, or the one that stood there."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.partial")
    table.write_parquet(aside)
    aside.replace(path)
