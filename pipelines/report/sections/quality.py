"""Data quality: how the runs ended, what the gates ask and found, how fresh the exports are, what was refused."""

from collections.abc import Iterator

from pipelines.report.blocks import Block
from pipelines.report.sections import record_health
from pipelines.report.served import Served

# The status file is called `status` where these queries are run: attach 'status.duckdb' as status.
RESULTS, RUN = "status.quality.results", "(select run_id from control.published)"


def blocks(served: Served) -> Iterator[Block]:
    """Gates, failures, runs, freshness, refused files and rows, empty columns, rules."""
    del served  # every query is the same for all companies
    yield _gates()
    yield _failures()
    yield _runs()
    yield _freshness()
    yield _refused_rows()
    yield _refused_files()
    yield from record_health.blocks()
    yield _filled()
    yield _rules()


def _gates() -> Block:
    query = f"""select gate, count(*) as check_count, count(*) filter (where outcome = 'passed') as passed_count,
    count(*) filter (where outcome <> 'passed' and severity <> 'critical') as warning_count,
    count(*) filter (where outcome <> 'passed' and severity = 'critical') as critical_count
from {RESULTS}
where run_id = {RUN}
group by gate
order by array_position(['raw', 'clean', 'marts', 'forecast'], gate)"""
    counts = ("check_count", "passed_count", "warning_count", "critical_count")
    forms = {"gate": "term:gate"} | dict.fromkeys(counts, "count")
    return Block("gates", {RESULTS: ("run_id", "gate", "outcome", "severity")}, query, forms)


_CHECKS = ("gate", "severity", "schema_name", "table_name", "column_name", "because", "observed", "outcome")


def _failures() -> Block:
    query = f"""select gate, severity, schema_name || '.' || table_name as served_table, column_name, because, observed,
    unexpected_count, unexpected_examples
from {RESULTS}
where run_id = {RUN} and outcome <> 'passed'
order by severity = 'critical' desc, served_table, column_name"""
    forms = {"gate": "term:gate", "severity": "term:severity", "served_table": "text", "column_name": "text"}
    forms |= {"because": "source", "observed": "source", "unexpected_count": "count", "unexpected_examples": "source"}
    needs = {RESULTS: ("run_id", *_CHECKS, "unexpected_count", "unexpected_examples")}
    return Block("failures", needs, query, forms, is_news_when_empty=True)


def _runs() -> Block:
    query = """select as_of, run_kind, outcome, failed_gate, finished_at, message
from status.quality.runs
order by finished_at desc
limit 20"""
    forms = {"as_of": "day", "run_kind": "term:run_kind", "outcome": "term:outcome", "failed_gate": "term:gate"}
    forms |= {"finished_at": "day", "message": "source"}
    return Block("runs", {"status.quality.runs": tuple(forms)}, query, forms)


def _freshness() -> Block:
    query = """select source_system, contract, freshness, last_exported_local_at, cadence_days, age_days, rejected_files
from status.quality.freshness
where freshness <> 'never' or is_required
order by array_position(['never', 'stale', 'late', 'fresh'], freshness), age_days desc, source_system, contract"""
    forms = {"source_system": "text", "contract": "text", "freshness": "term:freshness"}
    forms |= {"last_exported_local_at": "day", "cadence_days": "count", "age_days": "count", "rejected_files": "count"}
    return Block("freshness", {"status.quality.freshness": (*forms, "is_required")}, query, forms, shown=80)


def _refused_rows() -> Block:
    query = """select source_system, object, reason_code, count(*) as row_count, min(column_name) as column_name
from status.quality.quarantine
group by source_system, object, reason_code
order by row_count desc, source_system, object, reason_code"""
    forms = {"source_system": "text", "object": "term:object", "reason_code": "term:refusal", "row_count": "count"}
    needs = {"status.quality.quarantine": ("source_system", "object", "reason_code", "column_name")}
    return Block("refused_rows", needs, query, forms)


def _refused_files() -> Block:
    query = """select source_system, path, status, reason
from status.quality.files
where status in ('rejected', 'unclaimed')
order by source_system, path"""
    forms = {"source_system": "text", "path": "text", "status": "term:file_status", "reason": "source"}
    return Block("refused_files", {"status.quality.files": tuple(forms)}, query, forms, is_news_when_empty=True)


def _filled() -> Block:
    query = """select source_system, object, column_name, row_count, filled_count, filled_share, refused_count
from outlook.data_quality
where is_delivered and row_count > 0 and filled_share < 1
order by filled_share, row_count desc, source_system, object, column_name"""
    forms = {"source_system": "text", "object": "term:object", "column_name": "text", "row_count": "count"}
    forms |= {"filled_count": "count", "filled_share": "share", "refused_count": "count"}
    return Block("filled", {"outlook.data_quality": (*forms, "is_delivered")}, query, forms, shown=30)


def _rules() -> Block:
    query = f"""select gate, severity, schema_name || '.' || table_name as served_table, column_name, because, observed,
    outcome
from {RESULTS}
where run_id = {RUN}
order by array_position(['raw', 'clean', 'marts', 'forecast'], gate), served_table, column_name, because"""
    forms = {"gate": "term:gate", "severity": "term:severity", "served_table": "text", "column_name": "text"}
    forms |= {"because": "source", "observed": "source", "outcome": "term:outcome"}
    return Block("rules", {RESULTS: ("run_id", *_CHECKS)}, query, forms, shown=400)
