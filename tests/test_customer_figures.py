"""What is served of customers and reps, recomputed by other code: from the truth of the sample company, or from the
served lines that a figure claims to sum up."""

from datetime import date, timedelta

import duckdb
import polars as pl
import pytest
from conftest import Built

from pipelines.demo import AS_OF

YEAR_AGO = AS_OF.replace(year=AS_OF.year - 1)
DORMANT_AFTER = timedelta(days=180)  # as in the seed tiers


@pytest.fixture(scope="module")
def tables(built: Built) -> dict[str, pl.DataFrame]:
    names = (
        "customers",
        "corrections",
        "customer_360",
        "customer_crosswalk",
        "opportunities",
        "revenue",
        "orders",
        "receipts",
        "invoices",
        "revenue_assignment",
        "rep_performance",
    )
    with duckdb.connect(str(built.served), read_only=True) as connection:
        found = {name: connection.execute(f"from marts.{name}").pl() for name in names}
        found["allocated"] = connection.execute("from outlook.allocated_forecasts").pl()
    truth = built.settings.home / "truth"
    return found | {
        name if name not in found else f"true_{name}": pl.read_parquet(truth / f"{name}.parquet")
        for name in ("accounts", "activities", "customers", "deals")
    }


def true_customers(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """customer_id, true_customer_id of the customers that matching found exactly: nothing missing, nothing added."""
    pairs = tables["customer_crosswalk"].join(tables["accounts"], on=["source_system", "source_id"])
    pairs = pairs.select("customer_id", "true_customer_id").unique()
    for key in ("customer_id", "true_customer_id"):
        pairs = pairs.filter(pl.len().over(key) == 1)
    return pairs


def test_a_golden_name_is_the_registered_one_where_any_record_has_it(tables: dict[str, pl.DataFrame]) -> None:
    registered = dict(tables["true_customers"].select("customer", "name").iter_rows())
    truth = dict(true_customers(tables).iter_rows())
    written = dict(
        tables["customer_crosswalk"].group_by("customer_id").agg(pl.col("account_name").unique()).iter_rows()
    )
    served = dict(tables["customers"].select("customer_id", "customer_name").iter_rows())
    names = {
        key: (served[key], registered[number]) for key, number in truth.items() if registered[number] in written[key]
    }
    wrong = {key: pair for key, pair in names.items() if pair[0] != pair[1]}
    # what stays wrong is a legal form that only one of two records has right, with no other evidence
    assert len(names) > 150 and len(wrong) <= 0.02 * len(names), wrong


def test_a_name_that_gave_way_is_served_old_to_new_with_what_decided(tables: dict[str, pl.DataFrame]) -> None:
    served = dict(tables["customers"].select("customer_id", "customer_name").iter_rows())
    expected = {
        (system, source, name, served[customer])
        for system, source, customer, name in tables["customer_crosswalk"]
        .select("source_system", "source_id", "customer_id", "account_name")
        .drop_nulls()
        .iter_rows()
        if name != served[customer]
    }
    golden = tables["corrections"].filter(
        pl.col("correction_code") == "golden_value", pl.col("column_name") == "customer_name"
    )
    assert set(golden.select("source_system", "source_id", "old_value", "new_value").iter_rows()) == expected
    assert {"registered", "script", "domain"} <= set(golden["reason"]) and len(expected) > 50


def test_a_country_is_an_iso_code_whatever_the_systems_call_it(tables: dict[str, pl.DataFrame]) -> None:
    words = {"United States": "US", "Germany": "DE", "Australia": "AU", "China": "CN"}
    changed = tables["corrections"].filter(pl.col("correction_code") == "standard_code")
    assert {(old, new) for old, new in changed.select("old_value", "new_value").iter_rows()} == set(words.items())
    assert set(tables["customers"]["country"].drop_nulls()) == set(words.values())


def test_the_last_contact_is_the_last_recorded_activity_of_the_true_customer(tables: dict[str, pl.DataFrame]) -> None:
    customer_of = tables["deals"].select("true_deal_id", "true_customer_id").unique()
    contacts = tables["activities"].filter(pl.col("occurred_on") <= AS_OF).join(customer_of, on="true_deal_id")
    last = contacts.group_by("true_customer_id").agg(last=pl.col("occurred_on").max())
    served = true_customers(tables).join(tables["customer_360"], on="customer_id")
    wrong = served.join(last, on="true_customer_id", how="left").filter(
        ~pl.col("last_contact_on").eq_missing(pl.col("last"))
    )
    assert served.height > 150 and served["last_contact_on"].count() > 50
    assert wrong.select("customer_id", "last_contact_on", "last").rows() == []


def test_a_customer_is_dormant_where_half_a_year_holds_no_date_of_it_and_no_deal_is_open(
    tables: dict[str, pl.DataFrame],
) -> None:
    deals = tables["opportunities"]
    dates = [
        deals.select("customer_id", day="created_on"),
        deals.filter("is_won").select("customer_id", day="closed_on"),
        tables["revenue"].select("customer_id", day="invoiced_on"),
        tables["orders"].filter(~pl.col("is_cancelled")).select("customer_id", day="ordered_on"),
        tables["receipts"].select("customer_id", day="received_on"),
        tables["customer_360"].select("customer_id", day="last_contact_on"),
    ]
    recent = pl.concat(dates).filter(pl.col("day").is_between(AS_OF - DORMANT_AFTER, AS_OF))
    alive = {*recent["customer_id"], *deals.filter("is_open")["customer_id"]}
    served = dict(tables["customer_360"].select("customer_id", "is_dormant").iter_rows())
    assert served == {customer: customer not in alive for customer in served}
    assert len(set(served.values())) == 2


def test_won_amounts_and_the_next_close_are_those_of_the_served_deals(tables: dict[str, pl.DataFrame]) -> None:
    won, last_won, next_close = dict[str, float](), dict[str, date](), dict[str, date]()
    for row in tables["opportunities"].iter_rows(named=True):
        customer, closed, expected = row["customer_id"], row["closed_on"], row["expected_close_on"]
        if row["is_won"] and closed and closed <= AS_OF:
            last_won[customer] = max(closed, last_won.get(customer, closed))
            if closed > YEAR_AGO:
                won[customer] = won.get(customer, 0) + (row["amount_base"] or 0)
        if row["is_open"] and expected and expected >= AS_OF:
            next_close[customer] = min(expected, next_close.get(customer, expected))
    for row in tables["customer_360"].iter_rows(named=True):
        customer = row["customer_id"]
        assert row["won_amount_12m"] == won.get(customer, 0)
        assert (row["last_won_on"], row["next_expected_close_on"]) == (last_won.get(customer), next_close.get(customer))
        assert row["tier_basis"] == "revenue", "the sample company has invoices"
    assert won and next_close


def test_a_reps_forecast_is_its_share_of_last_years_bookings(tables: dict[str, pl.DataFrame]) -> None:
    won = tables["opportunities"].filter(
        pl.col("is_won"),
        pl.col("closed_on") > YEAR_AGO,
        pl.col("closed_on") <= AS_OF,
        pl.col("amount_base").is_not_null(),
    )
    amounts = won.group_by(pl.col("rep_id").fill_null("unmapped")).agg(pl.col("amount_base").cast(pl.Float64).sum())
    shares = {rep: amount / amounts["amount_base"].sum() for rep, amount in amounts.iter_rows()}
    bookings = tables["allocated"].filter(pl.col("metric") == "bookings")
    totals = dict(bookings.filter(pl.col("level") == "total").select("period_start", "yhat").iter_rows())
    reps = bookings.filter(pl.col("level") == "rep").select("member", "period_start", "yhat").rows()
    assert {member for member, *_ in reps} == set(shares) and len(shares) > 10
    for member, period, yhat in reps:
        assert yhat == pytest.approx(shares[member] * totals[period], rel=1e-6)


def test_an_open_item_is_what_the_exports_bill_with_tax_less_what_they_received(
    tables: dict[str, pl.DataFrame], built: Built
) -> None:
    with duckdb.connect(str(built.settings.working_file), read_only=True) as connection:
        lines = connection.execute("from raw.invoice_lines").pl()
        receipts = connection.execute("from raw.receipts").pl()
    key, newest = ["source_system", "invoice_id"], ["source_system", "source_id"]
    lines = lines.sort("exported_at").unique(newest, keep="last").filter(pl.col("invoiced_on") <= AS_OF)
    receipts = receipts.sort("exported_at").unique(newest, keep="last").filter(pl.col("received_on") <= AS_OF)
    gross = pl.coalesce("amount_gross", pl.col("amount_net") + pl.col("amount_tax")).cast(pl.Float64)
    billed = (
        lines.filter(~pl.col("is_cancelled").fill_null(False))
        .group_by(key)
        .agg(gross=gross.sum(), unknown=gross.null_count())
    )
    paid = receipts.group_by(key).agg(paid=pl.col("amount").cast(pl.Float64).sum())
    expected = billed.join(paid, on=key, how="left").with_columns(open=pl.col("gross") - pl.col("paid").fill_null(0))
    served = tables["invoices"].join(expected, on=key, how="full", coalesce=True)
    assert served.height == tables["invoices"].height == expected.height and expected["unknown"].sum() == 0
    assert (served["open_amount"].cast(pl.Float64) - served["open"]).abs().max() < 0.01
    assert set(tables["invoices"]["settlement_code"]) == {"settled", "open", "credit"}


def test_who_paid_more_than_its_revenue_did_so_by_tax_credit_or_rates(tables: dict[str, pl.DataFrame]) -> None:
    """Receipts hold tax and revenue does not; net of tax only credit notes and changed rates can be left."""
    customers = tables["customer_360"]
    gross = customers.filter(pl.col("receipts_gross_total") > pl.col("revenue_total"))
    net = customers.filter(pl.col("receipts_net_total") > pl.col("revenue_total"))
    assert gross.height > 5 * net.height and customers["receipt_without_net_count"].sum() == 0
    foreign = set(tables["receipts"].filter(pl.col("base_rate") != 1)["customer_id"])
    unexplained = net.filter(pl.col("open_items_base") >= 0, ~pl.col("customer_id").is_in(foreign))
    assert unexplained.is_empty() and customers["overpaid_invoice_count"].sum() == 0


def test_revenue_and_the_sum_of_its_customers_differ_by_the_rows_that_say_why(tables: dict[str, pl.DataFrame]) -> None:
    by_reason = dict(tables["revenue_assignment"].select("assignment_code", "amount_base").iter_rows())
    assert sum(by_reason.values()) == tables["revenue"]["amount_base"].sum()
    assert by_reason["in_customer_360"] == tables["customer_360"]["revenue_total"].sum()


def test_invoices_of_two_systems_with_one_number_are_two(tables: dict[str, pl.DataFrame]) -> None:
    invoices = tables["revenue"].filter(pl.col("invoiced_on") <= AS_OF).drop_nulls("customer_id")
    invoices = invoices.with_columns(document=pl.coalesce("invoice_id", "order_id"))
    counts = invoices.group_by("customer_id").agg(n=pl.struct("source_system", "document").n_unique())
    served = tables["customer_360"].filter(pl.col("invoice_count") > 0).select("customer_id", n="invoice_count")
    assert sorted(served.rows()) == sorted(counts.cast({"n": pl.Int64}).rows())


def test_reps_are_called_different_only_after_correction_for_their_number(tables: dict[str, pl.DataFrame]) -> None:
    from scipy.stats import false_discovery_control, fisher_exact

    reps = tables["rep_performance"].filter(pl.col("closed_count_12m") > 0).sort("rep_id")
    won, closed = reps["won_count_12m"].to_list(), reps["closed_count_12m"].to_list()
    chances = [
        fisher_exact([[w, n - w], [sum(won) - w, (sum(closed) - n) - (sum(won) - w)]])[1]
        for w, n in zip(won, closed, strict=True)
    ]
    assert reps["standing_probability"].to_list() == pytest.approx(list(false_discovery_control(chances)), abs=1e-6)
    assert set(reps["compared_count"]) == {reps.height}


def test_what_a_deal_cannot_have_is_no_gap(built: Built) -> None:
    with duckdb.connect(str(built.settings.working_file), read_only=True) as connection:
        deals = connection.execute("from staging.stg_opportunities").pl()
        quality = connection.execute("from outlook.data_quality where object = 'opportunities'").pl()
    for column, stages in (("closed_on", ("won", "lost")), ("loss_reason", ("lost",))):
        closed = deals.filter(pl.col("stage").is_in(stages)).group_by("source_system")
        expected = dict(closed.agg(pl.col(column).count() / pl.len()).iter_rows())
        served = quality.filter(pl.col("column_name") == column)
        shares = dict(served.select("source_system", "filled_share").drop_nulls().iter_rows())
        assert shares == pytest.approx(expected) and expected
        assert (served["not_applicable_count"] > 0).all()
