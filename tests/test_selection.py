"""A run of some steps: it goes on with the working file where that is whole, and says in one line why it cannot."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import gate_homes as homes
import polars as pl
import pytest
from conftest import Built

from pipelines import job
from pipelines.errors import AlmanacError
from pipelines.home import progress, state, warehouse
from pipelines.home.settings import Settings
from pipelines.orchestration import execute, selection

DAY = date(2025, 3, 31)


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """A working file of the run r1, whole."""
    settings = homes.home(tmp_path)
    homes.start(settings, as_of=DAY)
    progress.back_to(settings, "published")
    return settings


def adopt(settings: Settings, *steps: str, day: date | None = DAY) -> str:
    return selection.adopt(settings, "new", day, set(steps), {})


def published(settings: Settings) -> None:
    row = {"run_id": "r1", "outcome": "published", "as_of": DAY, "finished_at": homes.STARTED, "reason": ""}
    state.append(
        settings,
        "runs",
        "r1",
        pl.DataFrame([{**row, "run_kind": "live", "known_at": None, "started_at": homes.STARTED}]),
    )


def test_a_run_without_ingestion_goes_on_under_the_id_of_the_working_file(home: Settings) -> None:
    assert adopt(home, "marts") == "r1"
    assert adopt(home, "marts", "forecast", "outlook", "published", "gate_marts") == "r1"


def test_a_run_that_reads_exports_anew_is_a_run_of_its_own(home: Settings) -> None:
    assert adopt(home, *progress.STEPS) == "new"


def test_checks_alone_look_at_whatever_the_working_file_holds(home: Settings) -> None:
    progress.back_to(home, "resolve")
    assert adopt(home, "gate_clean", day=None) == "r1"


def test_another_day_is_refused_at_launch(home: Settings) -> None:
    with pytest.raises(AlmanacError, match="holds 2025-03-31, not 2025-02-28: choose 2025-03-31"):
        adopt(home, "marts", day=date(2025, 2, 28))


def test_steps_that_were_not_made_are_named(home: Settings) -> None:
    progress.back_to(home, "keys")
    with pytest.raises(AlmanacError, match="whole up to keys: choose staging_and_matching, resolve, marts as well"):
        adopt(home, "forecast")
    assert adopt(home, "staging_and_matching", "resolve") == "r1"


def test_a_gap_between_two_chosen_steps_is_refused(home: Settings) -> None:
    with pytest.raises(AlmanacError, match="choose forecast as well"):
        adopt(home, "marts", "outlook")


def test_issued_forecasts_are_never_replaced_by_those_of_a_second_look(home: Settings) -> None:
    published(home)
    assert adopt(home, "outlook") == "r1"
    assert adopt(home, "forecast") == "new"
    assert warehouse.current_run(home, "new").as_of == DAY


def test_a_run_that_left_files_out_is_not_gone_on_with(home: Settings) -> None:
    homes.execute(home, "update control.run set known_at = timestamp '2025-03-30 12:00:00'")
    with pytest.raises(AlmanacError, match="leaves out what landed after 2025-03-30 12:00"):
        adopt(home, "marts")


def test_a_step_makes_all_that_comes_after_it_stale(home: Settings) -> None:
    with progress.making(home, "marts") as was_made:
        assert was_made
        assert progress.last_made(home) == "resolve"
    assert progress.last_made(home) == "marts"
    with pytest.raises(ZeroDivisionError), progress.making(home, "forecast"):
        raise ZeroDivisionError
    assert progress.last_made(home) == "marts"


def test_a_home_of_before_is_whole_where_its_run_was_published(home: Settings) -> None:
    homes.execute(home, "drop table control.progress")
    assert progress.last_made(home) == ""
    published(home)
    assert progress.last_made(home) == "published"


def test_a_working_file_that_is_not_whole_is_not_published(home: Settings) -> None:
    progress.back_to(home, "marts")
    with pytest.raises(AlmanacError, match="whole up to marts"):
        job.check_and_publish(home, lambda _: None)


# A fifth of a minute for each choice.
@pytest.mark.slow
def test_any_choice_of_assets_is_materialised(copied: Callable[[], Built]) -> None:
    """One mart with all that stands on it, one forecast with all of its step, the rest, and what readers see of it."""
    from pipelines.orchestration.definitions import build_defs

    settings = copied().settings
    day = warehouse.current_run(settings).as_of
    before = served(settings)
    said: list[str] = []
    with execute._environment(settings), dg.DagsterInstance.get() as instance:
        every = build_defs(settings, said.append).resolve_implicit_global_asset_job_def()

        def materialise(*keys: str) -> set[str]:
            result = every.execute_in_process(
                run_config=execute.QUIET_LOGGER,
                instance=instance,
                partition_key=day.isoformat(),
                asset_selection=[dg.AssetKey(key.split("/")) for key in keys],
                raise_on_error=False,
            )
            assert result.success == (not keys[0].startswith("published") or progress.is_made(settings, "published"))
            events = (event for event in result.all_events if event.event_type_value == "ASSET_MATERIALIZATION")
            return {event.asset_key.to_user_string() for event in events if event.asset_key}

        made = materialise("marts/revenue", "marts/series_history", "forecast/latest")
        assert {"marts/revenue", "marts/kpi_values", "forecast/latest", "forecast/values"} <= made
        assert progress.last_made(settings) == "forecast"
        assert materialise("published/almanac") == set(), "outlook stands on forecasts of before"
        made = materialise("outlook/target_gap", "published/almanac")
        assert {"outlook/target_gap", "outlook/alerts", "published/almanac"} <= made
    assert served(settings) == before, "the same exports and the same policy give the same figures"


def served(settings: Settings) -> list[tuple[object, ...]]:
    """Figures of the served file that a second look must not change."""
    query = """
        select 'revenue', count(*), sum(amount_base) from marts.revenue
        union all select 'forecast', count(*), sum(yhat) from forecast.latest
        union all select 'gap', count(*), sum(gap) from outlook.target_gap
    """
    with duckdb.connect(str(settings.served_file), read_only=True) as connection:
        rows = connection.execute(query).fetchall()
    return sorted((name, count, round(float(total), 4)) for name, count, total in rows)
