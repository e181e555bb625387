"""`almanac bench truth`: served figures beside the same ones recomputed by other code, and their difference.

Without options one sample company of 120 customers is built as of its last day. `--set home=DIR` measures a home that
has run; seeds, days and customers build sample companies; config and inbox together measure any company's exports.
"""

import json
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.bench import truth_page
from pipelines.bench.truth_figures import figures, served_figures
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings, load_settings

SERVED = ("customer_360", "customer_crosswalk", "revenue", "orders", "invoices", "series_history", "win_rate")
OUTLOOK = ("target_gap",)
TRUTH = ("accounts", "revenue", "bookings")
# A figure agrees if it is within a cent per million: amounts in base currency are rounded to four places, line by line.
TOLERANCE = 1e-8


def run(
    home: str = "",
    seeds: str = "",
    days: str = "",
    customers: str = "120",
    config: str = "",
    inbox: str = "",
    out: str = "",
) -> dict[str, Any]:
    """The table `name, served, recomputed, difference` per company and day, as a dict.

    out: the page to write into, docs/truth.md. seeds, days: separated by commas; of a company that is built, every seed
    on every day.
    """
    wanted = [date.fromisoformat(day) for day in days.split(",") if day]
    companies = _given(home, config, inbox, wanted) if home or config else _built(seeds, wanted, int(customers))
    tables = {name: compare(settings) for name, settings in companies}
    if out:
        truth_page.record_sections(Path(out), "figures", {name: markdown(table) for name, table in tables.items()})
    rows = [row for table in tables.values() for row in table]
    return {
        "figures": len(rows),
        "differing": [row["name"] for row in rows if not row["agrees"]],
        "tables": tables,
    }


def compare(settings: Settings) -> list[dict[str, Any]]:
    """One row per figure of a home that has run: name, served, recomputed, difference, agrees."""
    with duckdb.connect(str(settings.working_file), read_only=True) as connection:
        policy = connection.execute("from control.run").pl().row(0, named=True)
        names = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
        raw = {name: connection.execute(f'from raw."{name}"').pl() for (name,) in names}
        raw["systems"] = connection.execute("from control.systems").pl()
        served = {name: connection.execute(f"from marts.{name}").pl() for name in SERVED}
        served |= {name: connection.execute(f"from outlook.{name}").pl() for name in OUTLOOK}
    folder = settings.home / "truth"
    truth = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TRUTH} if folder.is_dir() else {}
    shown = served_figures(served)
    return [_row(name, shown.get(name), value) for name, value in figures(raw, served, truth, policy["as_of"], policy)]


def _row(name: str, served: float | None, recomputed: float) -> dict[str, Any]:
    difference = None if served is None else served - recomputed
    agrees = difference is not None and abs(difference) <= max(0.01, TOLERANCE * abs(recomputed))
    return {"name": name, "served": served, "recomputed": recomputed, "difference": difference, "agrees": agrees}


def _given(home: str, config: str, inbox: str, days: list[date]) -> Iterator[tuple[str, Settings]]:
    """A home as it stands; or exports under a config, run once per day."""
    if home:
        settings = load_settings(Path(home))
        yield _name(settings), settings
        return
    if not days:
        raise AlmanacError("bench truth: config=... needs days=... too: the days to run as of")
    with tempfile.TemporaryDirectory() as folder:
        settings = load_settings(Path(folder), config=Path(config), inbox=Path(inbox))
        for day in sorted(days):
            yield f"{Path(config).name}, as of {day}", _run(settings, day)


def _built(seeds: str, days: list[date], customers: int) -> Iterator[tuple[str, Settings]]:
    """One home per seed, in which the days are run from the first to the last."""
    from pipelines.demo import AS_OF, SEED, write_demo

    for seed in [int(text) for text in seeds.split(",") if text] or [SEED]:
        with tempfile.TemporaryDirectory() as folder:
            write_demo(Path(folder), customers=customers, seed=seed)
            settings = load_settings(Path(folder))
            for day in sorted(days) or [AS_OF]:
                yield _name(_run(settings, day)), settings


def _name(settings: Settings) -> str:
    """What a home holds and the day it was run for."""
    with duckdb.connect(str(settings.working_file), read_only=True) as connection:
        day = connection.execute("select as_of from control.run").fetchall()[0][0]
    manifest = settings.home / "demo_manifest.json"
    if not manifest.is_file():
        return f"{settings.home.name}, as of {day}"
    written = json.loads(manifest.read_text(encoding="utf-8"))
    return f"Sample company of {written['customers']} customers, seed {written['seed']}, as of {day}"


def _run(settings: Settings, day: date) -> Settings:
    from pipelines.orchestration.execute import run_job

    said: list[str] = []
    if not run_job(settings, day, {}, said.append):
        raise AlmanacError(f"bench truth: the run as of {day} was not published: {' '.join(said[-3:])}")
    return settings


def markdown(rows: list[dict[str, Any]]) -> str:
    """The figures of one company and day as a table."""
    head = "| figure | served | recomputed | difference |\n|---|---:|---:|---:|\n"
    return head + "\n".join(
        f"| {row['name']} | {_text(row['served'])} | {_text(row['recomputed'])} | {_text(row['difference'])} |"
        for row in rows
    )


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}".removesuffix(".00")
