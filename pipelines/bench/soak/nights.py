"""Nights in a row: one new export, one run, and what the home has grown by."""

import time
from pathlib import Path
from typing import Any

from pipelines.bench.soak import company
from pipelines.errors import AlmanacError

FOLDERS = ("landing", "state", "warehouse", "published", "dagster")


def run(folder: Path, count: int) -> dict[str, Any]:
    """`count` nightly runs: the seconds of each and the bytes of every folder after it."""
    company.make(folder)
    for night in range(len(company.done(folder)), count):
        company.export(folder, night)
        began = time.monotonic()
        told = company.almanac(folder, "run")
        if told.returncode:
            raise AlmanacError(f"night {night} did not pass: {told.stderr[-400:]}")
        seconds = round(time.monotonic() - began, 1)
        company.note(folder, {"night": night, "seconds": seconds, "bytes": _sizes(folder / "home")})
    return summary(company.done(folder))


def summary(nights: list[dict[str, Any]]) -> dict[str, Any]:
    """Seconds of the first and the last third, and the bytes a night by which each folder has grown since the first."""
    third = max(1, len(nights) // 3)
    seconds = [night["seconds"] for night in nights]
    first, last = nights[0]["bytes"], nights[-1]["bytes"]
    return {
        "nights": len(nights),
        "seconds_first_third": round(sum(seconds[:third]) / third, 1),
        "seconds_last_third": round(sum(seconds[-third:]) / third, 1),
        "bytes_a_night": {name: (last[name] - first[name]) // max(1, len(nights) - 1) for name in FOLDERS},
    }


def _sizes(home: Path) -> dict[str, int]:
    return {name: sum(path.lstat().st_size for path in (home / name).rglob("*")) for name in FOLDERS}
