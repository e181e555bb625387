"""What every test may ask for: the public data sets, and one full build of the sample company per session."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock

from pipelines.home import parsed
from pipelines.home.settings import Settings, load_settings

REPOSITORY = Path(__file__).resolve().parent.parent
CUSTOMERS = 200
# Modules of 8 to 90 seconds of one processor, the longest first. The second builds the company while the other worker
# does what needs none; those that change a copy of it stand where it is there.
LONGEST = [f"test_{name}" for name in (
    *("deals_held_out", "dagster", "quality_gates", "ingest_preview", "match", "forecasts_models"),
    *("dbt_build", "gates_stop_the_job", "whole_job", "steward"),
    *("ingest_large", "match_file", "publish", "match_update", "prophet_map_oracle", "ingest_history", "demo"),
    *("demo_ingest", "ingest_files", "ingest_values", "match_contacts", "ingest_monday", "ingest_proposals"),
)]  # fmt: skip


@dataclass(frozen=True)
class Built:
    """A home in which the whole job has run once, and what it said on the way."""

    settings: Settings
    said: list[str]

    @property
    def served(self) -> Path:
        return self.settings.published / "almanac.duckdb"


def found(paths: Iterable[Path]) -> list[Path]:
    """The paths in order, of which there must be some: a loop over an empty folder tests nothing."""
    kept = sorted(paths)
    assert kept, "no file was found"
    return kept


def pytest_configure(config: pytest.Config) -> None:
    """Homes of one session share what dbt has parsed, and nothing of what a user's homes have; workers inherit it."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        folder = tempfile.TemporaryDirectory(prefix="almanac-parsed-")
        os.environ[parsed.VARIABLE] = folder.name
        config.add_cleanup(folder.cleanup)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules first: a worker takes one when it has ended its last, and both end together."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty database in memory."""
    with duckdb.connect() as opened:
        yield opened


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
