"""Names keep to closed lists (docs/naming.md): prefixes of layers, suffixes of columns, what is promised to readers."""

import ast
import re
from collections.abc import Callable, Iterator

import duckdb
import polars as pl
import pytest
import yaml
from conftest import REPOSITORY, Built, found

from forecasts.output import schemas
from pipelines.home import warehouse
from pipelines.serving import renamed, status_tables

MODELS = REPOSITORY / "dbt_project" / "models"
NAMING = (REPOSITORY / "docs" / "naming.md").read_text(encoding="utf-8")
LAYERS = {"staging": "stg_", "matching": "mtc_", "intermediate": "int_", "marts": "", "outlook": ""}
ALIASES = {"marts_stages": "stages"}  # a seed has that name in dbt

# The tables that readers of the served files rely on. Add freely; a rename belongs into serving/renamed.py.
PROMISED = {
    "marts": (
        "customer_360 customer_crosswalk opportunity_crosswalk opportunities revenue orders receipts calendar products "
        "reps stages targets stage_history record_lineage series_history funnel sales_cycle win_rate rep_performance "
        "pipeline_changes"
    ),
    "forecast": "series values latest backtest",
    "outlook": "forecast_vs_actual forecast_accuracy target_gap alerts review_queue deal_risk data_quality",
    "quality": "results quarantine files runs",
}

Column = tuple[str, str, str]  # schema.table, column, type
WINDOW = r"(_12m|_90d)?$"  # a suffix for the window that a figure looks back on may follow
DATE, TIMESTAMP, TEXT, BOOLEAN = "DATE", "TIMESTAMP", "VARCHAR", "BOOLEAN"
INTEGER, DECIMAL, NUMBER = "BIGINT|INTEGER", r"DECIMAL\(.*\)", r"BIGINT|INTEGER|DOUBLE|DECIMAL\(.*\)"
RULES = [  # the first that fits a name decides its type
    (r"_source$", TEXT),
    (r"_on$", DATE),
    (r"_at$", TIMESTAMP),
    (r"^(is|has)_", BOOLEAN),
    (r"_count" + WINDOW, INTEGER),
    (r"(^|_)(amount|amount_base)" + WINDOW, DECIMAL),
    (r"(^|_)(rate|share)" + WINDOW, NUMBER),
    (r"_days" + WINDOW, NUMBER),
    (r"_id(_l|_r)?$", TEXT),
    (r"_(code|name)(_l|_r)?$", TEXT),
]
ENDINGS = {  # how a column of a type must be called
    DATE: r"(_on|_start|_end|_from|_to|(^|_)as_of|^day|^ds|^cutoff|^(first|last)_period)$",
    TIMESTAMP: r"_at$",
    BOOLEAN: r"^(is|has)_",
}
METRIC = "of any metric, money or a count: a double like the forecasts it is added to"
EXCEPTIONS = {
    "marts.exchange_rates.rate": "units of base currency, not a share",
    "marts.*.base_rate": "units of base currency, not a share",
    "marts.win_rate.win_rate_by_amount": "a rate; by_amount says how deals are weighted",
    "marts.customers.birth_date": "the contracts' and the world's word",
    "outlook.target_gap.target_amount": METRIC,
    "outlook.target_gap.closed_amount": METRIC,
    "outlook.target_gap.expected_amount": METRIC,
    "outlook.target_gap.reachable_amount": METRIC,
    "outlook.target_progress.closed_amount": METRIC,
    "outlook.submitted_forecasts.amount": METRIC,
    "outlook.*.average_won_amount_base": "a mean, not a sum of money",
    "outlook.open_deals.median_amount_base": "a median, not a sum of money",
}


def is_excepted(table: str, column: str) -> bool:
    schema = table.split(".")[0]
    return bool({f"{table}.{column}", f"{schema}.*.{column}"} & EXCEPTIONS.keys())


def violations(columns: list[Column]) -> Iterator[str]:
    for table, column, data_type in columns:
        if is_excepted(table, column):
            continue
        expected = next((types for pattern, types in RULES if re.search(pattern, column)), ".*")
        ending = ENDINGS.get(data_type, "")
        if not re.fullmatch(expected, data_type) or not re.search(ending, column):
            yield f"{table}.{column} is {data_type}"


def declared() -> list[Column]:
    """What dbt's contracts and the forecast schemas declare: every served column, without a build."""
    columns = []
    for schema in ("marts", "outlook"):
        for path in found((MODELS / schema).glob("*.yml")):
            for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
                table = f"{schema}.{ALIASES.get(model['name'], model['name'])}"
                columns += [(table, column["name"], column["data_type"].upper()) for column in model["columns"]]
    types = {pl.String(): TEXT, pl.Date(): DATE, pl.Int64(): "BIGINT", pl.Float64(): "DOUBLE", pl.Boolean(): BOOLEAN}
    for name in ("VALUES", "BACKTEST", "SERIES", "ACCURACY"):
        columns += [(f"forecast.{name.lower()}", column, types[t]) for column, t in getattr(schemas, name).items()]
    return columns


def test_declared_columns_have_the_type_that_their_name_promises() -> None:
    assert list(violations(declared())) == []


@pytest.mark.parametrize(
    ("column", "data_type"),
    [
        ("closed_on", TIMESTAMP),
        ("closed", DATE),
        ("won", BOOLEAN),
        ("is_won", "BIGINT"),
        ("deal_count", "DOUBLE"),
        ("won_amount_base", "DOUBLE"),
        ("customer_id_l", "BIGINT"),
        ("open_days", TEXT),
        ("win_rate_12m", TEXT),
    ],
)
def test_a_name_that_promises_another_type_is_reported(column: str, data_type: str) -> None:
    assert list(violations([("marts.t", column, data_type)]))


def test_every_exception_names_a_served_column() -> None:
    columns = {(table, column) for table, column, _ in declared()}
    names = {name for t, c in columns for name in (f"{t}.{c}", f"{t.split('.')[0]}.*.{c}")}
    assert EXCEPTIONS.keys() - names == set()


@pytest.fixture(scope="module")
def served(built: Built) -> Iterator[Callable[[str], list[tuple]]]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.served}' as served (read_only)")
        connection.execute(f"attach '{built.settings.published / 'status.duckdb'}' as status (read_only)")
        yield lambda query: connection.execute(query).fetchall()


def test_served_columns_have_the_type_that_their_name_promises(served: Callable[[str], list[tuple]]) -> None:
    old_columns = {
        (f"{schema}.{table}", old) for (schema, table), names in renamed.RENAMED_COLUMNS.items() for old in names
    }
    columns = served(
        """
        select schema_name || '.' || table_name, column_name, data_type
        from duckdb_columns()
        semi join duckdb_tables() using (database_name, schema_name, table_name)
        where database_name in ('served', 'status')
        """
    )
    assert list(violations([column for column in columns if column[:2] not in old_columns])) == []


def test_rates_and_shares_lie_between_0_and_1(served: Callable[[str], list[tuple]]) -> None:
    columns = served(
        """
        select schema_name || '.' || table_name, column_name
        from duckdb_columns()
        where database_name = 'served' and data_type <> 'VARCHAR'
            and regexp_matches(column_name, '(^|_)((rate|share)(_12m)?|probability|rate_by_amount)$')
        """
    )
    assert len(columns) > 10
    old_columns = {old for names in renamed.RENAMED_COLUMNS.values() for old in names}
    for table, column in columns:
        if not column.endswith("by_amount") and (is_excepted(table, column) or column in old_columns):
            continue
        outside = f"select count(*) from served.{table} where {column} not between 0 and 1"
        assert served(outside) == [(0,)], f"{table}.{column}"


def test_promised_tables_are_declared() -> None:
    tables = {table for table, _, _ in declared()} | {f"quality.{name}" for name in status_tables.ABOUT}
    tables |= {"forecast.latest"}  # of the columns of forecast.values
    assert {f"{schema}.{name}" for schema, names in PROMISED.items() for name in names.split()} - tables == set()


def test_no_table_is_called_by_an_old_name() -> None:
    tables = {table for table, _, _ in declared()}
    for (schema, old), new in renamed.RENAMED_TABLES.items():
        assert f"{schema}.{new}" in tables and f"{schema}.{old}" not in tables
    columns = {(table, column) for table, column, _ in declared()}
    for (schema, table), names in renamed.RENAMED_COLUMNS.items():
        for old, new in names.items():
            assert (f"{schema}.{table}", new) in columns and (f"{schema}.{table}", old) not in columns
    pages = [*sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "README.md"]
    old_names = "|".join(old for _, old in renamed.RENAMED_TABLES)
    assert [page.name for page in pages if re.search(rf"\b({old_names})\b", page.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("layer", LAYERS)
def test_models_carry_the_prefix_of_their_layer(layer: str) -> None:
    prefixes = [prefix for prefix in LAYERS.values() if prefix]
    for path in found((MODELS / layer).glob("*.sql")):
        own = next((prefix for prefix in prefixes if path.stem.startswith(prefix)), "")
        assert own == LAYERS[layer] and (not path.stem.startswith(layer) or path.stem in ALIASES), path


def test_layers_and_schemas_are_those_of_the_naming_page() -> None:
    folders = {path.name for path in MODELS.iterdir() if path.is_dir()} - {"sources"}
    assert folders == LAYERS.keys()
    for name in (*warehouse.PYTHON_SCHEMAS, *folders, "policy", *filter(None, LAYERS.values())):
        assert f"`{name}`" in NAMING, name


VAGUE = {"found", "place", "said", "told", "known", "some", "one", "other"}
LINES = 5  # a vague name that is read within these needs no better one


def vague_locals() -> Iterator[str]:
    """Arguments and variables whose name says nothing of what they hold, where they live long."""
    paths = (p for package in ("pipelines", "forecasts", "expectations") for p in (REPOSITORY / package).rglob("*.py"))
    for path in sorted(paths):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                for name, lines in _lines_of_names(function).items():
                    if name in VAGUE and max(lines) - min(lines) >= LINES:
                        yield f"{path.relative_to(REPOSITORY)}:{min(lines)} {name}"


def _lines_of_names(function: ast.AST) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.arg):
            lines.setdefault(node.id if isinstance(node, ast.Name) else node.arg, []).append(node.lineno)
    return lines


def test_no_vague_local_lives_beyond_five_lines() -> None:
    assert list(vague_locals()) == []
