"""Any export as the long table that forecasting reads: `unique_id, ds, y`, in any dialect, header and date format."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contracts import NumberFormat
from pipelines.errors import AlmanacError
from pipelines.home.warehouse import quoted
from pipelines.ingest.casting.dates import ORDERS, moment_sql
from pipelines.ingest.casting.numbers import number_sql, plain_sql
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.options import FORMATS, is_continental
from pipelines.ingest.proposals.preview import read_table

MIN_SHARE = 0.9  # of the cells of a column: a tenth may be notes or missing values


def read_series(
    path: Path, *, unique_id: Sequence[str] = (), time: str | None = None, value: str | None = None
) -> pl.DataFrame:
    """The file's rows as `unique_id, ds, y`. unique_id: the columns that name a series, joined by `/`.

    Columns that are not given are those named `unique_id`, `ds` and `y`, otherwise the only column of dates or periods
    (202401, 2024-W05, 2024Q1, Jan 2024) and the only numeric one. Empty cells of `y` are gaps. Raises AlmanacError
    where a choice is open, a cell is unreadable, or two rows of a series have one date.
    """
    table, about = read_table(path)
    if refused := about["refused"]:
        first = refused[0]
        raise AlmanacError(f"{path}: {len(refused):,} rows cannot be read, first record {first.record}: {first.reason}")
    samples = {name: ColumnSample.of(table[name]) for name in table.columns}
    names = list(unique_id) or [name for name in ("unique_id",) if name in samples]
    unknown = [name for name in (*names, time, value) if name is not None and name not in samples]
    if unknown:
        raise AlmanacError(f"{path}: no column {unknown[0]}: found {_listed(list(samples))}")
    dates = [name for name, sample in samples.items() if sample.texts and _are_periods(sample) and name not in names]
    time = time or _only(
        path, "ds", "--time", [name for name in dates if samples[name].number_share < MIN_SHARE] or dates, samples
    )
    rest = {name: sample for name, sample in samples.items() if name not in (*names, time)}
    numbers = [name for name, sample in rest.items() if sample.texts and sample.number_share >= MIN_SHARE]
    value = value or _only(path, "y", "--value", numbers, samples)
    rows = _typed(path, table, names, time, value, samples)
    _one_per_period(path, table, rows, names, [name for name in rest if name != value])
    return rows


def _are_periods(sample: ColumnSample) -> bool:
    return sample.date_share >= MIN_SHARE or _period_formats(sample, MIN_SHARE) is not None


def _period_formats(sample: ColumnSample, share: float) -> list[str] | None:
    """The formats of a column of months, quarters, weeks or years; None where its cells are no periods."""
    kinds = (kind for kind in patterns()["periods"] if kind["formats"] and not kind.get("lacks_year"))
    fitting = (kind["formats"] for kind in kinds if sample.share(compiled(kind["pattern"]).fullmatch) >= share)
    return next(fitting, None)


def _one_per_period(path: Path, table: pl.DataFrame, rows: pl.DataFrame, names: list[str], others: list[str]) -> None:
    """Raise AlmanacError where a series has two rows of one date, with the column that would separate them."""
    repeated = rows.filter(pl.struct("unique_id", "ds").is_duplicated())
    if repeated.is_empty():
        return
    dated = table.with_columns(rows["unique_id"].alias("\0id"), rows["ds"].alias("\0ds"))
    separating = [
        name
        for name in others
        if not dated.select("\0id", "\0ds", name).is_duplicated().any() and 2 * table[name].n_unique() <= len(table)
    ]
    options = " ".join(f"--id {name}" for name in [*names, *separating[:1]])
    hint = f"separate the series with {options}" if separating else "sum them first"
    raise AlmanacError(f"{path}: series {repeated['unique_id'][0]!r} has several rows for {repeated['ds'][0]}: {hint}")


def _only(path: Path, name: str, option: str, candidates: list[str], samples: dict[str, ColumnSample]) -> str:
    if name in samples:
        return name
    if len(candidates) == 1:
        return candidates[0]
    what = "dates" if name == "ds" else "numbers"
    open_choice = (
        f"{_listed(candidates)} hold {what}" if candidates else f"no column of {what} among {_listed(list(samples))}"
    )
    raise AlmanacError(f"{path}: no column {name}, and {open_choice}: choose one with {option} COLUMN")


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(name if len(name) < 40 else f"{name[:37]}..." for name in names[:8]) + more


def _typed(
    path: Path, table: pl.DataFrame, names: list[str], time: str, value: str, samples: dict[str, ColumnSample]
) -> pl.DataFrame:
    form = _number_format(samples[value])
    if len(names) > 1:
        _refuse_shared_names(path, table, names)
    parts = " || '/' || ".join(f"coalesce(trim({quoted(name)}), '')" for name in names) or "'series'"
    ds, y = f"trim({quoted(time)})", f"nullif(trim({quoted(value)}), '')"
    with duckdb.connect() as connection:
        connection.register("cells", table.to_arrow())
        moment = _moment_sql(connection, path, time, ds, samples[time])
        query = f"select {parts} as unique_id, cast({moment} as date) as ds, {_number_sql(y, form)} as y"
        rows = connection.execute(f"{query}, {ds} as ds_text, {y} as y_text from cells").pl()
    _all_read(path, rows.filter(pl.col("ds").is_null()), time, "ds_text", "date")
    _all_read(path, rows.filter(pl.col("y").is_null() & pl.col("y_text").is_not_null()), value, "y_text", "number")
    return rows.select("unique_id", "ds", "y")


def _refuse_shared_names(path: Path, table: pl.DataFrame, names: list[str]) -> None:
    """Raise AlmanacError where two series would get one name: A/B of C and A of B/C."""
    tuples = table.select(pl.col(name).fill_null("").str.strip_chars() for name in names).unique()
    joined = tuples.select(pl.concat_str(names, separator="/")).to_series()
    if joined.n_unique() < tuples.height:
        shared = joined.filter(joined.is_duplicated())[0]
        raise AlmanacError(f"{path}: {shared!r} would name two series: remove the / from {' or '.join(names)}")


def as_numbers(texts: pl.Series) -> pl.Series:
    """Numbers as people write them (1,234.50, 1.234,50, 1.2万, €): double precision, NULL where a cell is none."""
    cells = pl.DataFrame({"cell": texts.cast(pl.String)})
    with duckdb.connect() as connection:
        connection.register("cells", cells.to_arrow())
        number = _number_sql("nullif(trim(cell), '')", _number_format(ColumnSample.of(cells["cell"])))
        return connection.execute(f"select {number} as number from cells").pl()["number"]


def _number_format(sample: ColumnSample) -> NumberFormat:
    return NumberFormat(thousands=".", decimal=",") if is_continental([sample]) else NumberFormat()


def _number_sql(text: str, form: NumberFormat) -> str:
    """SQL for the number: plain ones with all digits, other formats to eight decimals."""
    plain, careful = plain_sql(text, form, "double"), number_sql(text, form, "double")
    return f"coalesce({plain}, {careful})" if plain else careful


def _moment_sql(connection: duckdb.DuckDBPyConnection, path: Path, name: str, text: str, sample: ColumnSample) -> str:
    """SQL for the dates: serial numbers, year first, or whichever of day and month first reads more of the column."""
    reads = {order: _read_sql(text, order, sample) for order in ORDERS}
    sums = ", ".join(f"count({sql})" for sql in reads.values())
    differ = f"select {text} from cells where {reads['mdy']} is distinct from {reads['dmy']} limit 1"
    counts = dict(zip(reads, connection.execute(f"select {sums} from cells").fetchall()[0], strict=True))
    first = connection.execute(differ).fetchone()
    if first and counts["mdy"] == counts["dmy"]:
        raise AlmanacError(f"{path}: {name}: {first[0]!r} can be day/month or month/day: write dates as YYYY-MM-DD")
    return max(reads.items(), key=lambda item: counts[item[0]])[1]


def _read_sql(text: str, order: str, sample: ColumnSample) -> str:
    special = next((form for form, cell in FORMATS if sample.share(re.compile(cell).fullmatch) > 0.5), None)
    formats = [special] if special else _period_formats(sample, 0.5) or ()
    return moment_sql(text, formats, order, "UTC", is_date=True)


def _all_read(path: Path, rows: pl.DataFrame, name: str, text: str, kind: str) -> None:
    if rows.height:
        first = rows[text][0]
        shown = repr(first) if first else "empty"
        raise AlmanacError(f"{path}: {rows.height:,} cells of {name} are no {kind}, the first is {shown}")
