"""One commit point: what is served is told by the served file, whatever died before or after the swap."""

import json
from datetime import date
from pathlib import Path

import pytest
from gate_homes import REVENUE, execute, home, pass_gates, start
from test_publish import PUBLISHED_AT, publish_revenue

from pipelines import ledger
from pipelines.errors import AlmanacError
from pipelines.home import runs, served, state
from pipelines.home.settings import Settings
from pipelines.serving import console, publish, recovery, status


def published(settings: Settings, run_id: str = "r1", as_of: date = date(2025, 3, 31)) -> None:
    publish_revenue(settings, run_id, as_of)
    status.write_status(settings, run_id, outcome="published", figures={"policy": "p"}, finished_at=PUBLISHED_AT)


def killed_after_the_swap(settings: Settings, patch: pytest.MonkeyPatch) -> runs.Run:
    """A second run dies between the swap and everything that follows it."""
    run = start(settings, "r2", as_of=date(2025, 4, 7))
    execute(settings, REVENUE)
    pass_gates(settings, run)
    with patch.context() as dying:
        dying.setattr(publish.places, "point_at", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            publish.publish(settings, run, PUBLISHED_AT, policy="q")
    return run


def test_a_run_killed_after_the_swap_is_the_one_that_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = home(tmp_path)
    published(settings)
    run = killed_after_the_swap(settings, monkeypatch)
    assert runs.served(settings) == run
    assert "run r2" in console.state_of(settings, [])
    assert runs.start(settings, "r3", date(2025, 4, 1)).run_kind == "backfill", "it would roll back what is served"


def test_recovery_writes_the_entry_the_links_and_the_row_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home(tmp_path)
    published(settings)
    killed_after_the_swap(settings, monkeypatch)
    assert recovery.recover(settings).startswith("run r2 was published and not recorded")
    entry = state.read(settings, "runs").filter(run_id="r2").to_dicts()[0]
    assert (entry["outcome"], entry["as_of"], entry["finished_at"]) == ("published", date(2025, 4, 7), PUBLISHED_AT)
    assert json.loads(entry["figures"])["policy"] == "q"
    assert (settings.published / "parquet" / "latest").readlink() == Path("r2")
    assert state.read(settings, "volumes").filter(run_id="r2").height == 1
    assert status.read_status(settings)["served"]["run_id"] == "r2"
    assert recovery.recover(settings) == "", "a second look finds nothing to do"


def test_forecasts_of_a_run_that_was_served_count_as_issued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = home(tmp_path)
    published(settings)
    killed_after_the_swap(settings, monkeypatch)
    later = start(settings, "r3", as_of=date(2025, 4, 8))
    assert set(ledger._issued_run_ids(settings, later)) == {"r1", "r2", "r3"}


def test_a_run_killed_before_the_swap_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = home(tmp_path)
    published(settings)
    run = start(settings, "r2", as_of=date(2025, 4, 7))
    pass_gates(settings, run)
    monkeypatch.setattr(publish.pages, "write_aside", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        publish.publish(settings, run, PUBLISHED_AT)
    assert recovery.recover(settings) == ""
    kept = runs.served(settings)
    assert kept is not None and kept.run_id == "r1"


@pytest.mark.parametrize("damage", ["deleted", "cut", "cut a little", "overwritten"])
def test_a_served_file_that_nobody_can_read_is_told_with_the_command(tmp_path: Path, damage: str) -> None:
    settings = home(tmp_path)
    published(settings)
    assert served.problem(settings) == ""
    path = settings.served_file
    path.chmod(0o600)
    content = path.read_bytes()
    if damage == "deleted":
        path.unlink()
    else:
        kept = {"cut": content[:9000], "cut a little": content[:-100], "overwritten": b"x" * len(content)}
        path.write_bytes(kept[damage])
    assert str(path) in served.problem(settings) and "`almanac run`" in served.problem(settings)
    assert "`almanac run`" in console.state_of(settings, [])
    still = runs.served(settings)
    assert still is not None and still.run_id == "r1", "the log still knows which run to publish again"
    if damage != "deleted":
        with pytest.raises(AlmanacError, match="damaged"):
            recovery.recover(settings)
    status.write_status(settings, "r2", outcome="failed", finished_at=PUBLISHED_AT)  # it can still be recorded


def test_a_home_that_never_published_has_no_problem(tmp_path: Path) -> None:
    settings = home(tmp_path)
    assert served.problem(settings) == "" and runs.served(settings) is None
