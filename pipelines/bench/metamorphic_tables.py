"""What is served by two homes, cell by cell: which tables and columns differ."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl
import polars.selectors as cs

from pipelines.home import warehouse
from pipelines.home.settings import Settings

SERVED = ("marts", "forecast", "outlook")
# About the run and its files, not about the company; ids that are made of such.
NOT_COMPARED = re.compile(
    r"(^|_)(correction_id|alert_id|run_id|run_kind|exported_at|landed_at|started_at|issued_at|file_id|path|record"
    r"|set_id|row_hash|model_version)$"
)
NOT_SERVED_FIGURES = ("marts.record_lineage", "marts.customer_events", "forecast.model_registry")
EXACT = 1e-6
CENTS = 2e-4  # money is rounded to four decimals on the way, at most twice; what has no value above 1 is a share
FITTED = re.compile(r"^(forecast|outlook)\.")
LOOSE = 1e-3  # a fit stops when it is near enough, a little earlier or later in another unit

WHOLE = "*"  # instead of a column: the table is not compared at all
Excluded = Callable[[str, str], bool]


@dataclass(frozen=True)
class Served:
    """One served table; key: the columns of its grain, or all that are no numbers where nobody states it."""

    rows: pl.DataFrame
    key: tuple[str, ...]


Tables = dict[str, Served]


@dataclass(frozen=True)
class Difference:
    """A column of a table in which rows differ: how many of how many, and one of them with its key."""

    table: str
    column: str
    rows: int
    of: int
    example: str


def served_tables(settings: Settings) -> Tables:
    """Every table of the served schemas by `schema.table`, from the working file."""
    grains = _grains(settings)
    with warehouse.read(settings) as connection:
        names = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
        served = [name for name in sorted(names) if name[0] in SERVED and ".".join(name) not in NOT_SERVED_FIGURES]
        frames = {name: connection.execute(f'from {name[0]}."{name[1]}"').pl() for name in served}
    return {".".join(name): _served(rows, grains.get(name, [])) for name, rows in frames.items()}


def _served(rows: pl.DataFrame, grain: list[str]) -> Served:
    rows = rows.select(name for name in rows.columns if not NOT_COMPARED.search(name))
    is_whole = bool(grain) and set(grain) <= set(rows.columns)
    return Served(rows, tuple(grain if is_whole else rows.select(cs.string() | cs.date() | cs.boolean()).columns))


def _grains(settings: Settings) -> dict[tuple[str, str], list[str]]:
    manifest = json.loads((settings.warehouse / "dbt_project" / "target" / "manifest.json").read_text("utf-8"))
    nodes = {**manifest["nodes"], **manifest["sources"]}
    tests = [node for node in nodes.values() if (node.get("test_metadata") or {}).get("name") == "grain"]
    pairs = [(nodes[test["attached_node"]], test["test_metadata"]["kwargs"]["columns"]) for test in tests]
    return {(node["schema"], node.get("alias") or node["name"]): columns for node, columns in pairs}


def cells(tables: Tables, without: Excluded) -> int:
    """How many values are compared."""
    return sum(
        len(served.rows) * sum(column in served.key or not without(name, column) for column in served.rows.columns)
        for name, served in tables.items()
        if not without(name, WHOLE)
    )


def differences(expected: Tables, served: Tables, without: Excluded) -> list[Difference]:
    """Where `served` is not what is expected; without: columns that are not compared.

    Columns of a key are always compared, or rows would not find each other.
    """
    names = [name for name in sorted(expected) if not without(name, WHOLE)]
    return [apart for name in names for apart in _apart(name, expected[name], served[name], without)]


def _apart(table: str, expected: Served, served: Served, without: Excluded) -> list[Difference]:
    columns = [name for name in expected.rows.columns if name in expected.key or not without(table, name)]
    key = [name for name in expected.key if name in columns]
    ours, theirs = (_numbered(one.rows.select(columns), key) for one in (expected, served))
    both = ours.join(theirs, on=[*key, "_n"], how="full", suffix=" served", coalesce=True, nulls_equal=True)
    lost, gained = both.filter(pl.col("_here served").is_null()), both.filter(pl.col("_here").is_null())
    apart = [
        Difference(table, f"rows {word}", len(rows), len(ours), str(rows.select(key).row(0)))
        for word, rows in (("missing", lost), ("added", gained))
        if len(rows)
    ]
    same = both.filter(pl.col("_here") & pl.col("_here served"))
    for column in (name for name in columns if name not in key):
        off = same.filter(~_is_equal(table, column, expected.rows[column]))
        if len(off):
            shown = off.select(*key, column, f"{column} served").row(0)
            apart.append(Difference(table, column, len(off), len(same), str(shown)))
    return apart


def _numbered(rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows with their number among those of one key, for tables whose grain nobody states."""
    rows = rows.sort([*key, *rows.select(cs.numeric()).columns], nulls_last=True)
    return rows.with_columns(_here=pl.lit(True), _n=pl.int_range(pl.len()).over(key))


def _is_equal(table: str, column: str, values: pl.Series) -> pl.Expr:
    ours, theirs = pl.col(column), pl.col(f"{column} served")
    if not values.dtype.is_numeric():
        return ours.eq_missing(theirs)
    ours, theirs = ours.cast(pl.Float64), theirs.cast(pl.Float64)
    largest = float(values.cast(pl.Float64).fill_nan(None).abs().max() or 0)  # type: ignore[arg-type]
    exact = (CENTS if largest > 1 else EXACT) + EXACT * ours.abs()
    allowed = exact + LOOSE * ours.abs() + EXACT * 10 * largest if FITTED.match(table) else exact
    return ((ours - theirs).abs() <= allowed).fill_null(False) | ours.eq_missing(theirs)  # infinities too
