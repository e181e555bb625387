"""An event that people write down opens one off-cycle revision, with its reason, and only one."""

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import AlmanacError
from pipelines.home import runs, state
from pipelines.home.settings import Settings, load_settings
from pipelines.serving import console
from pipelines.serving.status import RUN_COLUMNS

pytestmark = pytest.mark.fast

STRIKE = "strike,2026-03-10,the harbour is on strike,Wang"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config" / "seeds").mkdir(parents=True)
    return load_settings(tmp_path / "home", config=tmp_path / "config")


def write(settings: Settings, *rows: str) -> None:
    text = "\n".join(("event_id,occurred_on,reason,decided_by", *rows))
    assert settings.config
    (settings.config / "seeds" / "forecast_events.csv").write_text(text + "\n", encoding="utf-8")


def ended(settings: Settings, run: runs.Run, outcome: str = "published") -> None:
    """What the log of runs holds once the run is over."""
    row = {name: getattr(run, name, None) for name in RUN_COLUMNS} | {"outcome": outcome, "finished_at": run.started_at}
    state.append(settings, "runs", run.run_id, pl.DataFrame([row], schema=RUN_COLUMNS))


def test_an_event_makes_the_next_run_a_revision_and_the_one_after_it_a_live_one(settings: Settings) -> None:
    ended(settings, runs.start(settings, "a", date(2026, 3, 9)))
    write(settings, STRIKE)
    assert runs.start(settings, "b", date(2026, 3, 9)).run_kind == "live", "it has not happened yet"
    revision = runs.start(settings, "c", date(2026, 3, 11))
    assert (revision.run_kind, revision.reason) == ("revision", "strike: the harbour is on strike")
    ended(settings, revision)
    assert runs.start(settings, "d", date(2026, 3, 12)).run_kind == "live"


def test_a_revision_that_no_gate_let_through_is_called_for_again(settings: Settings) -> None:
    ended(settings, runs.start(settings, "a", date(2026, 3, 9)))
    write(settings, STRIKE)
    ended(settings, runs.start(settings, "b", date(2026, 3, 11)), "blocked")
    assert runs.start(settings, "c", date(2026, 3, 12)).run_kind == "revision"


def test_events_before_anything_was_served_and_runs_of_the_past_revise_nothing(settings: Settings) -> None:
    write(settings, STRIKE, "old,2020-01-01,long ago,Li")
    first = runs.start(settings, "a", date(2026, 3, 9))
    assert first.run_kind == "live"
    ended(settings, first)
    ended(settings, runs.start(settings, "b", date(2026, 3, 20)))
    assert runs.start(settings, "c", date(2026, 3, 12)).run_kind == "backfill"
    assert "old" not in runs.start(settings, "d", date(2026, 3, 21)).reason


def test_the_summary_names_the_events_that_no_revision_answers(settings: Settings) -> None:
    write(settings, STRIKE, "old,2020-01-01,long ago,Li")
    assert list(console.past_events(settings)) == []
    ended(settings, runs.start(settings, "a", date(2026, 3, 9)))
    why = "before the first published version (2026-03-09), so no revision is issued"
    assert list(console.past_events(settings)) == [("warning", f"forecast_events.csv: old (2020-01-01): {why}")]


def test_a_reason_given_by_hand_stands_beside_the_events(settings: Settings) -> None:
    ended(settings, runs.start(settings, "a", date(2026, 3, 9)))
    write(settings, STRIKE)
    run = runs.start(settings, "b", date(2026, 3, 11), reason="new price list")
    assert run.run_kind == "revision" and run.reason == "new price list; strike: the harbour is on strike"


def test_a_day_that_is_none_is_one_sentence(settings: Settings) -> None:
    ended(settings, runs.start(settings, "a", datetime(2026, 3, 9).date()))
    write(settings, "strike,10.03.2026,the harbour,Wang")
    with pytest.raises(AlmanacError, match=r"forecast_events\.csv: event 'strike': occurred_on must be YYYY-MM-DD"):
        runs.start(settings, "b", date(2026, 3, 11))


def test_an_event_is_known_by_its_whole_id(settings: Settings) -> None:
    ended(settings, runs.start(settings, "a", date(2026, 3, 9)))
    write(settings, "11,2026-03-10,supplier failed,Li")
    ended(settings, runs.start(settings, "b", date(2026, 3, 11)))
    ended(settings, runs.start(settings, "c", date(2026, 3, 12), reason="problem in supply: see mail"))
    write(settings, "11,2026-03-10,supplier failed,Li", "1,2026-03-12,new tariff,Li", "supply,2026-03-13,strike,Li")
    assert runs.start(settings, "d", date(2026, 3, 14)).reason == "1: new tariff; supply: strike"


def test_a_live_run_that_an_event_calls_for_is_a_revision(settings: Settings) -> None:
    ended(settings, runs.start(settings, "a", date(2026, 3, 9)))
    write(settings, STRIKE)
    assert runs.start(settings, "b", date(2026, 3, 11), kind="live").run_kind == "revision"


@pytest.mark.parametrize(
    "row", ["strike,20260310,the harbour,Wang", "strike,2026-02-30,x,Wang", "strike,2026-03-10,,Wang"]
)
def test_a_row_that_could_never_be_answered_is_refused(settings: Settings, row: str) -> None:
    ended(settings, runs.start(settings, "a", date(2026, 3, 9)))
    write(settings, row)
    with pytest.raises(AlmanacError, match="forecast_events"):
        runs.start(settings, "b", date(2026, 3, 11))
