"""How much a home holds, and by how much a run makes it grow: what to look at before the disk is full."""

import json
from collections.abc import Sequence
from typing import Any

from pipelines.home import state
from pipelines.home.settings import Settings

FOLDERS = ("landing", "state", "warehouse", "published", "dagster")
LAST_RUNS = 30


def sizes(settings: Settings) -> dict[str, int]:
    """Bytes of each folder of the home, each file once whatever its names; one that goes away meanwhile is nothing."""
    held, counted = dict.fromkeys(FOLDERS, 0), set[int]()
    for name in FOLDERS:
        for path in (settings.home / name).rglob("*"):
            try:
                found = path.lstat()
            except FileNotFoundError:
                continue
            held[name] += found.st_size if found.st_ino not in counted else 0
            counted.add(found.st_ino)
    return held


def a_run(settings: Settings, last_runs: int = LAST_RUNS) -> tuple[int, dict[str, int]]:
    """Runs between the first and the last that noted sizes, of the last ones, and the bytes that one added; 0 and
    nothing before there are two."""
    log = state.read(settings, "runs")
    rows = log.sort("finished_at")["figures"].drop_nulls().to_list() if log.height else []
    noted = [row["bytes"] for row in map(json.loads, rows) if isinstance(row.get("bytes"), dict)][-last_runs:]
    if len(noted) < 2:
        return 0, {}
    runs = len(noted) - 1
    return runs, {name: (noted[-1].get(name, 0) - noted[0].get(name, 0)) // runs for name in FOLDERS}


def lines(held: dict[str, int], growth: tuple[int, dict[str, int]]) -> Sequence[str]:
    """A line per folder: what it holds, and what a run adds where that is known."""
    runs, added = growth
    more = {name: f", {added[name] / 1e6:+.2f} MB a run (n={runs})" if runs else "" for name in held}
    return [f"{name}: {size / 1e6:.1f} MB{more[name]}" for name, size in held.items()]


def as_rows(held: dict[str, int], growth: tuple[int, dict[str, int]]) -> list[dict[str, Any]]:
    """The same for programs: folder, bytes, bytes_a_run (null before two runs noted it), runs."""
    runs, added = growth
    return [
        {"folder": name, "bytes": size, "bytes_a_run": added.get(name), "runs": runs} for name, size in held.items()
    ]
