"""What people read at the end of a run, and when they ask how things stand."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb

from pipelines.decisions import log
from pipelines.gates import gates
from pipelines.home import events, runs, served, state
from pipelines.home.settings import Settings
from pipelines.serving import places, status
from pipelines.serving.status_tables import SHOWN_RUNS

Line = tuple[str, str]
_FRESHNESS_ORDER = ("fresh", "late", "stale")


def render(settings: Settings, unread: Sequence[Mapping[str, Any]] | None = None) -> str:
    """What the last run made, in a dozen lines, and where to look.

    unread: status, path and reason of each file that is in no table, in words that stay in the home.
    """
    status_now = status.read_status(settings)
    last = status_now["last_run"]
    title = f"Almanac: as of {last['as_of']}, {last['run_kind']} run {last['run_id'][:8]}: {last['outcome']}"
    lines = [*_files(status_now, unread), *_gates(status_now)]
    if last["outcome"] == "published" and not served.problem(settings):
        with duckdb.connect(str(settings.served_file), read_only=True) as connection:
            lines += [*_customers(settings, connection), *_business(connection), *_forecasts(connection)]
            lines += _waiting(connection)
            lines += _empty(connection)
        lines += past_events(settings)
    lines += [("refused", refusal) for refusal in log.latest_refusals(settings)]
    lines += _where(settings)
    return "\n".join(["", title, *(f"  {name:<12}{text}" for name, text in lines), ""])


def faults(settings: Settings) -> list[str]:
    """Exports that this machine could not read in the last run, each with the reason."""
    return list(json.loads(status.read_status(settings)["last_run"]["figures"]).get("faults", []))


def reason(settings: Settings) -> str:
    """Why the last run was not served, in one line."""
    last = state.read(settings, "runs").sort("finished_at").tail(1).to_dicts()[0]
    return str(last["message"] or last["outcome"])


def state_of(settings: Settings, unread: Sequence[Mapping[str, Any]]) -> str:
    """What is served, how fresh the objects of each system are, which files are in no table, how the last runs ended.

    unread: status, path and reason of each such file.
    """
    status_now = status.read_status(settings)
    lines: list[Line] = [("served", _served(settings))]
    lines += systems_lines(status_now["freshness"])
    lines += unread_lines(unread)
    for run in _last_runs(settings):
        why = f": {run['message']}" if run["message"] else ""
        lines.append((run["outcome"], f"as of {run['as_of']}, {run['run_kind']} {run['run_id'][:8]}{why}"))
    return "\n".join(f"{name:<12}{text}" for name, text in lines)


def _last_runs(settings: Settings) -> list[dict[str, Any]]:
    """The last runs by the log of the home, whose messages are whole, newest first."""
    return state.read(settings, "runs").sort("finished_at", descending=True).head(SHOWN_RUNS).to_dicts()


def _served(settings: Settings) -> str:
    """The run whose tables are served, as the file itself says, or why nobody can read them."""
    if why := served.problem(settings):
        return why
    run = runs.served(settings)
    return f"as of {run.as_of}, run {run.run_id[:8]}" if run else "nothing yet"


def systems_lines(freshness: list[dict[str, Any]]) -> Iterator[Line]:
    """A line per system that has sent something or must, called after its oldest object; those that wait share one."""
    waiting = []
    for system, found in groupby(freshness, key=itemgetter("source_system")):
        rows = list(found)
        sent = [row for row in rows if row["freshness"] != "never"]
        if sent:
            worst = max((row["freshness"] for row in sent), key=_FRESHNESS_ORDER.index)
            yield worst, f"{system}: {'; '.join(_objects(rows))}"
        elif rows[0]["is_required"]:
            yield "never", f"{system}: required, awaiting a first export"
        else:
            waiting.append(system)
    if waiting:
        yield "never", f"awaiting a first export: {', '.join(waiting)}"


def _objects(rows: list[dict[str, Any]]) -> Iterator[str]:
    """What is to be said of the objects of one system: its newest export, then those that are not fresh."""
    yield f"newest export {max(_day(row) for row in rows if row['freshness'] != 'never')}"
    for word in ("stale", "late"):
        named = [f"{_name(row)} ({_day(row)})" for row in rows if row["freshness"] == word]
        if named:
            yield f"{word}: {', '.join(named)}"
    if never := [_name(row) for row in rows if row["freshness"] == "never"]:
        yield f"awaiting a first export: {', '.join(never)}"


def _name(row: dict[str, Any]) -> str:
    """The object's name in its contract; a status of version 0.1 knows systems alone."""
    return str(row.get("contract") or "its exports")


def _day(row: dict[str, Any]) -> str:
    return str(row["last_exported_local_at"])[:10]


def _files(status_now: dict[str, Any], unread: Sequence[Mapping[str, Any]] | None) -> Iterator[Line]:
    figures = json.loads(status_now["last_run"]["figures"])
    yield "files", f"{figures['files_loaded']:,} loaded, {figures['files_rejected']:,} rejected"
    loaded, refused, control = (figures[f"rows_{kind}"] for kind in ("loaded", "quarantined", "control"))
    text = f"{figures['rows_in']:,} in = {loaded:,} loaded + {refused:,} quarantined + {control:,} control"
    yield "rows", text
    yield from unread_lines(status_now["rejected_files"] if unread is None else unread)
    yield from (("unread", fault) for fault in figures.get("faults", ()))
    yield from (("same day", tie) for tie in figures.get("ties", ()))


def unread_lines(files: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """A line per reason and folder, so that a folder of a year's exports that nobody claims does not hide the rest."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for file in files:
        group = (file["status"], str(Path(file["path"]).parent), file["reason"] or "no contract names it")
        groups.setdefault(group, []).append(file["path"])
    for (status_word, _, why), paths in sorted(groups.items()):
        more = f" and {len(paths) - 1:,} more there" if len(paths) > 1 else ""
        yield status_word, f"{min(paths)}{more}: {why}"


def _gates(status_now: dict[str, Any]) -> Iterator[Line]:
    held = {gate["gate"]: gate for gate in status_now["gates"]}
    counts = [_passed(held[name]) if name in held else f"{name} not reached" for name in gates.GATES]
    yield "gates", ", ".join(counts)
    for failure in status_now["failures"]:
        where = ".".join(part for part in (failure["table_name"], failure["column_name"]) if part)
        yield failure["severity"], f"{where}: {failure['because']}"


def _passed(gate: dict[str, Any]) -> str:
    return f"{gate['gate']} {gate['passed']} of {gate['passed'] + gate['failed'] + gate['error']} passed"


def _customers(settings: Settings, connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    query = "select count(*), count(distinct customer_id) from marts.customer_crosswalk"
    records, customers = connection.execute(query).fetchall()[0]
    yield "customers", f"{records:,} records of all systems are {customers:,} customers"
    truth = settings.home / "truth" / "accounts.parquet"
    if truth.is_file():
        precision, recall = match_quality(connection, str(truth))
        yield "", f"against the known truth: precision {precision:.3f}, recall {recall:.3f}"
    yield from words_that_reach_nobody(connection)


def words_that_reach_nobody(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """A warning where rows of match_overrides name records that no system ever had."""
    query = """
        select count(*), min_by(reason, (source_system_l, source_id_l, source_system_r, source_id_r))
        from marts.customer_reviews where kind = 'unknown_record'
    """
    count, first = connection.execute(query).fetchall()[0]
    if count:
        more = f" (and {count - 1:,} more in marts.customer_reviews)" if count > 1 else ""
        yield "warning", f"match_overrides.csv: {first}{more}"


def match_quality(connection: duckdb.DuckDBPyConnection, truth: str) -> tuple[float, float]:
    """Pairwise precision and recall of the crosswalk. truth: Parquet of source_system, source_id, true_customer_id."""
    query = """
        with records as (
            select found.customer_id, known.true_customer_id
            from marts.customer_crosswalk as found
            join read_parquet(?) as known using (source_system, source_id)
        ),

        groups as (
            select customer_id, true_customer_id, count(*) as n from records group by all
        ),

        pairs as (
            select
                (select sum(n * (n - 1)) from groups) as agreed,
                (select sum(n * (n - 1)) from (select count(*) as n from records group by customer_id)) as claimed,
                (select sum(n * (n - 1)) from (select count(*) as n from records group by true_customer_id)) as real
        )

        select agreed / nullif(claimed, 0), agreed / nullif(real, 0) from pairs
    """
    precision, recall = connection.execute(query, [truth]).fetchall()[0]
    return precision or 0.0, recall or 0.0


def _business(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    query = "select count(*), count(distinct opportunity_id) from marts.opportunity_crosswalk"
    records, deals = connection.execute(query).fetchall()[0]
    yield "deals", f"{records:,} records are {deals:,} deals"
    query = "select count(*), sum(amount_base), min(invoiced_on), max(invoiced_on) from marts.revenue"
    lines, amount, first, last = connection.execute(query).fetchall()[0]
    yield (
        "revenue",
        f"{amount or 0:,.2f} on {lines:,} lines, {first} to {last}" if lines else "no line of an invoice or order",
    )


def _forecasts(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    query = """
        select count(distinct unique_id), count(*), min(period_start), max(period_start),
            count(distinct unique_id) filter (where fallback_reason is not null)
        from forecast.latest
        where scenario = 'base'
    """
    series, rows, first, last, naive = connection.execute(query).fetchall()[0]
    yield "forecasts", f"{series} series, {rows} periods from {first} to {last}, {naive} by the naive fallback"


def past_events(settings: Settings) -> Iterator[Line]:
    """A warning where events of the seed lie before the first published version: nothing was there to be revised."""
    first, past = events.before_first_version(settings)
    if past:
        why = f"before the first published version ({first}), so no revision is issued"
        yield "warning", f"forecast_events.csv: {', '.join(past)}: {why}"


def _waiting(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """A line per month and source object that it waits for: such a month is left out of history and scores."""
    query = """
        select string_agg(metric, ', ' order by metric), any_value(waits_for)
        from marts.period_completeness
        where period = 'month' and status = 'waiting'
        group by source_system, contract, period_start
        order by period_start, source_system, contract
    """
    for metrics, sentence in connection.execute(query).fetchall():
        yield "waiting", f"{metrics}: {sentence}"


def _empty(connection: duckdb.DuckDBPyConnection) -> Iterator[Line]:
    """The served tables without a row: nobody has sent what they need."""
    query = """
        select schema_name || '.' || table_name from control.tables
        where row_count = 0 and renamed_to is null
        order by all
    """
    names = [name for (name,) in connection.execute(query).fetchall()]
    if names:
        yield "no rows", f"{len(names)} tables, left out of pages and workbooks: {', '.join(names)}"


def _where(settings: Settings) -> Iterator[Line]:
    if settings.served_file.is_file():
        yield "tables", str(settings.served_file)
        yield "parquet", str(settings.published / "parquet" / "latest")
    else:
        yield "tables", "nothing is served yet"
    yield "status", str(settings.published / "status.duckdb")
    almanac = f"{Path(sys.executable).with_name('almanac')} --home {settings.home}"
    for command in ("status", "docs", "dev"):
        yield "next" if command == "status" else "", f"{almanac} {command}"
    if (books := places.workbooks(settings)).is_dir():
        yield "workbooks", str(books)
    if (page := places.first_page(settings)).is_file():
        yield "pages", str(page)
