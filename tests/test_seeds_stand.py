"""Seeds are loaded where they may differ from those of the project, and left alone where they cannot."""

import json
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from pipelines import job
from pipelines.home import dbt, seeds, warehouse
from pipelines.home.settings import Settings, load_settings
from pipelines.orchestration.graph import Graph
from pipelines.orchestration.results import standing_checks

STAGES = "create or replace table policy.stages as from (values ('won', 1), ('lost', 2)) as stages(code, place)"

STRICT = {"resource_type": "test", "config": {"severity": "ERROR", "error_if": "!= 0", "warn_if": "!= 0"}}
NODES: dict[str, Any] = {
    "seed.almanac.stages": {"resource_type": "seed"},
    "model.almanac.deals": {"resource_type": "model", "depends_on": {"nodes": ["seed.almanac.stages"]}},
    "test.almanac.unique": {**STRICT, "depends_on": {"nodes": ["seed.almanac.stages"]}},
    "test.almanac.of_both": {
        "resource_type": "test", "config": {"severity": "warn"},
        "depends_on": {"nodes": ["seed.almanac.stages", "model.almanac.deals"]},
    },
}  # fmt: skip


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home whose project was prepared, and whose policy is one table that has been loaded and tested."""
    settings = load_settings(tmp_path / "home")
    _prepare(settings, "of today")
    with warehouse.write(settings) as connection:
        connection.execute("create schema policy")
    assert not _loads(settings)
    return settings


def _prepare(settings: Settings, project: str) -> None:
    stamp = dbt._folder(settings) / "target" / ".fingerprint"
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(project)


def _loads(settings: Settings, *, is_anew: bool = False, is_whole: bool = True) -> bool:
    """One step of dbt that ends well; whether it was told to leave the seeds out."""
    with seeds.loading(settings, seeds.STEP, NODES, is_anew=is_anew, is_whole=is_whole) as stands:
        if not stands:
            _execute(settings, STAGES)
    return stands


def _execute(settings: Settings, sql: str) -> None:
    with warehouse.write(settings) as connection:
        connection.execute(sql)


def test_seeds_are_left_out_while_project_and_tables_stay_as_they_were(settings: Settings) -> None:
    assert _loads(settings) and _loads(settings)


def test_another_project_loads_them_and_so_does_the_one_before_it_when_it_comes_back(settings: Settings) -> None:
    _prepare(settings, "of tomorrow")
    assert not _loads(settings)
    _prepare(settings, "of today")
    assert not _loads(settings)
    assert _loads(settings)


def test_a_full_run_loads_them(settings: Settings) -> None:
    assert not _loads(settings, is_anew=True)
    assert _loads(settings)


@pytest.mark.parametrize(
    "change",
    [
        "update policy.stages set place = 3 where code = 'won'",
        "delete from policy.stages where code = 'won'",
        "insert into policy.stages values ('won', 1)",
        "drop table policy.stages",
        "create table policy.more as select 1 as code",
        "alter table policy.stages rename to states",
        "alter table policy.stages rename code to stage",
        "alter table policy.stages alter place type double",
    ],
)
def test_tables_that_somebody_changed_are_loaded(settings: Settings, change: str) -> None:
    _execute(settings, change)
    assert not _loads(settings)


def test_a_step_that_fails_leaves_no_note_of_tables_that_it_replaced(settings: Settings) -> None:
    _prepare(settings, "of tomorrow")
    with suppress(RuntimeError), seeds.loading(settings, seeds.STEP, NODES) as stands:
        assert not stands
        raise RuntimeError("dbt found a word twice")
    _prepare(settings, "of today")
    assert not _loads(settings)


def test_some_chosen_tables_are_loaded_as_chosen_and_all_in_the_next_run(settings: Settings) -> None:
    assert not _loads(settings, is_whole=False)
    assert not _loads(settings)
    assert _loads(settings)


def test_no_other_step_leaves_seeds_out(settings: Settings) -> None:
    with seeds.loading(settings, "marts", NODES) as stands:
        assert not stands
    assert _loads(settings)


def test_a_project_that_is_prepared_anew_while_seeds_are_loaded_leaves_no_note(settings: Settings) -> None:
    with seeds.loading(settings, seeds.STEP, NODES, is_anew=True):
        _execute(settings, STAGES)
        _prepare(settings, "of tomorrow")
    assert not _loads(settings)
    assert _loads(settings)


def test_while_a_project_is_being_prepared_seeds_are_loaded(settings: Settings) -> None:
    (dbt._folder(settings) / "target" / ".fingerprint").unlink()
    assert not _loads(settings)
    assert not _loads(settings)


@pytest.mark.parametrize(
    "test",
    [
        {**STRICT, "depends_on": {"nodes": ["seed.almanac.stages", "source.almanac.raw.opportunities"]}},
        {**STRICT, "config": {"severity": "warn"}, "depends_on": {"nodes": ["seed.almanac.stages"]}},
        {
            **STRICT,
            "config": {"severity": "error", "error_if": "> 10"},
            "depends_on": {"nodes": ["seed.almanac.stages"]},
        },
    ],
)
def test_a_test_of_seeds_that_reads_what_changes_or_only_warns_is_made_in_every_run(
    settings: Settings, test: dict[str, Any]
) -> None:
    nodes = {**NODES, "test.acme.own": test}
    for _ in range(2):
        with seeds.loading(settings, seeds.STEP, nodes) as stand:
            assert not stand


def test_an_edit_of_a_column_that_is_called_like_its_table_is_seen(settings: Settings) -> None:
    _execute(settings, "create table policy.rows as select 1 as rows, 2 as stages")
    assert not _loads(settings)
    assert _loads(settings)
    _execute(settings, "update policy.rows set stages = 3")
    assert not _loads(settings)


def test_the_steps_in_plain_order_leave_seeds_out_of_the_second_build_alone(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "manifest.json").write_text(json.dumps({"nodes": NODES}))
    _execute(settings, "drop table control.loaded_seeds")
    told = []
    monkeypatch.setattr(dbt, "dbt", lambda folder, *arguments: told.append(arguments[-1].split()))
    for _ in range(2):
        job._dbt(settings, tmp_path, seeds.STEP, lambda _: None, ["mtc_pairs"])
    assert [seeds.SELECTED in words for words in told] == [False, True]
    assert all("mtc_pairs" in words for words in told)


def test_a_step_of_dagster_shows_the_seeds_that_stand_and_their_tests_as_passed() -> None:
    nodes = {
        "seed.a.stages": {"resource_type": "seed", "name": "stages", "schema": "policy"},
        "model.a.deals": {"resource_type": "model", "name": "deals", "schema": "marts"},
    }
    tables = Graph.seeds(SimpleNamespace(nodes=nodes))  # type: ignore[arg-type]
    stages = dg.AssetKey(["policy", "stages"])
    assert tables == [stages]
    wanted = {
        dg.AssetCheckKey(stages, "unique"),
        dg.AssetCheckKey(stages, "not_null"),
        dg.AssetCheckKey(dg.AssetKey(["marts", "deals"]), "unique"),
    }
    shown = list(standing_checks(tables, wanted))
    assert [(one.asset_key, one.check_name, one.passed) for one in shown] == [
        (stages, "not_null", True),
        (stages, "unique", True),
    ]
