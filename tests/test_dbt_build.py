"""Every rule written in SQL holds, and the models can be read as pages: dbt's unit tests and docs on a built home."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Built

from pipelines.errors import AlmanacError
from pipelines.home import dbt
from pipelines.home.settings import load_settings


@pytest.fixture(scope="module")
def project(copied: Callable[[], Built]) -> Path:
    """The dbt project of a copied home. One for all: none of the tests changes what another reads."""
    return dbt.prepare_project(copied().settings)


def test_every_dbt_unit_test_passes(project: Path) -> None:
    printed = dbt.dbt(project, "test", "--select", "test_type:unit")
    written = json.loads((project / "target" / "manifest.json").read_text(encoding="utf-8"))["unit_tests"]
    assert written and f"PASS={len(written)} " in printed
    assert "ERROR=0" in printed and "SKIP=0" in printed


def test_a_copied_home_reads_its_own_seeds(built: Built, project: Path) -> None:
    printed = dbt.dbt(project, "seed", "--select", "stages", "--debug")
    statements = [line for line in printed.splitlines() if "copy" in line.lower() and "stages.csv" in line]
    assert statements and not any(str(built.settings.home) in line for line in statements)


def test_the_docs_are_one_page_without_a_server(project: Path) -> None:
    dbt.dbt(project, "docs", "generate", "--static")
    page = (project / "target" / "static_index.html").read_text(encoding="utf-8")
    assert "One row per line of revenue" in page


def test_a_broken_edit_that_is_undone_is_undone_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(folder: Path, *arguments: str) -> str:
        if "broken" in (folder / "seeds" / "stage_words.csv").read_text():
            raise AlmanacError("dbt parse failed")
        (folder / "target").mkdir(exist_ok=True)
        (folder / "target" / "manifest.json").write_text("{}")
        return ""

    monkeypatch.setattr(dbt, "dbt", parse)
    own = tmp_path / "config" / "seeds" / "stage_words.csv"
    own.parent.mkdir(parents=True)
    settings = load_settings(tmp_path / "home", config=tmp_path / "config")
    own.write_text("good")
    folder = dbt.prepare_project(settings)
    own.write_text("broken")
    with pytest.raises(AlmanacError):
        dbt.prepare_project(settings)
    own.write_text("good")
    dbt.prepare_project(settings)
    assert (folder / "seeds" / "stage_words.csv").read_text() == "good"
