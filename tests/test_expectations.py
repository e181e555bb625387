"""The engine of the gates: suites are refused where they say nonsense, and a result says what it means."""

import json
from pathlib import Path

import duckdb
import pytest

from expectations import engine
from expectations.results import CheckResult
from expectations.suite import GATES, SuiteError, load_suites, matching

REPOSITORY = Path(__file__).resolve().parent.parent
SHIPPED = REPOSITORY / "expectations" / "suites"
NOT_NULL = "expectation: expect_column_values_to_not_be_null, column: amount"
WHY = "severity: critical, because: An invoice without an amount is not counted."


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Invoices 1 to 100, of which 7 and 70 have no amount; an empty table; a name in Chinese."""
    path = tmp_path_factory.mktemp("gates") / "small.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create schema raw;
            create table raw.invoices as
            select i as invoice_id, case when i not in (7, 70) then 10 * i end as amount, '客户' || i as customer
            from range(1, 101) as t(i);
            create table raw.orders (invoice_id integer, amount integer, customer varchar);
            """
        )
    return path


def written(folder: Path, text: str, place: str = "raw/invoices.yml") -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def checked(tmp_path: Path, database: Path, *entries: str, table: str = "raw.invoices") -> list[CheckResult]:
    listed = "".join(f"\n  - {{{entry}}}" for entry in entries)
    written(tmp_path, f"table: {table}\nkey: [invoice_id]\nexpectations:{listed}\n")
    return engine.run_gate(database, load_suites([tmp_path])["raw"])


def sql(query: str, severity: str = "critical") -> str:
    rule = f'expectation: unexpected_rows_expectation, unexpected_rows_query: "{query}"'
    return f"{rule}, severity: {severity}, because: A rule of the test."


def test_a_failed_rule_names_its_offenders_and_why_it_matters(tmp_path: Path, database: Path) -> None:
    (found,) = checked(tmp_path, database, f"{NOT_NULL}, {WHY}")
    assert (found.outcome, found.unexpected_count, found.observed) == ("failed", 2, "2 of 100 rows")
    assert json.loads(found.unexpected_keys) == [{"invoice_id": 7, "amount": None}, {"invoice_id": 70, "amount": None}]
    assert found.because == "An invoice without an amount is not counted."
    assert found.is_blocking


def test_a_rule_in_sql_may_use_regular_expressions_and_other_tables(tmp_path: Path, database: Path) -> None:
    unmatched, matched = checked(
        tmp_path,
        database,
        sql("select invoice_id from {batch} where not regexp_full_match(customer, '客户[0-9]')"),
        sql("select * from {batch} semi join raw.orders using (invoice_id) where customer like '%客%'"),
    )
    assert (unmatched.outcome, unmatched.unexpected_count) == ("failed", 91)
    assert json.loads(unmatched.unexpected_keys)[0] == {"invoice_id": 10}
    assert len(json.loads(unmatched.unexpected_keys)) == engine.EXAMPLES
    assert matched.outcome == "passed"


def test_results_come_in_the_order_of_the_suite(tmp_path: Path, database: Path) -> None:
    entries = [
        sql("select 1 where false"),
        f"{NOT_NULL}, {WHY}",
        f"expectation: expect_table_row_count_to_be_between, min_value: 1, {WHY}",
        f"expectation: expect_column_values_to_be_unique, column: invoice_id, {WHY}",
    ]
    found = checked(tmp_path, database, *entries)
    assert [result.expectation.split("_")[1] for result in found] == ["rows", "column", "table", "column"]
    assert [result.outcome for result in found] == ["passed", "failed", "passed", "passed"]


@pytest.mark.parametrize(
    "entry",
    [
        f"expectation: expect_column_values_to_not_be_null, column: no_such_column, {WHY}",
        f'expectation: expect_column_values_to_match_regex, column: customer, regex: "客", {WHY}',
        sql("select no_such_column from {batch}"),
    ],
)
def test_a_check_that_errors_is_an_error_and_not_bad_data(tmp_path: Path, database: Path, entry: str) -> None:
    broken, sound = checked(tmp_path, database, entry, f"{NOT_NULL}, {WHY}")
    assert broken.outcome == "error"
    assert broken.exception
    assert broken.is_blocking
    assert "could not be checked" in broken.sentence
    assert sound.outcome == "failed", "the other checks of the suite are still made"


def test_a_warning_never_blocks_whether_it_fails_or_errors(tmp_path: Path, database: Path) -> None:
    found = checked(
        tmp_path, database, sql("select * from {batch}", "warning"), sql("select nothing from {batch}", "warning")
    )
    assert [result.outcome for result in found] == ["failed", "error"]
    assert not any(result.is_blocking for result in found)


def test_an_empty_table_has_no_bad_rows(tmp_path: Path, database: Path) -> None:
    entries = [
        f"{NOT_NULL}, {WHY}",
        f"expectation: expect_column_values_to_be_between, column: amount, min_value: 0, {WHY}",
        sql("select * from {batch} where amount is null"),
    ]
    found = checked(tmp_path, database, *entries, table="raw.orders")
    assert [result.outcome for result in found] == ["passed"] * 3


def test_a_missing_table_is_an_error_of_every_entry(tmp_path: Path, database: Path) -> None:
    (found,) = checked(tmp_path, database, f"{NOT_NULL}, {WHY}", table="raw.receipts")
    assert (found.outcome, found.exception) == ("error", "table raw.receipts does not exist")


def test_a_pattern_stands_for_every_table_it_matches(tmp_path: Path, database: Path) -> None:
    found = checked(tmp_path, database, f"{NOT_NULL}, {WHY}", table="raw.*")
    assert [(result.table, result.outcome) for result in found] == [("invoices", "failed"), ("orders", "passed")]


def test_the_file_is_free_for_writers_as_soon_as_the_gate_is_done(tmp_path: Path, database: Path) -> None:
    checked(tmp_path, database, f"{NOT_NULL}, {WHY}", sql("select nothing from {batch}"))
    with duckdb.connect(str(database)) as connection:
        connection.execute("create or replace table raw.proof as select 1")
        connection.execute("drop table raw.proof")


REFUSED = [
    ("table: raw.a\nexpectation: []", "unknown keys expectation"),
    ("table: a\nexpectations: []", "must be written schema.table"),
    ("table: raw.a", "`expectations:` must be a list"),
    ("gate: marts\ntable: raw.a\nexpectations: []", "the name of its folder"),
    ("- table: raw.a", "must hold `table:`"),
    ("table: [raw", "not YAML"),
    (f"table: raw.a\nexpectations:\n  - {{{NOT_NULL}, because: We need it here.}}", "entry 1 .*`severity:`"),
    (f"table: raw.a\nexpectations:\n  - {{{NOT_NULL}, severity: fatal, because: We need it.}}", "`severity:`"),
    (f"table: raw.a\nexpectations:\n  - {{{NOT_NULL}, severity: critical}}", "`because:` must say"),
    ("table: raw.a\nexpectations:\n  - {column: amount}", "entry 1 needs `expectation:`"),
    (f"table: raw.a\nexpectations:\n  - {{expectation: expect_wonders, {WHY}}}", "no expectation of this name"),
    (f"table: raw.a\nexpectations:\n  - {{{NOT_NULL}, colour: red, {WHY}}}", "entry 1 .*colour"),
    (f"table: raw.a\nexpectations:\n  - {{expectation: expect_column_values_to_be_null, {WHY}}}", "entry 1 .*column"),
]


@pytest.mark.parametrize(("text", "says"), REFUSED)
def test_a_suite_that_says_nonsense_is_refused_naming_file_and_entry(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SuiteError, match=says) as error:
        engine.check_suites(load_suites([tmp_path])["raw"])
    assert str(path) in str(error.value)


def test_a_companys_suites_join_the_shipped_ones_and_replace_their_namesakes(tmp_path: Path) -> None:
    shipped, own = tmp_path / "shipped", tmp_path / "own"
    for name in ("invoices", "orders"):
        written(shipped, f"table: raw.{name}\nexpectations: [{{{NOT_NULL}, {WHY}}}]", f"raw/{name}.yml")
    written(own, "gate: raw\ntable: raw.invoices\nexpectations: []", "invoices.yml")
    written(own, f"table: raw.leads\nexpectations: [{{{NOT_NULL}, {WHY}}}]", "raw/leads.yml")
    suites = load_suites([own, shipped])["raw"]
    assert [(suite.name, len(suite.entries)) for suite in suites] == [("invoices", 0), ("leads", 1), ("orders", 1)]


def test_patterns_are_filled_in_from_known_tables(tmp_path: Path) -> None:
    written(tmp_path, "table: raw.in*\nexpectations: []")
    (suite,) = load_suites([tmp_path])["raw"]
    assert matching(suite, ["raw.invoices", "raw.orders", "marts.invoices"]) == ["raw.invoices"]


def test_every_shipped_suite_is_something_great_expectations_accepts() -> None:
    suites = load_suites([SHIPPED])
    assert all(suites[gate] for gate in GATES)
    engine.check_suites(suite for gate in GATES for suite in suites[gate])


def test_the_rules_shown_in_the_guide_run_as_written(tmp_path: Path) -> None:
    guide = (REPOSITORY / "docs" / "gates.md").read_text(encoding="utf-8")
    written(tmp_path, guide.split("```yaml\n")[1].split("```")[0], "clean/shown.yml")
    path = tmp_path / "deals.duckdb"
    with duckdb.connect(str(path)) as connection:
        deals = "values ('crm', 'D1', 0.4, 'AB-12'), ('crm', 'D2', 40, 'ABC')"
        columns = "source_system, source_id, probability, product_id"
        connection.execute(
            f"create schema staging; create table staging.stg_opportunities as from ({deals}) t({columns})"
        )
    found = engine.run_gate(path, load_suites([tmp_path])["clean"])
    assert [(result.outcome, result.severity) for result in found] == [("failed", "critical"), ("failed", "warning")]
    assert [json.loads(result.unexpected_keys)[0]["source_id"] for result in found] == ["D2", "D2"]
