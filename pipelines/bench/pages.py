"""The review pack of a home, and of one with many more customers and deals: sizes, seconds, and what a browser says.

The browser check needs Node with `playwright-core` and `axe-core` in a folder, and Debian's `chromium`: without
`--set modules=FOLDER` it is left out.
"""

import json
import resource
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipelines.errors import AlmanacError
from pipelines.home.warehouse import literal, quoted
from pipelines.report import read_pack, write_pages, write_workbooks

CHECK = Path(__file__).with_name("pages.js")
BOUNDS = {"pack_bytes": 3_000_000, "page_bytes": 300_000, "seconds": 30.0}
IDS = ("customer_id", "opportunity_id", "review_id", "source_id", "subject")
OF_CUSTOMERS = ("marts.customer_360", "marts.customers", "marts.due_list", "marts.churn_risks")
OF_DEALS = ("marts.opportunities", "outlook.open_deals", "outlook.deal_risk", "marts.data_anomalies")


def run(
    home: str = "data/demo", customers: int = 50_000, deals: int = 200_000, modules: str = "", out: str = ""
) -> dict[str, Any]:
    """Figures of the pack of a published home, and of the same with so many customers and deals.

    modules: folder whose `node_modules` the browser check takes. out: keep the pages of the home there.
    """
    published = Path(home) / "published"
    with TemporaryDirectory(prefix="almanac-") as name:
        folder = Path(name)
        large = _enlarged(published / "almanac.duckdb", folder / "large.duckdb", int(customers), int(deals))
        pages = Path(out) if out else folder / "sample"
        figures: dict[str, Any] = {"sample": _written(published / "almanac.duckdb", published, pages)}
        figures["large"] = _written(large, published, folder / "many")
        if modules:
            figures["browser"] = _browsed(pages, Path(modules).resolve(), folder)
    return {**figures, "bounds": BOUNDS}


def failure(figures: dict[str, Any]) -> str:
    """What misses its bar; empty if nothing does. Seconds are those of processors: other work may run beside."""
    missed = [
        f"{name}: {key} {figures[name][key]} is over {BOUNDS[key]}"
        for name in ("sample", "large")
        for key in BOUNDS
        if figures[name][key] > BOUNDS[key]
    ]
    seen = figures.get("browser")
    if seen and (seen["errors"] or seen["requests"] or seen["serious"]):
        missed.append(f"browser: {seen}")
    if seen and not seen["control_caught"]:
        missed.append("browser: a page with a foreign script and without a language went through")
    return "; ".join(missed)


def _written(file: Path, published: Path, folder: Path) -> dict[str, Any]:
    began, wall = time.process_time(), time.perf_counter()
    pack = read_pack(file, published / "status.duckdb")
    sizes = [path.stat().st_size for path in write_pages(folder, pack)]
    pages = time.process_time() - began
    books = write_workbooks(folder, pack, {})
    return {
        "pages": len(sizes),
        "pack_bytes": sum(sizes),
        "page_bytes": max(sizes),
        "workbook_bytes": max(path.stat().st_size for path in books),
        "page_seconds": round(pages, 1),
        "seconds": round(time.process_time() - began, 1),
        "wall_seconds": round(time.perf_counter() - wall, 1),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _enlarged(file: Path, target: Path, customers: int, deals: int) -> Path:
    """A served file whose rows of customers and deals are repeated under other ids until there are so many."""
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach {literal(str(file))} as served (read_only)")
        query = "select schema_name, table_name from duckdb_tables() where database_name = 'served'"
        tables = connection.execute(query).fetchall()
        for schema in sorted({schema for schema, _ in tables}):
            connection.execute(f"create schema if not exists {quoted(schema)}")
        for schema, table in tables:
            name = f"{quoted(schema)}.{quoted(table)}"
            wanted, base = customers, "marts.customer_360"
            if f"{schema}.{table}" in OF_DEALS:
                wanted, base = deals, "marts.opportunities"
            elif f"{schema}.{table}" not in OF_CUSTOMERS:
                connection.execute(f"create table {name} as from served.{name}")
                continue
            _repeat(connection, name, -(-wanted // _count(connection, base)))
    return target


def _repeat(connection: duckdb.DuckDBPyConnection, name: str, times: int) -> None:
    columns = [row[0] for row in connection.execute(f"describe served.{name}").fetchall()]
    others = ", ".join(f"{quoted(one)} || '#' || nth as {quoted(one)}" for one in columns if one in IDS)
    chosen = f"* exclude (nth) replace ({others})" if others else "* exclude (nth)"
    connection.execute(f"create table {name} as select {chosen} from served.{name}, range({times}) as times(nth)")


def _count(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    return int(connection.execute(f"select greatest(count(*), 1) from served.{name}").fetchall()[0][0])


def _browsed(pages: Path, modules: Path, folder: Path) -> dict[str, Any]:
    """What headless Chromium and axe find on every page, and on one that is wrong on purpose."""
    control = folder / "control"
    control.mkdir()
    text = '<html><body><p>no language</p><script src="https://cdn.example.com/x.js"></script></body></html>'
    (control / "index.html").write_text(text, encoding="utf-8")
    seen, wrong = _node(pages, modules), _node(control, modules)
    caught = bool(wrong["errors"] and wrong["requests"] and wrong["serious"])
    return {**seen, "control_caught": caught}


def _node(pages: Path, modules: Path) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(CHECK), str(pages.resolve()), str(modules)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AlmanacError(f"the browser check failed: {done.stderr.strip()[:400]}")
    return dict(json.loads(done.stdout))
