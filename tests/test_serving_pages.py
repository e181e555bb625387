"""Pages and workbooks of a run are written aside, and again in place of those that are served."""

import csv
from pathlib import Path

import gate_homes as homes
import pytest
from serving_world import held, log_run, serve

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.serving import pages

pytestmark = pytest.mark.fast


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return homes.home(tmp_path)


@pytest.fixture
def plain_pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Pages and workbooks without their content; the codes that the workbooks may use."""
    codes: dict[str, list[str]] = {}
    monkeypatch.setattr(pages, "read_pack", lambda file, status: (file, status))
    monkeypatch.setattr(pages, "write_pages", lambda folder, pack: (folder / "index.html").write_text(str(pack[1])))
    monkeypatch.setattr(pages, "write_workbooks", lambda folder, pack, vocabulary: codes.update(vocabulary))
    return codes


def test_pages_are_written_again_in_place_of_those_of_the_served_run(settings: Settings, plain_pages: dict) -> None:
    with pytest.raises(AlmanacError, match="nothing is served yet"):
        pages.write_again(settings)
    serve(settings)
    assert settings.config
    (settings.config / "seeds").mkdir()
    rows = [["stage_code"], ["won"], ["new"], [""], ["won"]]
    with (settings.config / "seeds" / "stages.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    page = settings.published / "pages" / "latest" / "index.html"
    assert pages.write_again(settings) == pages.write_again(settings) == page
    assert page.read_text() == str(settings.published / "status.duckdb")
    assert sorted(path.name for path in (settings.published / "workbooks").iterdir()) == ["latest", "r1"]
    assert plain_pages["stages"] == ["won", "new"], "each once, in the order of the policy"


@pytest.mark.parametrize("is_first", [True, False])
def test_pages_of_a_run_tell_the_runs_before_it(
    settings: Settings, plain_pages: dict, monkeypatch: pytest.MonkeyPatch, is_first: bool
) -> None:
    if not is_first:
        log_run(settings, "r0")
    seen: list[set[str]] = []

    def read_pack(file: Path, status_file: Path) -> tuple[Path, Path]:
        with held(status_file) as connection:
            seen.append({name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()})
        return file, status_file

    monkeypatch.setattr(pages, "read_pack", read_pack)
    for _ in range(2):  # the first may have been killed half way
        hidden = pages.write_aside(settings, "r1", settings.served_file)
    assert [(path.parent.name, path.name) for path in hidden] == [("pages", ".r1.tmp"), ("workbooks", ".r1.tmp")]
    assert [("runs" in tables, "results" in tables) for tables in seen] == [(not is_first, True)] * 2
    assert [path.name for path in (settings.published / "pages").iterdir()] == [".r1.tmp"]
