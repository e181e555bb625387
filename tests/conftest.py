"""What every test may ask for: the public data sets, and one full build of the sample company per session."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from pipelines.home.settings import Settings, load_settings

REPOSITORY = Path(__file__).resolve().parent.parent
CUSTOMERS = 200


@dataclass(frozen=True)
class Built:
    """A home in which the whole job has run once, and what it said on the way."""

    settings: Settings
    said: list[str]

    @property
    def served(self) -> Path:
        return self.settings.published / "almanac.duckdb"


@pytest.hookimpl(wrapper=True)  # xdist reads the groups as the first of the plain hooks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """What shares something costly goes to one worker, and the longest go first, so that both end together."""
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_turn)
    return (yield)


def _group(item: pytest.Item) -> str | None:
    """One worker builds the company and reads it; what a module makes for all its tests is made once."""
    fixtures = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]
    if "copied" in fixtures or item.get_closest_marker("xdist_group"):
        return None
    if "built" in fixtures:
        return "company"
    is_shared = any(found[-1].scope == "module" for found in fixtures.values())
    return Path(item.path).stem if is_shared else None


def _turn(item: pytest.Item) -> int:
    """The company first; groups while it is built; then the tests on copies of it; last what fills the gaps."""
    groups = [mark.args[0] for mark in item.iter_markers("xdist_group")]
    if "company" in groups:
        return 0
    if "copied" in item.fixturenames:  # type: ignore[attr-defined]
        return 2
    return 1 if groups else 3


@pytest.fixture(scope="session")
def datasets() -> Path:
    """The folder of public data sets; the test is skipped where it is absent."""
    folder = Path(os.environ.get("ALMANAC_DATASETS", REPOSITORY.parent / "shared" / "datasets"))
    if not folder.is_dir():
        pytest.skip(f"public data sets are not at {folder} (set ALMANAC_DATASETS)")
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The sample company, built once per session through Dagster. Read it; copy it before changing anything."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the workers' folders stand side by side in the session's
    home, said = folder / "company", folder / "company.json"
    with FileLock(folder / "company.lock"):
        if not said.exists():
            said.write_text(json.dumps(_build(home)))
    return Built(load_settings(home), json.loads(said.read_text()))


def _build(home: Path) -> list[str]:
    from pipelines.demo import AS_OF, write_demo
    from pipelines.orchestration.execute import run_job

    said: list[str] = []
    write_demo(home, customers=CUSTOMERS)
    assert run_job(load_settings(home), AS_OF, {}, said.append), "\n".join(said)
    return said


@pytest.fixture(scope="module")
def copied(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Built]:
    """Makes copies of the built home that a test may change. Copies share the inbox's bytes, not its files."""

    def copy() -> Built:
        home = tmp_path_factory.mktemp("copy") / "home"
        shutil.copytree(built.settings.home, home, symlinks=True)
        return Built(load_settings(home), [])

    return copy
