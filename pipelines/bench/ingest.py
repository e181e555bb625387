"""`almanac bench ingest`: reading against plain DuckDB, polars and fastexcel, on the same file in the same run.

The peer does the same work with no care: strict parse with rejects, typed columns, a row hash, Parquet, a table.
Product and peer run in turn, `repeats` times; each figure is its best. `seconds` are of the clock, `cpu` of all
processors: on a shared machine only the second means much, and both ratios are given.
"""

import random
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from pipelines import ingest
from pipelines.contracts import Reader, SourceContract
from pipelines.home.company import Company
from pipelines.home.settings import Settings
from pipelines.ingest.formats.readers import read_source
from pipelines.ingest.formats.source import scratch

HEADERS = ["Order", "Line", "Customer", "Name", "Date", "Quantity", "Price", "Amount", "Region", "Note"]
NAMES = ["北京神州数码有限公司", "Acme, Inc.", "上海电气集团", 'Globex "EU" Ltd', "Müller GmbH"]
REGIONS = ("华东", "华南", "North")
LANDED = datetime(2024, 2, 1)
CONTRACT = SourceContract.model_validate(
    {
        "system": "bench",
        "title": "Bench",
        "timezone": "UTC",
        "objects": [
            {
                "object": "order_lines",
                "files": ["lines*"],
                "exported_at": {"on": "2024-01-31"},
                "key": ["Order", "Line"],
                "columns": {
                    "order_id": "Order", "line_number": "Line", "account_id": "Customer", "account_name": "Name",
                    "ordered_on": "Date", "quantity": "Quantity", "unit_price": "Price", "amount_net": "Amount",
                    "region": "Region",
                },
                "ignore": ["Note"],
            }
        ],
    }
)  # fmt: skip


def run(
    rows: str = "1000000", workbook_rows: str = "200000", repeats: str = "2", growth: str = "", memory_rows: str = ""
) -> dict[str, Any]:
    """Seconds, peers and ratios.

    growth: comma-separated row counts for the linearity figure, e.g. 1000000,4000000,16000000. memory_rows: rows of the
    file whose peak memory is measured in a process of its own; 60000000 make 5 GB.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        figures: dict[str, Any] = {"rows": int(rows), "columns": len(HEADERS), **_text(folder, int(rows), int(repeats))}
        figures["known_file_again"] = {**_again(folder / "lines.csv", folder / "ours"), "bar": 0.3}
        figures["known_305_files_again"] = {**_many(folder / "many"), "bar": 2.0}
        if int(workbook_rows):
            figures["workbook"] = _workbook(folder, int(workbook_rows), int(repeats))
        if growth:
            figures["growth"] = [_growth(folder, int(size)) for size in growth.split(",")]
        if memory_rows:
            figures["memory"] = _memory(folder, int(memory_rows))
        return figures


def _text(folder: Path, rows: int, repeats: int) -> dict[str, Any]:
    """The same rows as UTF-8 and as GB18030, both against the peer on the UTF-8 file."""
    text, wide = _write_csv(folder / "lines.csv", rows), folder / "lines_gb18030.csv"
    wide.write_text(text.read_text(encoding="utf-8").replace("ü", "u"), encoding="gb18030", newline="")
    figures = _in_turn(
        repeats,
        peer=lambda: _peer(text, folder / "peer"),
        utf8=lambda: _product(text, folder / "ours"),
        chinese=lambda: _product(wide, folder / "chinese"),
        polars=lambda: _polars(text),
    )
    beside = {"peer_duckdb": figures["peer"], "polars_bare_parse": figures["polars"]}
    to_polars = _ratios(figures["utf8"], figures["polars"])["cpu_ratio"]
    return {
        "csv": {
            **figures["utf8"],
            **beside,
            **_ratios(figures["utf8"], figures["peer"]),
            "to_polars": to_polars,
            "bar": 1.5,
        },
        "gb18030": {**figures["chinese"], **_ratios(figures["chinese"], figures["peer"]), "bar": 2.0},
    }


def _write_csv(path: Path, rows: int) -> Path:
    """Order lines with quotes, commas, Chinese names and one unreadable amount in ten thousand. Seeded."""
    import csv

    chance = random.Random(20240131)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADERS)
        for number in range(rows):
            day = f"2024-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
            amount = "n.a." if number % 10_000 == 9_999 else f"{chance.random() * 50_000:.2f}"
            writer.writerow(
                [f"SO{number // 3:07d}", number % 3 + 1, f"C{chance.randrange(50_000):06d}", NAMES[number % 5], day,
                 chance.randrange(1, 50), f"{chance.random() * 1000:.2f}", amount, REGIONS[number % 3], "a note"]
            )  # fmt: skip
    return path


def _write_large_csv(path: Path, rows: int) -> Path:
    """The like of `_write_csv`, written by DuckDB: for gigabytes Python needs longer than reading them takes."""
    share = "(hash(n, {}) % 1000000) / 1e6"
    names = ", ".join("'" + name.replace("'", "''") + "'" for name in NAMES)
    regions = ", ".join(f"'{name}'" for name in REGIONS)
    amount = f"case when n % 10000 = 9999 then 'n.a.' else printf('%.2f', {share.format(1)} * 50000) end"
    columns = (
        "printf('SO%07d', n // 3)", "n % 3 + 1", f"printf('C%06d', cast(floor({share.format(2)} * 50000) as integer))",
        f"([{names}])[n % 5 + 1]", "strftime(date '2024-01-01' + cast(hash(n, 3) % 360 as integer), '%Y-%m-%d')",
        "hash(n, 4) % 49 + 1", f"printf('%.2f', {share.format(5)} * 1000)", amount, f"([{regions}])[n % 3 + 1]",
        "'a note'",
    )  # fmt: skip
    listed = ", ".join(f'{sql} as "{name}"' for sql, name in zip(columns, HEADERS, strict=True))
    with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
        connection.execute("set enable_progress_bar = false")  # it would be drawn into the figures
        connection.execute(f"copy (select {listed} from range({rows}) as t(n)) to '{path}' (format csv, header true)")
    return path


def _settings(home: Path, inbox: Path) -> Settings:
    return Settings(home=home, inbox=inbox, sources=home, config=None, company=Company(timezone="UTC"))


def _product(path: Path, home: Path) -> Any:
    import shutil

    shutil.rmtree(home, ignore_errors=True)
    inbox = home / "inbox"
    inbox.mkdir(parents=True)
    (inbox / path.name).hardlink_to(path)
    report = ingest.run(_settings(home, inbox), {"bench": CONTRACT}, LANDED)
    assert [row["status"] for row in report.files] == ["loaded"], report.files
    return report


def _again(path: Path, home: Path) -> dict[str, float]:
    return _timed(lambda: ingest.run(_settings(home, home / "inbox"), {"bench": CONTRACT}, LANDED))


def _many(home: Path) -> dict[str, float]:
    """305 small files, read once outside the clock, then seen again."""
    inbox = home / "inbox"
    inbox.mkdir(parents=True)
    for number in range(305):
        (inbox / f"lines_{number}.csv").write_text(",".join(HEADERS) + f"\nSO{number},1,C1,A,2024-01-05,1,1,1,N,x\n")
    settings = _settings(home, inbox)
    ingest.run(settings, {"bench": CONTRACT}, LANDED)
    return _timed(lambda: ingest.run(settings, {"bench": CONTRACT}, LANDED))


def _peer(path: Path, home: Path) -> None:
    """Plain DuckDB with the same outputs."""
    import shutil

    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    cells = ", ".join(f"coalesce(\"{name}\", '')" for name in HEADERS)
    columns = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in HEADERS) + "}"
    connection = duckdb.connect(str(home / "peer.duckdb"))
    connection.execute("set enable_progress_bar = false")
    connection.execute(
        'create temp table typed as select "Order" as order_id, Line as line_number, Customer as account_id, Name as '
        "account_name, try_cast(Date as date) as ordered_on, try_cast(Quantity as decimal(18,4)) as quantity, "
        "try_cast(Price as decimal(18,4)) as unit_price, try_cast(Amount as decimal(18,4)) as amount_net, "
        "Amount is not null and amount_net is null as is_bad, Region as region, \"Order\" || '|' || Line as source_id, "
        f"md5(concat_ws(chr(31), {cells})) as _row_hash, 'f1' as _file_id, timestamp '2024-01-31' as exported_at, "
        f"row_number() over () as _record from read_csv('{path}', auto_detect=false, header=true, delim=',', "
        "quote='\"', "
        f"escape='\"', columns={columns}, strict_mode=true, store_rejects=true)"
    )
    connection.execute("create table quarantine as from typed where is_bad")
    rows = "select * exclude (is_bad) from typed where not is_bad"
    connection.execute(f"copy ({rows}) to '{home / 'rows.parquet'}' (format parquet, compression zstd)")
    connection.execute(f"create table lines as from read_parquet('{home / 'rows.parquet'}')")
    connection.close()


def _polars(path: Path) -> None:
    import polars as pl

    pl.read_csv(path, infer_schema=False)


def _workbook(folder: Path, rows: int, repeats: int) -> dict[str, Any]:
    """`read`: the sheet as a table of text with its header found. The figure itself also lands and loads the rows."""
    import fastexcel
    import polars as pl
    import xlsxwriter

    table = pl.read_csv(_write_csv(folder / "small.csv", rows), infer_schema=False)
    path = folder / "lines.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_numbers": False}) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([tuple(table.columns), *table.iter_rows()]):
            sheet.write_row(number, 0, row)
    figures = _in_turn(
        repeats,
        peer=lambda: fastexcel.read_excel(path).load_sheet(0).to_polars(),
        read=lambda: _read(path, folder / "scratch"),
        whole=lambda: _product(path, folder / "book"),
    )
    read = {**figures["read"], **_ratios(figures["read"], figures["peer"]), "bar": 1.3}
    whole = {**figures["whole"], **_ratios(figures["whole"], figures["peer"])}
    return {"rows": rows, **whole, "read": read, "peer_fastexcel": figures["peer"]}


def _read(path: Path, folder: Path) -> None:
    with scratch(folder) as (connection, folder):
        read_source(connection, path, Reader(), folder)


def _growth(folder: Path, rows: int) -> dict[str, float]:
    path = _write_large_csv(folder / f"lines_{rows}.csv", rows)
    spent = _timed(lambda: _product(path, folder / "growth"))
    path.unlink()
    return {"rows": rows, **spent, "cpu_microseconds_per_row": round(spent["cpu"] / rows * 1e6, 2)}


def _memory(folder: Path, rows: int) -> dict[str, float]:
    """Peak resident memory of a process that reads one large file, and what became of its rows."""
    path = _write_large_csv(folder / "lines_large.csv", rows)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(_peak_of, path, folder / "large").result()
    return {"rows": rows, "gigabytes": round(path.stat().st_size / 1e9, 2), **found, "bar": 2048}


def _peak_of(path: Path, home: Path) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    read = _product(path, home).files[0]
    spent = {"seconds": round(time.perf_counter() - wall, 3), "cpu": round(time.process_time() - cpu, 3)}
    counts = {name: read[name] for name in ("rows_in", "rows_loaded", "rows_quarantined", "rows_control")}
    return {"peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, **spent, **counts}


def _timed(work: Callable[[], Any]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"seconds": round(time.perf_counter() - wall, 3), "cpu": round(time.process_time() - cpu, 3)}


def _in_turn(repeats: int, **works: Callable[[], Any]) -> dict[str, dict[str, float]]:
    """The best of each, all of them once per round, so that a busy moment hits product and peer alike."""
    rounds = [{name: _timed(work) for name, work in works.items()} for _ in range(repeats)]
    return {name: {unit: min(found[name][unit] for found in rounds) for unit in ("seconds", "cpu")} for name in works}


def _ratios(ours: dict[str, float], peer: dict[str, float]) -> dict[str, float]:
    return {"ratio": round(ours["seconds"] / peer["seconds"], 2), "cpu_ratio": round(ours["cpu"] / peer["cpu"], 2)}
