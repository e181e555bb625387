"""What a data engineer finds in Dagster: one graph, gates that hold, schedules and a sensor that know their day."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import dagster as dg
import duckdb
import pytest
from conftest import Built

from pipelines import deal_ledger, ingest, inputs, ledger
from pipelines.contracts import load_contracts
from pipelines.orchestration import automation, inbox
from pipelines.orchestration.automation import JOB
from pipelines.orchestration.definitions import build_defs, first_day
from pipelines.orchestration.resources import kept_run_id

STEPS = ["ingest", "keys", "staging_and_matching", "resolve", "marts", "forecast", "outlook", "published__almanac"]


@pytest.fixture(scope="module")
def defs(built: Built) -> dg.Definitions:
    return build_defs(built.settings)


@pytest.fixture(scope="module")
def upstream(defs: dg.Definitions) -> dict[str, set[str]]:
    """Step to all the steps that must have succeeded before it."""
    job = defs.resolve_job_def(JOB)
    direct = {
        node.name: {found.node for wired in wires.values() for found in _wired(wired)}
        for node, wires in job.dependencies.items()
    }
    return {name: set(_ancestors(name, direct)) for name in direct}


def _wired(wired: object) -> list[dg.DependencyDefinition]:
    """An input hangs on one output, on several, or on one and on the checks that block it."""
    if hasattr(wired, "asset_check_dependencies"):
        return [*wired.asset_check_dependencies, *_wired(wired.other_dependency)]
    if wired is None:
        return []
    return list(getattr(wired, "dependencies", [wired]))


def _ancestors(name: str, direct: dict[str, set[str]]) -> Iterator[str]:
    for above in direct.get(name, set()):
        yield above
        yield from _ancestors(above, direct)


def _parents(graph, key: dg.AssetKey) -> Iterator[dg.AssetKey]:
    seen, waiting = set(), [key]
    while waiting:
        for parent in graph.get(waiting.pop()).parent_keys - seen:
            seen.add(parent)
            waiting.append(parent)
            yield parent


def test_every_step_comes_after_the_one_before_it(upstream: dict[str, set[str]]) -> None:
    for before, after in itertools.pairwise(STEPS):
        assert before in upstream[after]


@pytest.mark.parametrize(
    ("gate", "step"),
    [("raw", "staging_and_matching"), ("clean", "marts"), ("marts", "forecast"), ("forecast", "outlook")],
)
def test_a_gate_stands_before_the_step_it_protects(upstream: dict[str, set[str]], gate: str, step: str) -> None:
    assert f"gate_{gate}" in upstream[step]
    assert f"gate_{gate}" in upstream["published__almanac"]


def test_every_asset_is_connected_to_an_export_and_to_what_is_served(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    exports = {key for key in graph.get_all_asset_keys() if key.path[0] == "inbox"}
    assert exports
    served = dg.AssetKey(["published", "almanac"])
    above = set(_parents(graph, served))
    assert exports <= above
    marts = {key for key in graph.get_all_asset_keys() if key.path[0] in {"marts", "forecast", "outlook"}}
    assert marts <= above


@pytest.mark.parametrize("name", ["weekly", "monthly"])
def test_a_schedule_asks_for_the_day_before_in_the_companys_time_zone(defs: dg.Definitions, name: str) -> None:
    schedule = defs.get_schedule_def(name)
    # 21:00 UTC on the last of May is 05:00 on the first of June in Shanghai.
    tick = datetime(2026, 5, 31, 21, tzinfo=UTC)
    repository = defs.get_repository_def()
    with dg.build_schedule_context(scheduled_execution_time=tick, repository_def=repository) as context:
        [request] = schedule.evaluate_tick(context).run_requests
    assert request.partition_key == "2026-05-31"
    assert schedule.execution_timezone == "Asia/Shanghai"


def test_the_sensor_waits_until_there_is_something_new(built: Built, defs: dg.Definitions) -> None:
    sensor = defs.get_sensor_def("new_exports")
    with dg.build_sensor_context() as context:
        waiting = sensor.evaluate_tick(context)
    assert not waiting.run_requests
    assert "nothing new" in waiting.skip_message


def test_exports_whose_run_died_are_asked_for_again(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "look", lambda _: (["one export"], []))
    monkeypatch.setattr(inputs, "fingerprint", lambda arrivals, answers: str(arrivals))
    monkeypatch.setattr(inputs, "newest_export", lambda *_: date(2026, 10, 31))
    with dg.DagsterInstance.ephemeral() as instance:
        first, again = tick(defs, instance), tick(defs, instance)
        instance.add_run(dg.DagsterRun(job_name=JOB, run_id=str(uuid4()), status=dg.DagsterRunStatus.STARTED))
        meanwhile = tick(defs, instance)
        instance.add_run(dg.DagsterRun(job_name=JOB, run_id=str(uuid4()), status=dg.DagsterRunStatus.FAILURE))
        after_failure = tick(defs, instance)
    assert len(first) == len(after_failure) == 1
    assert first == again != after_failure
    assert meanwhile == []


def test_exports_that_kill_their_run_are_asked_for_with_growing_distance(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, then after 5, 10, 20, 40 minutes and at last a day; other exports at once.

    Here every run is made at the start, so the pauses are counted from there.
    """
    start = datetime.now(UTC).replace(tzinfo=None)
    monkeypatch.setattr(inputs, "fingerprint", lambda arrivals, answers: str(arrivals))
    monkeypatch.setattr(inputs, "newest_export", lambda *_: date(2026, 10, 31))
    asked: list[int] = []
    with dg.DagsterInstance.ephemeral() as instance:
        for minute in [0, 1, 4, 6, 9, 12, 18, 30, 39, 50, 1439, 1442]:
            monkeypatch.setattr(inputs, "look", lambda _: (["one export"], []))
            monkeypatch.setattr(automation, "now", lambda minute=minute: start + timedelta(minutes=minute))
            if keys := tick(defs, instance):
                asked.append(minute)
                for _ in range(1 if minute < 50 else 6):
                    died(instance, "['one export']", keys)
        monkeypatch.setattr(inputs, "look", lambda _: (["one export", "another"], []))
        assert len(tick(defs, instance)) == 1
    assert asked == [0, 6, 12, 30, 50, 1442]


def died(instance: dg.DagsterInstance, exports: str, keys: list[str | None]) -> None:
    """A run that was asked for and ended before it landed anything."""
    assert len(keys) == len(set(keys)) == 1
    tags = {automation.EXPORTS: exports}
    failure = dg.DagsterRunStatus.FAILURE
    instance.add_run(dg.DagsterRun(job_name=JOB, run_id=str(uuid4()), status=failure, tags=tags))


def tick(defs: dg.Definitions, instance: dg.DagsterInstance) -> list[str | None]:
    """The keys of the runs that the sensor asks for: Dagster starts one run per key."""
    context = dg.build_sensor_context(instance, repository_def=defs.get_repository_def())
    requests = defs.get_sensor_def("new_exports").evaluate_tick(context).run_requests
    return [request.run_key for request in requests or []]


def test_people_see_row_counts_and_a_picture(built: Built) -> None:
    from pipelines.orchestration.execute import environment

    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(built.settings).items():
            patch.setenv(name, value)
        with dg.DagsterInstance.get() as instance:
            revenue = instance.get_latest_materialization_event(dg.AssetKey(["marts", "revenue"]))
            history = instance.get_latest_materialization_event(dg.AssetKey(["forecast", "latest"]))
            pairs = instance.get_latest_materialization_event(dg.AssetKey(["matching", "mtc_pairs"]))
    told = pairs.asset_materialization.metadata
    assert told["matching/mode"].value == "full"
    assert told["matching/reason"].value
    with duckdb.connect(str(built.served), read_only=True) as connection:
        records = connection.execute("select count(*) from marts.customer_crosswalk").fetchall()
    assert records == [(told["matching/records"].value,)]
    assert revenue.asset_materialization.metadata["dagster/row_count"].value > 0
    assert "data:image/png" in history.asset_materialization.metadata["picture"].value


def test_every_asset_says_whose_it_is_and_what_it_holds(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
    made = [node for node in nodes if node.key.path[0] not in ("inbox", "policy")]
    assert [node.key for node in nodes if not node.owners] == []
    assert [node.key for node in made if not node.code_version and node.key.path[0] != "published"] == []
    assert [node.key for node in made if not (node.description or "").strip()] == []


def test_exports_are_late_after_the_cadence_of_their_contract(built: Built, defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    for contract in load_contracts(built.settings.sources).values():
        for item in contract.objects:
            policy = graph.get(inbox.inbox_key(contract, item)).freshness_policy
            assert policy.warn_window.to_timedelta() == timedelta(days=contract.cadence_of(item))
            assert policy.fail_window.to_timedelta() == 2 * policy.warn_window.to_timedelta()


def test_a_check_shows_its_rules_and_why_each_stands(defs: dg.Definitions) -> None:
    specs = [spec for checks in defs.asset_checks or () for spec in checks.check_specs]
    assert {spec.name for spec in specs} == {"gate_raw", "gate_clean", "gate_marts", "gate_forecast"}
    for spec in specs:
        rules = spec.metadata["rules"].records
        assert rules and all(rule.data["because"] and rule.data["severity"] for rule in rules)
        assert f"Here {len(rules)} rules" in spec.description


def test_every_check_of_dbt_says_what_it_promises(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert len(specs) > 100
    assert [spec.name for spec in specs if len((spec.description or "").split()) < 2] == []


def test_forecasts_hang_on_the_tables_that_they_read_and_no_others(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    found = graph.get(dg.AssetKey(["forecast", "values"])).parent_keys
    assert found == {dg.AssetKey(table.split(".")) for table in ledger.INPUTS}
    text = "".join(Path(module.__file__).read_text(encoding="utf-8") for module in (ledger, deal_ledger))
    read = set(re.findall(r"from ((?:marts|staging|intermediate|policy|resolved|matching)\.\w+)", text))
    assert read == set(ledger.INPUTS)


def test_days_are_offered_from_the_first_export_on(built: Built, defs: dg.Definitions) -> None:
    first = built.settings.local_date(ingest.first_export(built.settings))
    assert defs.resolve_job_def(JOB).partitions_def.get_first_partition_key() == first.isoformat()
    older = first - timedelta(days=40)
    assert first_day(built.settings, older) == older, "a day that somebody asks for by hand is no error"


def test_schedules_and_sensors_say_what_they_do(defs: dg.Definitions) -> None:
    described = [*(defs.schedules or ()), *(defs.sensors or ())]
    assert len(described) == 5
    assert [one.name for one in described if len((one.description or "").split()) < 8] == []


def test_the_newest_file_of_each_export_and_its_rows_are_seen(built: Built) -> None:
    from pipelines.orchestration.execute import environment

    newest = inbox.newest_files(built.settings)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(built.settings).items():
            patch.setenv(name, value)
        with dg.DagsterInstance.get() as instance:
            for (system, name), file in newest.items():
                event = instance.get_latest_materialization_event(dg.AssetKey(["inbox", system, name]))
                told = event.asset_materialization.metadata
                assert (told["newest_file"].value, told["dagster/row_count"].value) == (
                    file["newest_file"],
                    file["dagster/row_count"],
                )
            raw = instance.get_latest_materialization_event(dg.AssetKey(["raw", "opportunities"]))
    columns = {
        column.name: column.type for column in raw.asset_materialization.metadata["dagster/column_schema"].value.columns
    }
    assert columns["source_id"] == "varchar"
    assert len(newest) > 5


def test_a_re_execution_from_failure_goes_on_and_one_of_all_steps_is_a_run_of_its_own() -> None:
    again = {"job_name": JOB, "run_id": "second", "root_run_id": "first", "parent_run_id": "first"}
    assert kept_run_id(dg.DagsterRun(**again, step_keys_to_execute=["forecast"])) == "first"
    assert kept_run_id(dg.DagsterRun(**again)) == "second"
    assert kept_run_id(dg.DagsterRun(job_name=JOB, run_id="only")) == "only"
