"""The tables of the status file: collected from state, the working file and what is served, and summed up.

Where the working file cannot be opened, what the last status file knew of files and refused rows stays: an empty list
would look like good news.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.contracts.quarantine import FAULTS, REASONS
from pipelines.decisions import log
from pipelines.errors import AlmanacError
from pipelines.gates import freshness, gates
from pipelines.home import state, warehouse
from pipelines.home.settings import Settings
from pipelines.home.warehouse import literal
from pipelines.serving import descriptions, places

SHOWN_RUNS = 10  # in `status.json`: about a week and a half of nights; the table has all
SERVED_SCHEMAS = ("marts", "forecast", "outlook")
TOLD_WHOLE = ("unclaimed", "demo_home", "empty_file", "password", "changing")  # reasons that quote nothing of a file
_EXAMPLES = ("unexpected_examples", "unexpected_keys")
ABOUT = {
    "results": "One row per check of a gate in a run: outcome, observed value, first offenders, why it matters.",
    "quarantine": "One row per refused row of an export: file, record and all its faults. Raw text is never shown.",
    "files": "One row per export file ever seen, with its counts: rows in = loaded + quarantined + control rows.",
    "freshness": "One row per source system and object: its newest export at the last as_of against its cadence.",
    "served": "One row per table of the served file.",
    "decisions": "One row per answer of a review workbook: taken, known, or refused, with its sheet and cell.",
    "runs": "One row per run, failed ones included: what it was for, how it ended, and which gate stopped it.",
}
_QUARANTINE = ("file_id", "source_system", "object", "column_name", "source_id", "reason_code", "reason")
_EMPTY: dict[str, dict[str, Any]] = {
    "quarantine": {**dict.fromkeys(_QUARANTINE, pl.String), "record": pl.Int64, "byte_offset": pl.Int64}
    | {"faults": FAULTS},
    "files": {
        **dict.fromkeys(("file_id", "source_system", "object", "path", "status", "reason"), pl.String),
        **dict.fromkeys(("rows_in", "rows_loaded", "rows_quarantined", "rows_control"), pl.Int64),
    },
    "freshness": {
        **dict.fromkeys(("source_system", "contract", "object", "title", "freshness"), pl.String),
        "last_exported_at": pl.Datetime("us"),
        **dict.fromkeys(("cadence_days", "age_days", "rejected_files"), pl.Int64),
    },
    "served": {
        **dict.fromkeys(("run_id", "schema_name", "table_name"), pl.String),
        "as_of": pl.Date,
        "published_at": pl.Datetime("us"),
        "row_count": pl.Int64,
    },
    "results": dict(gates.RESULT_COLUMNS),
    "decisions": log.COLUMNS,
}


def collect(settings: Settings) -> dict[str, pl.DataFrame]:
    """Every table but `runs`, by name; a table of which nothing is known is empty."""
    tables = {name: pl.DataFrame(schema=schema) for name, schema in _EMPTY.items()}
    kept = state.read(settings, "quality")
    if not kept.is_empty():
        tables["results"] = _public_results(kept.sort("as_of", "run_id", maintain_order=True))
    tables["decisions"] = log.read(settings)
    try:
        tables |= dict(_from_working_file(settings))
    except (AlmanacError, duckdb.Error):
        tables |= dict(_last_known(settings))
    tables |= dict(_from_served_file(settings))
    return tables


def _from_working_file(settings: Settings) -> Iterator[tuple[str, pl.DataFrame]]:
    with warehouse.read(settings) as connection:
        query = "select schema_name || '.' || table_name from duckdb_tables()"
        tables = {name for (name,) in connection.execute(query).fetchall()}
        if "quality.quarantine" in tables:
            yield "quarantine", _public_quarantine(connection)
        if "control.files" in tables:
            yield "files", _public_files(connection.execute("select * from control.files order by all").pl())
        if freshness.is_measurable(connection):
            yield "freshness", freshness.measure(connection).pl()


def _public_quarantine(connection: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Refused rows without any text of their cells: a row that has shifted holds a person's in any column.

    So its id, which is a cell, is left out too: file, record and byte offset find it in the home. Rows of earlier
    versions have no list of faults, but one column and code.
    """
    cases = " ".join(f"when {literal(code)} then {literal(text)}" for code, text in REASONS.items())
    words = f"case fault.reason_code {cases} else replace(coalesce(fault.reason_code, 'unknown'), '_', ' ') end"
    query = f"""
        with listed as (
            select
                * exclude (raw_text)
                replace (
                    cast(null as varchar) as source_id,
                    coalesce(
                        faults, [{{'column_name': column_name, 'reason_code': reason_code, 'reason': reason}}]
                    ) as faults
                )
            from quality.quarantine
        ),

        public as (
            select * replace (list_transform(faults, lambda fault: struct_update(
                fault, reason := concat_ws(': ', fault.column_name, {words})
            )) as faults)
            from listed
        )

        select * replace (array_to_string(list_transform(faults, lambda fault: fault.reason), '; ') as reason)
        from public
        order by all
    """
    return connection.execute(query).pl()


def _public_files(files: pl.DataFrame) -> pl.DataFrame:
    """Files whose reasons quote nothing of them: where a file has no header its first row would stand there."""
    if "reason_code" not in files.columns:
        return files
    words = pl.col("reason_code").str.replace_all("_", " ") + ": `almanac status` says more"
    is_told = pl.col("reason_code").is_in(TOLD_WHOLE) | (pl.col("reason_code").fill_null("") == "")
    shown = files.with_columns(reason=pl.when(is_told).then("reason").otherwise(words))
    return shown.with_columns(warnings=pl.lit(None, pl.String)) if "warnings" in shown.columns else shown


def _public_results(results: pl.DataFrame) -> pl.DataFrame:
    """Results without examples of values that are served nowhere else."""
    is_served = pl.col("schema_name").is_in(SERVED_SCHEMAS)
    return results.with_columns(pl.when(is_served).then(name).alias(name) for name in _EXAMPLES)


def public_runs(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs by their start. What an error quotes may be a cell; the log of runs in the home keeps the whole message."""
    quoted_text = r"""(?s)['"].*['"]"""
    return runs.sort("started_at", "run_id").with_columns(pl.col("message").str.replace(quoted_text, "..."))


def _last_known(settings: Settings) -> Iterator[tuple[str, pl.DataFrame]]:
    path = settings.published / "status.duckdb"
    if path.is_file() and _is_readable(path):
        with duckdb.connect(str(path), read_only=True) as connection:
            for name in ("quarantine", "files", "freshness"):
                yield name, connection.execute(f"select * from quality.{name}").pl()


def _from_served_file(settings: Settings) -> Iterator[tuple[str, pl.DataFrame]]:
    path = places.served_file(settings)
    if path.is_file() and _is_readable(path):
        query = """
            select
                published.run_id, published.as_of, published.published_at,
                tables.schema_name, tables.table_name, tables.row_count
            from control.published as published
            cross join control.tables as tables
            anti join duckdb_views() as old_names
                on tables.schema_name = old_names.schema_name and tables.table_name = old_names.view_name
            order by tables.schema_name, tables.table_name
        """
        with duckdb.connect(str(path), read_only=True) as connection:
            yield "served", connection.execute(query).pl()


def _is_readable(path: Path) -> bool:
    """A file that is damaged must not keep a run from being recorded; `almanac status` and `doctor` tell of it."""
    try:
        duckdb.connect(str(path), read_only=True).close()
    except duckdb.Error:
        return False
    return True


def write(path: Path, tables: dict[str, pl.DataFrame]) -> None:
    """A new DuckDB file with the tables in the schema `quality`."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("set enable_progress_bar = false; create schema quality")  # a bar would mix with our lines
        written = [name for name in ABOUT if name in tables]
        for name in written:
            warehouse.replace_table(connection, "quality", name, tables[name])
        comments: dict[descriptions.CommentKey, str] = {("quality", name, None): ABOUT[name] for name in written}
        descriptions.write_comments(connection, comments, _catalog(connection))


def served_run(file: Path) -> str:
    """The run whose tables a served file holds."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return str(connection.execute("select run_id from control.published").fetchall()[0][0])


def _catalog(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("select current_database()").fetchall()[0][0])


def blocking(results: pl.DataFrame, run_id: str) -> pl.DataFrame:
    """The results that kept the run from being served, in the order of the gates."""
    critical = (pl.col("severity") == "critical") & (pl.col("outcome") != "passed")
    return _of_run(results, run_id).filter(critical)


def _of_run(results: pl.DataFrame, run_id: str) -> pl.DataFrame:
    order = pl.Enum(list(gates.GATES))
    return results.filter(pl.col("run_id") == run_id).sort(pl.col("gate").cast(order), maintain_order=True)


def figures(tables: dict[str, pl.DataFrame], run_id: str) -> dict[str, int]:
    """What every run is summed up by: files and rows seen so far, and the checks of this run."""
    files, results = tables["files"], tables["results"].filter(pl.col("run_id") == run_id)
    loaded = files.filter(pl.col("status") == "loaded")
    rows = {name: int(loaded[name].sum() or 0) for name in files.columns if name.startswith("rows_")}
    outcomes = {outcome: int((results["outcome"] == outcome).sum()) for outcome in ("passed", "failed", "error")}
    return {
        "files_loaded": loaded.height,
        "files_rejected": int((files["status"] == "rejected").sum()),
        **rows,
        **{f"checks_{outcome}": count for outcome, count in outcomes.items()},
    }


def summary(tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """The status in one small dictionary, newest run first; only the last run's checks are told in detail."""
    runs = tables["runs"].sort("finished_at", descending=True).head(SHOWN_RUNS).to_dicts()
    results = _of_run(tables["results"], runs[0]["run_id"])
    shown = ("gate", "schema_name", "table_name", "column_name", "expectation", "severity", "outcome", "observed")
    rejected = tables["files"].filter(pl.col("status").is_in(["rejected", "unclaimed"]))
    refused = tables["quarantine"].group_by("source_system", "object", "reason_code").len("rows")
    counts = results.group_by("gate", maintain_order=True).agg(
        (pl.col("outcome") == outcome).sum().alias(outcome) for outcome in ("passed", "failed", "error")
    )
    return {
        "last_run": runs[0],
        "runs": runs,
        "gates": counts.to_dicts(),
        "failures": results.filter(pl.col("outcome") != "passed").select(*shown, "exception", "because").to_dicts(),
        "freshness": tables["freshness"].to_dicts(),
        "quarantine": refused.sort("rows", "source_system", "object", "reason_code", descending=True).to_dicts(),
        "rejected_files": rejected.select("source_system", "path", "status", "reason").to_dicts(),
        "served": _served(tables["served"]),
    }


def _served(served: pl.DataFrame) -> dict[str, Any] | None:
    if served.is_empty():
        return None
    names = [f"{schema}.{table}" for schema, table in served.select("schema_name", "table_name").iter_rows()]
    head = served.select("run_id", "as_of", "published_at").row(0, named=True)
    return {**head, "tables": dict(zip(names, served["row_count"].to_list(), strict=True))}
