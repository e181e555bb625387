"""The figures of `almanac bench said`: what was served at first, and the query that tells what is served now.

Each query has one row; `now` is the sentence that it fills in, `holds` the bound within which the name is true.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """number: row of the list of misnamed figures; holds takes the columns of the query's row."""

    number: str
    name: str
    before: str
    sql: str
    now: str
    holds: Callable[..., bool]


@dataclass(frozen=True)
class Held:
    """A behaviour that no served figure shows, and the test that holds it."""

    number: str
    name: str
    before: str
    test: str


def _conversion(stage: str) -> str:
    return f"""
        select max(conversion_rate) filter (where basis = 'exact_history'),
            sum(conversion_rate * reached_count) filter (where basis <> 'exact_history')
            / sum(reached_count) filter (where basis <> 'exact_history' and conversion_rate is not null),
            max(mean_days) filter (where basis = 'exact_history'),
            sum(mean_days * reached_count) filter (where basis <> 'exact_history')
            / sum(reached_count) filter (where basis <> 'exact_history' and mean_days is not null)
        from marts.funnel
        where level = 'source_system' and period = 'all_time' and stages_covered = '{stage}' and stage_code = '{stage}'
        """


FIGURES = (
    Figure(
        "1",
        "share of leads that got further, and their mean days, by own history and from lists",
        ".955 and .750; 12 and 47 days in decision makers",
        _conversion("lead"),
        "{0:.3f} and {1:.3f}; {2:.1f} and {3:.1f} days as leads",
        lambda own, lists, days, list_days: abs(own - lists) < 0.1 and list_days < 2 * days,
    ),
    Figure(
        "1",
        "reps whose own weakest stage is named",
        "31 of 31, 16 of them the company's own weakest",
        "select count(*) filter (where weakest_stage_code is not null), count(*) from marts.rep_performance",
        "{0} of {1}: below peers beyond chance",
        lambda named, reps: named < reps / 4,
    ),
    Figure(
        "2",
        "months that end by as_of: complete, waiting for a named file",
        "all of them complete",
        """
        select count(distinct (metric, period_start)) filter (where is_period_complete),
            count(distinct (metric, period_start)) filter (where not is_period_complete),
            count(*) filter (where not is_period_complete and waits_for is null)
        from marts.period_completeness where period = 'month'
        """,
        "{0} complete, {1} waiting, {2} of them without a name",
        lambda complete, waiting, unnamed: complete > 0 and unnamed == 0,
    ),
    Figure(
        "2",
        "values of KPIs in a period in which their facts begin; called complete",
        "1,367; 1,175",
        """
        select count(*), count(*) filter (where is_complete)
        from (
            select *, min(period_start) filter (where period = 'month') over (partition by kpi) as first_month
            from marts.kpi_values
        ) where period_start < first_month
        """,
        "{0:,}; {1}",
        lambda begun, complete: complete == 0,
    ),
    Figure(
        "3",
        "average amount by which missing deals are counted; most deals that are said to be possible",
        "62,900 for every line; 9,778 deals `only_with_faster_deals`",
        """
        select min(average_won_amount_base), max(average_won_amount_base),
            max(new_opportunities_needed) filter (where outlook = 'possible'),
            count(*) filter (where outlook in ('out_of_reach', 'no_longer_possible'))
        from outlook.target_gap
        """,
        "{0:,.0f} to {1:,.0f} by segment; {2}; {3} targets are told to be out of reach",
        lambda low, high, most, out: high > low and most < 1000,
    ),
    Figure(
        "3",
        "target periods with a gap: months, quarters, years",
        "1,355, 0, 0",
        """
        select count(*) filter (where period = 'month'), count(*) filter (where period = 'quarter'),
            count(*) filter (where period = 'year')
        from outlook.target_gap
        """,
        "{0:,}, {1}, {2}",
        lambda months, quarters, years: min(months, quarters, years) > 0,
    ),
    Figure(
        "4",
        "deals that know their last contact",
        "0 of 6,060",
        "select count(*) filter (where last_activity_on is not null), count(*) from marts.opportunities",
        "{0:,} of {1:,}",
        lambda known, deals: known > 0.2 * deals,
    ),
    Figure(
        "5",
        "dormant customers with an open deal",
        "21",
        "select count(*) filter (where is_dormant and open_opportunity_count > 0) from marts.customer_360",
        "{0}",
        lambda dormant: dormant == 0,
    ),
    Figure(
        "6",
        "chance of a lead: what is served, own share won of n, constant",
        ".10, none, .10",
        """
        select probability, own_win_share, own_deal_count, default_probability
        from marts.stage_probabilities where stage_code = 'lead'
        """,
        "{0:.3f}, {1:.3f} of {2}, {3:.2f}",
        lambda served, own, deals, default: served == own and deals >= 30,
    ),
    Figure(
        "7",
        "alerts of targets, and of forecasts",
        "13 at a coin toss; 19 of 26 series",
        """
        select count(*) filter (where kind = 'target_shortfall'),
            count(*) filter (where kind = 'target_shortfall' and message like '%chance of reaching%'),
            count(*) filter (where kind = 'forecast_deviation'),
            (select count(distinct unique_id) from forecast.latest)
        from outlook.alerts
        """,
        "{0}, {1} of them by the chance of reaching it; {2} of {3} series, outside their own interval",
        lambda targets, by_chance, deviations, series: targets == by_chance and deviations < 0.25 * series,
    ),
    Figure(
        "8",
        "share of actuals above the median, one to three months ahead; n",
        ".69 to .78",
        """
        select sum(above_share * forecast_count) / sum(forecast_count), sum(forecast_count)
        from outlook.forecast_accuracy where basis = 'backtest'
        """,
        "{0:.3f} of {1:,}",
        lambda share, n: 0.45 < share < 0.55 and n > 500,
    ),
    Figure(
        "8",
        "forecasts with a bound at the point itself",
        "24 of 48 rows of a public data set",
        "select count(*) filter (where lo_80 >= yhat or hi_80 <= yhat), count(*) from forecast.latest",
        "{0} of {1}",
        lambda touching, rows: touching == 0,
    ),
    Figure(
        "9",
        "forecasts behind an accuracy; share of actuals inside the 80 % interval",
        "3 Octobers; 0, 1/3, 2/3 or 1",
        """
        select min(forecast_count), max(forecast_count), sum(coverage_80 * forecast_count) / sum(forecast_count)
        from outlook.forecast_accuracy where basis = 'backtest' and lag <= 3
        """,
        "{0} to {1} months in a row; {2:.3f}",
        lambda fewest, most, inside: fewest >= 12 and 0.75 < inside < 0.9,
    ),
    Figure(
        "10",
        "next month's bookings of all reps, beside the company's",
        "twice as much",
        """
        select sum(yhat) filter (where level = 'rep') / sum(yhat) filter (where level = 'total')
        from outlook.allocated_forecasts where metric = 'bookings'
        """,
        "{0:.4f} times",
        lambda times: abs(times - 1) < 1e-6,
    ),
    Figure(
        "11",
        "periods of a member with two current targets",
        "every period of a revision that writes 华东",
        """
        select count(*) from (
            select 1 from marts.targets where is_current
            group by metric, level, member, period, period_start having count(*) > 1
        )
        """,
        "{0}",
        lambda twice: twice == 0,
    ),
    Figure(
        "12",
        "parts of deviations by deals that had not been exported yet, and without a date; periods told with hindsight",
        "all `undated`; none flagged",
        """
        select count(*) filter (where reason = 'not_exported_yet'), count(*) filter (where reason = 'undated'),
            (select count(distinct (period, period_start)) from marts.pipeline_changes where is_reconstructed)
        from outlook.variance_bridge
        """,
        "{0} and {1}; {2} flagged",
        lambda unseen, undated, flagged: undated < unseen and flagged > 0,
    ),
    Figure(
        "13",
        "customers who paid more than was invoiced, of those who paid",
        "151 of 270: gross beside net",
        """
        select count(*) filter (where receipts_gross_total > invoiced_gross_total * 1.01 + 1),
            count(*) filter (where receipts_gross_total > 0)
        from marts.customer_360
        """,
        "{0} of {1}, both with tax",
        lambda more, paid: more < 0.1 * paid,
    ),
    Figure(
        "14",
        "corrections of names that are told, with rule",
        "0",
        """
        select count(*), count(*) filter (where rule is null) from marts.corrections
        where column_name = 'customer_name'
        """,
        "{0}, {1} without a rule",
        lambda told, without: told > 0 and without == 0,
    ),
    Figure(
        "15",
        "rules of risk that predict, that do not, that wait for flags of later runs",
        "none judged; flagged deals were lost less often",
        """
        select count(*) filter (where verdict_code = 'predicts_loss'),
            count(*) filter (where verdict_code = 'does_not_predict'),
            count(*) filter (where verdict_code not in ('predicts_loss', 'does_not_predict')),
            min(loss_rate - peer_loss_rate) filter (where verdict_code = 'predicts_loss')
        from outlook.deal_risk_precision
        """,
        "{0}, {1}, {2}; whose rule predicts, those are lost {3:.2f} more often than their peers",
        lambda predict, do_not, waiting, gain: predict + do_not > 0 and (gain is None or gain > 0),
    ),
    Figure(
        "16",
        "reps above or below their peers",
        "2 of 31 without a correction for 31 comparisons",
        """
        select count(*) filter (where win_rate_standing <> 'like_peers'), count(*), min(compared_count)
        from marts.rep_performance
        """,
        "{0} of {1}, corrected for {2} comparisons",
        lambda apart, reps, compared: compared >= reps - 1,
    ),
    Figure(
        "16",
        "customers whose next closing day is over; cells that need no value",
        "some; counted as missing",
        """
        select count(*) filter (where next_expected_close_on < as_of),
            (select sum(not_applicable_count) from outlook.data_quality)
        from marts.customer_360 cross join control.published
        """,
        "{0}; {1:,} apart",
        lambda over, apart: over == 0 and apart > 0,
    ),
    Figure(
        "16",
        "revenue of the table less that of customers, and of rows that say why",
        "4,991 apart, no row",
        """
        select (select sum(amount_base) from marts.revenue) - (select sum(revenue_total) from marts.customer_360),
            coalesce(sum(amount_base) filter (where assignment_code <> 'in_customer_360'), 0)
        from marts.revenue_assignment
        """,
        "{0:,.2f}, {1:,.2f}",
        lambda apart, told: abs(apart - told) < 0.01,
    ),
    Figure(
        "16",
        "invoices of all customers, and invoices that have one",
        "numbers that two ERPs share were one invoice",
        """
        select (select sum(invoice_count) from marts.customer_360), count(*) from marts.invoices
        where customer_id is not null
        """,
        "{0:,} and {1:,}",
        lambda counted, invoices: 0 < counted == invoices,
    ),
    Figure(
        "16",
        "columns of the mean over cutoffs that are called wape, and of these those that say their right name",
        "both called wape",
        """
        select count(*), count(*) filter (where comment like '%wape_by_cutoff%') from duckdb_columns()
        where schema_name = 'forecast' and table_name = 'accuracy' and column_name = 'wape'
        """,
        "{0}, kept for old readers; {1}",
        lambda old, told: 0 < old == told,
    ),
    Figure(
        "17b",
        "open questions, without an owner, a day or a status",
        "4 without any",
        """
        select count(*), count(*) filter (where owner is null or due_on is null or status is null)
        from outlook.review_queue
        """,
        "{0}, {1}",
        lambda rows, without: without == 0,
    ),
)  # fmt: skip

HELD = (
    Held("17", "a word of the configuration that nobody knows", "silently empty, or an error after 170 s",
           "tests/test_forecasts_config.py::test_a_word_that_nobody_knows_is_refused_before_the_run"),
    Held("17", "a level that no series has", "silently empty",
           "tests/test_forecasts_config.py::test_what_no_series_has_is_refused_not_left_out"),
    Held("17", "a regressor of a scenario", ".007 became 121",
           "tests/test_forecasts_calendar.py::test_a_scenario_moves_figures_in_their_own_standard_deviations"),
    Held("17b", "an emergency before the first version", "silently past",
           "tests/test_events.py::test_the_summary_names_the_events_that_no_revision_answers"),
    Held("17b", "a question that is no longer found", "gone without a word",
           "tests/test_reviews.py::test_a_question_is_asked_once_and_its_going_is_dated_by_the_first_run_that_misses_it"),
    Held("1", "a replayed version beside a whole run of that day", "bookings up to 64 % apart in a month and member",
           "tests/test_replay.py::test_a_replayed_version_is_what_a_whole_run_of_that_day_issues"),
    Held("18", "amounts that nobody gives a currency", "the company's, unsaid",
           "tests/test_ingest_currency.py::test_a_file_without_a_currency_is_refused_with_the_question_where_the_company_requires_one"),
    Held("18", "the same in a home of before", "the company's, unsaid",
           "tests/test_ingest_currency.py::test_amounts_that_nobody_gives_a_currency_are_counted_and_said"),
    Held("18", "signs of another currency", "143 M RMB became 143 M EUR",
           "tests/test_ingest_currency.py::test_signs_of_another_currency_than_the_companys_are_asked_about"),
)  # fmt: skip
