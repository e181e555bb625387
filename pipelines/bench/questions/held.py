"""What no query on a served table can show: the test that holds it, or why there is no row yet."""

HELD_BY_TESTS = {
    "C07": "tests/test_status.py::test_each_object_is_judged_by_its_own_cadence",
    "C16": "tests/test_gates_stop_the_job.py::test_a_critical_failure_at_a_gate_leaves_the_served_file_alone",
    "C52": "tests/test_forecasts_models.py::test_every_cheap_model_forecasts_every_frequency",
    "C53": "tests/test_forecasts_engine.py::test_factors_of_a_metric_add_up_to_one",
    "C54": "tests/test_forecasts_ledger.py::test_named_market_facts_become_regressors_with_their_day_of_publication",
    "C59": "tests/test_deals_in_pool.py::test_regions_with_a_history_add_up_to_the_total",
    "C61": "tests/test_forecasts_engine.py::test_weekly_series_are_forecast_when_configured",
    "C62": "tests/test_gates_stop_the_job.py::test_a_revision_never_serves_the_past",
    "C63": "tests/test_scenario_drivers.py::test_fewer_new_deals_move_only_what_is_new_and_price_moves_both",
    "C65": "tests/test_forecasts_intervals.py::test_conformal_bounds_cover_what_they_promise",
    "C67": "tests/test_forecast_alerts.py::test_alerts_catch_planted_misses_and_are_silent_without_one",
    "C70": "tests/test_forecasts_parts.py::test_challenger_is_promoted_only_when_it_clearly_beats_the_champion",
    "C73": "tests/test_report.py::test_numbers_of_the_page_are_those_of_the_tables",
    "C91": "tests/test_workbook.py::test_numbers_are_numbers_days_are_days_and_heads_are_frozen",
    "C92": "tests/test_messages.py::test_every_channel_takes_the_digest_signed_and_in_its_form",
    "C93": "tests/test_postgres.py::test_a_manager_sees_his_own_rows_and_nothing_else",
    "C95": "tests/test_dbt_build.py::test_a_copied_home_reads_its_own_seeds",
    "C96": "tests/test_ingest_proposals.py::test_months_in_the_columns_are_proposed_as_rows",
    "C97": "tests/test_cli.py::test_init_for_a_small_team_forecasts_its_bookings_and_knows_its_only_list",
}

# The sample company has nothing to hold these against, so no row could be wrong.
NO_ROW: dict[str, str] = {}
