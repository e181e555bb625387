"""A file that is missing leaves its period out; it does not make it small."""

from collections.abc import Callable

import duckdb
import pytest
from conftest import Built

from pipelines.home import dbt

REBUILT = (
    *("stg_export_files", "stg_invoice_lines", "int_invoice_lines", "int_revenue_lines", "int_metric_days"),
    *("int_source_coverage", "int_metric_coverage", "series_history", "period_completeness"),
)
OLD_SUM = "select cast(date_trunc('month', happened_on) as date) as ds, sum(y) as y from intermediate.int_metric_days"

Rows = list[tuple]


def rows(built: Built, query: str) -> Rows:
    with duckdb.connect(str(built.settings.working_file), read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def without_a_file(copied: Callable[[], Built]) -> Built:
    """The sample company as if the newest invoice file of one of its two ERPs had not come."""
    home = copied()
    with duckdb.connect(str(home.settings.working_file)) as connection:
        connection.execute(
            """
            delete from control.files
            where source_system = 'sap' and object = 'invoice_lines' and exported_at = (
                select max(exported_at) from control.files
                where source_system = 'sap' and object = 'invoice_lines'
            )
            """
        )
    project = dbt.prepare_project(home.settings)
    dbt.dbt(project, "run", "--no-write-json", "--select", *REBUILT)
    return home


def test_with_every_file_every_month_is_complete(built: Built) -> None:
    waiting = "select * from marts.period_completeness where period = 'month' and status <> 'complete'"
    assert rows(built, waiting) == []


def test_the_month_of_a_missing_file_is_left_out_and_no_other(built: Built, without_a_file: Built) -> None:
    history = "select ds, y from marts.series_history where unique_id = '{}|total||MS' order by ds"
    for metric in ("revenue", "quantity", "margin", "new_customers"):
        before = rows(built, history.format(metric))
        assert rows(without_a_file, history.format(metric)) == before[:-1]
    assert rows(without_a_file, history.format("bookings")) == rows(built, history.format("bookings"))


def test_what_was_learnt_from_before_would_have_been_a_small_month(built: Built, without_a_file: Built) -> None:
    """The rule is not idle: what is known of October without the file is less than two thirds of it."""
    query = f"{OLD_SUM} where metric = 'revenue' group by ds order by ds desc limit 1"
    [(month, whole)], [(same_month, known)] = rows(built, query), rows(without_a_file, query)
    assert month == same_month
    assert known < 2 / 3 * whole


def test_the_month_says_which_file_it_waits_for(without_a_file: Built) -> None:
    waiting = rows(
        without_a_file,
        """
        select distinct metric, source_system, object, cast(period_start as varchar), cast(covered_to as varchar)
        from marts.period_completeness
        where status = 'waiting' and period = 'month'
        order by metric
        """,
    )
    assert waiting == [
        (metric, "sap", "invoice_lines", "2026-10-01", "2026-09-30")
        for metric in ("margin", "new_customers", "quantity", "revenue")
    ]


PAYMENTS = (
    *("stg_export_files", "stg_receipts", "receipts", "invoices", "int_source_coverage", "int_payment_lists"),
    *("period_completeness", "int_receivables", "int_payment_days", "int_payment_survival", "int_open_invoice_cash"),
    *("payment_behaviour", "expected_cash"),
)


@pytest.fixture(scope="module")
def without_payments(copied: Callable[[], Built]) -> Built:
    """The sample company as if the newest list of payments of one of its two ERPs had not come."""
    home = copied()
    with duckdb.connect(str(home.settings.working_file)) as connection:
        newest = "source_system = 'sap' and object = 'receipts' and exported_at = "
        newest += "(select max(exported_at) from control.files where source_system = 'sap' and object = 'receipts')"
        connection.execute(
            f"delete from raw.receipts where _file_id in (select file_id from control.files where {newest})"
        )
        connection.execute(f"delete from control.files where {newest}")
    project = dbt.prepare_project(home.settings)
    dbt.dbt(project, "run", "--no-write-json", "--select", *PAYMENTS)
    return home


def test_a_late_list_of_payments_is_named_and_nothing_is_called_overdue_that_may_be_paid(
    built: Built, without_payments: Built
) -> None:
    waiting = "select distinct metric, source_system, object from marts.period_completeness where status = 'waiting'"
    assert rows(without_payments, f"{waiting} and period = 'month'") == [("receipts", "sap", "receipts")]
    known = "select distinct cast(payments_known_to as varchar) from outlook.expected_cash"
    assert rows(built, known) == [("2026-10-31",)] and rows(without_payments, known) == [("2026-09-30",)]
    served = "select sum(overdue_base)::double from marts.payment_behaviour"
    looks = (
        "select sum(open_base) from intermediate.int_receivables where paid_on is null and due_on < date '2026-10-31'"
    )
    [(truth,)], [(told,)], [(looking,)] = (
        rows(built, served),
        rows(without_payments, served),
        rows(without_payments, looks),
    )
    assert abs(told - truth) < abs(looking - truth) / 2


def test_what_was_probably_paid_since_the_list_is_not_expected_again(built: Built, without_payments: Built) -> None:
    """Of what looks open the coming weeks get what they get with the list, not what is open without it."""
    weeks = "select sum(from_open_base) from outlook.expected_cash where week_start < date '2026-11-29'"
    [(truth,)], [(told,)] = rows(built, weeks), rows(without_payments, weeks)
    opened = "select sum(open_base) from intermediate.int_receivables where paid_on is null"
    [(open_now,)], [(looks_open,)] = rows(built, opened), rows(without_payments, opened)
    assert abs(told / truth - 1) < (looks_open / open_now - 1) / 2
