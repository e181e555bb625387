"""`almanac bench truth`: served figures beside the same ones recomputed by other code, and their difference.

Without options one sample company of 120 customers is built as of its last day. `--set home=DIR` measures a home that
has run, with days a copy of it that is run for each of them, every gate included; seeds, days and customers build
sample companies; config and inbox together measure any company's exports.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import duckdb
import polars as pl

from pipelines.bench import truth_page
from pipelines.bench.truth_deals import deal_figures, served_deals
from pipelines.bench.truth_figures import Policy, figures, served_figures
from pipelines.bench.truth_targets import served_targets, target_figures
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings, load_settings

SERVED = (
    "customer_360",
    "customer_crosswalk",
    "invoices",
    "opportunities",
    "opportunity_crosswalk",
    "orders",
    "pipeline_changes",
    "revenue",
    "sales_cycle",
    "series_history",
    "win_rate",
)
OUTLOOK = ("target_gap",)
TRUTH = ("accounts", "revenue", "bookings")
# A figure agrees if it is within a cent, or a cent per million: amounts in base currency are rounded to four places,
# line by line. Rates are served whole.
TOLERANCE, RATE_TOLERANCE = 1e-8, 1e-9


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
        served["latest"] = connection.execute("from forecast.latest").pl()
    folder = settings.home / "truth"
    truth = {name: pl.read_parquet(folder / f"{name}.parquet") for name in TRUTH} if folder.is_dir() else {}
    policy_facts = cast(Policy, policy)
    again = [*figures(raw, served, truth, policy["as_of"], policy_facts)]
    if "opportunities" in raw and not raw["opportunities"].is_empty():
        again += deal_figures(raw, served, policy["as_of"], policy_facts)
    if "targets" in raw and not raw["targets"].is_empty():
        again += target_figures(raw, served, policy["as_of"], policy_facts)
    shown = served_figures(served) | served_deals(served) | served_targets(served)
    return [_row(name, shown.get(name), value) for name, value in again]


def _row(name: str, served: float | None, recomputed: float) -> dict[str, Any]:
    difference = None if served is None else served - recomputed
    tolerance = RATE_TOLERANCE if 0 < abs(recomputed) < 1 else max(0.01, TOLERANCE * abs(recomputed))
    agrees = difference is not None and abs(difference) <= tolerance
    return {"name": name, "served": served, "recomputed": recomputed, "difference": difference, "agrees": agrees}


def _given(home: str, config: str, inbox: str, days: list[date]) -> Iterator[tuple[str, Settings]]:
    """A home as it stands, or a copy of it run for past days; or exports under a config, run once per day."""
    if home and not days:
        settings = load_settings(Path(home))
        yield _name(settings), settings
        return
    if home:
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(home, folder, dirs_exist_ok=True)
            settings = load_settings(Path(folder))
            for day in sorted(days):
                yield _name(_run(settings, day)), settings
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
    if value is None:
        return "-"
    if abs(value) >= 1:
        return f"{value:,.2f}".removesuffix(".00")
    return f"{value:z.4f}".rstrip("0").rstrip(".")
