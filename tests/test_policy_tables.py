"""The policy's tables are loaded where they may differ from those of the project, and left alone where they cannot."""

from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.home import dbt, policy, warehouse
from pipelines.home.settings import Settings, load_settings

STAGES = "create or replace table policy.stages as from (values ('won', 1), ('lost', 2)) as stages(code, place)"


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
    with policy.loading(settings, policy.STEP, is_anew=is_anew, is_whole=is_whole) as stands:
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
    with suppress(RuntimeError), policy.loading(settings, policy.STEP) as stands:
        assert not stands
        raise RuntimeError("dbt found a word twice")
    _prepare(settings, "of today")
    assert not _loads(settings)


def test_some_chosen_tables_are_loaded_as_chosen_and_all_in_the_next_run(settings: Settings) -> None:
    assert not _loads(settings, is_whole=False)
    assert not _loads(settings)
    assert _loads(settings)


def test_no_other_step_leaves_seeds_out(settings: Settings) -> None:
    with policy.loading(settings, "marts") as stands:
        assert not stands
    assert _loads(settings)
