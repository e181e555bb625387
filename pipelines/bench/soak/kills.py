"""Runs that are killed at a random moment: what is served stays whole, and no row that was exported is lost."""

import random
import time
from pathlib import Path
from typing import Any

import duckdb

from pipelines.bench.soak import company
from pipelines.errors import AlmanacError
from pipelines.home import served

WHOLE_EVERY = 10  # kills between two runs that are let end


def run(folder: Path, count: int) -> dict[str, Any]:
    """`count` kills over landing to publishing, each followed by a look at what is served and by `almanac doctor`."""
    company.make(folder)
    turns = company.done(folder)
    if not turns:
        turns = [_whole(folder, 0)]
    longest = max(turn["seconds"] for turn in turns if turn["kind"] == "whole")
    while (killed := sum(turn["kind"] == "killed" for turn in turns)) < count:
        due = killed and killed % WHOLE_EVERY == 0 and turns[-1]["kind"] == "killed"
        turns.append(_whole(folder, killed) if due else _killed(folder, killed + 1, longest))
    if turns[-1]["kind"] == "killed":
        turns.append(_whole(folder, count))
    return summary(turns)


def summary(turns: list[dict[str, Any]]) -> dict[str, Any]:
    """What the turns show: kills, those after which something was mixed, damaged or lost, and the longest recovery."""
    killed = [turn for turn in turns if turn["kind"] == "killed"]
    whole = [turn for turn in turns if turn["kind"] == "whole"]
    return {
        "kills": len(killed),
        "killed_before_their_end": sum(turn["was_running"] for turn in killed),
        "mixed": sum(turn["problem"] != "" for turn in killed),
        "unsafe_files": sum(turn["unsafe"] for turn in killed),
        "whole_runs": len(whole),
        "lost_rows": sum(turn["expected_rows"] - turn["served_rows"] for turn in whole),
        "longest_recovery_seconds": max((turn["recovery_seconds"] for turn in killed), default=None),
        "longest_run_seconds": max(turn["seconds"] for turn in whole),
    }


def _killed(folder: Path, number: int, longest: float) -> dict[str, Any]:
    """A new export, a run over it, and its end after a random part of the time that a run takes."""
    company.export(folder, number)
    before = _served_run(folder)
    after = random.Random(number).uniform(0, longest)
    process = company.start(folder, "run")
    time.sleep(after)
    was_running = process.poll() is None
    process.kill()
    process.communicate()
    began = time.monotonic()
    examined = company.almanac(folder, "doctor")
    row = {
        "kind": "killed",
        "number": number,
        "after_seconds": round(after, 1),
        "was_running": was_running,
        "problem": served.problem(company.settings_of(folder)),
        "has_swapped": _served_run(folder) != before,
        "unsafe": int("cannot be made again" in examined.stderr),
        "recovery_seconds": round(time.monotonic() - began, 1),
    }
    company.note(folder, row)
    return row


def _whole(folder: Path, number: int) -> dict[str, Any]:
    """A run that is let end: every row of the newest export is served."""
    expected = company.export(folder, number)
    began = time.monotonic()
    if (ended := company.almanac(folder, "run", "--force")).returncode:
        raise AlmanacError(f"a run that was let end did not pass: {ended.stderr[-400:]}")
    path = company.settings_of(folder).served_file
    with duckdb.connect(str(path), read_only=True) as connection:
        [(rows,)] = connection.execute("select count(*) from marts.opportunities").fetchall()
    row = {"kind": "whole", "number": number, "seconds": round(time.monotonic() - began, 1)}
    row |= {"expected_rows": expected, "served_rows": rows}
    company.note(folder, row)
    return row


def _served_run(folder: Path) -> str:
    return "".join(served.run_ids(company.settings_of(folder)))
