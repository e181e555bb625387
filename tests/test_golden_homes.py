"""What an earlier release kept can be read by this one: its state, its landing, its configuration, its figures."""

import json
from pathlib import Path

import golden_home
import polars as pl
import pytest
from typer.testing import CliRunner

from pipelines import ingest, inputs, ledger
from pipelines.cli import app
from pipelines.contracts import load_contracts
from pipelines.gates import gates
from pipelines.home import backup, runs, state, warehouse
from pipelines.home.settings import load_settings
from pipelines.serving.doctor import examine

HOMES = sorted(golden_home.FOLDER.glob("home-*.tar.zst"))


@pytest.fixture(params=HOMES, ids=[path.name for path in HOMES])
def kept(request: pytest.FixtureRequest) -> Path:
    return request.param


def figures_of(kept: Path) -> dict[str, list[float]]:
    return json.loads(Path(str(kept).replace(".tar.zst", ".json")).read_text(encoding="utf-8"))


def test_a_golden_home_is_small_and_there_is_one() -> None:
    assert HOMES
    assert [path.name for path in HOMES if path.stat().st_size > 300_000] == []


def test_state_landing_and_policy_of_an_earlier_release_are_read(kept: Path, tmp_path: Path) -> None:
    backup.restore(kept, tmp_path / "home")
    settings = load_settings(tmp_path / "home")
    for log in sorted(path.name for path in settings.state.iterdir() if path.is_dir()):
        assert state.read(settings, log).height > 0, log
    served = runs.last_published(settings)
    assert served and state.read(settings, "forecast_values").filter(pl.col("run_id") == served.run_id).height > 0
    ledger.plan_of(settings)
    assert all(gates.gate_suites(settings).values())
    ingest.rebuild(settings, load_contracts(settings.sources))
    with warehouse.read(settings) as connection:
        rows = connection.execute("select count(*) from raw.opportunities").fetchall()
    assert rows == [(figures_of(kept)["deals"][0],)]
    assert inputs.newest_export(settings) == served.as_of
    assert [finding for finding in examine(settings, lambda _: None) if not finding.is_safe] == []


# A whole build: the time of a run.
@pytest.mark.slow
def test_an_earlier_release_is_served_on_with_the_same_figures(kept: Path, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "restore", str(kept)])
    assert told.exit_code == 0, told.output
    assert golden_home.figures(load_settings(tmp_path / "home")) == figures_of(kept)
