"""Branch offices of the sample company write twelve truly different shapes, and every one is read to the cent."""

from collections import Counter
from datetime import datetime

import polars as pl
import pytest
from conftest import found

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.demo import AS_OF, SEED, write_demo
from pipelines.demo.branch_shapes import shape_of
from pipelines.demo.dirt import load_dirt
from pipelines.demo.world import World, build_world
from pipelines.home import warehouse
from pipelines.home.settings import Settings, load_settings

BRANCHES = [f"branch_{number:02d}" for number in range(9, 21)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The landed exports of the branches of a company of twenty systems."""
    folder = tmp_path_factory.mktemp("wide") / "home"
    write_demo(folder, customers=60, systems=20)
    for other in [path for path in (folder / "inbox").iterdir() if path.name not in BRANCHES]:
        for file in reversed(found(other.rglob("*"))):
            file.unlink() if file.is_file() else file.rmdir()
    return load_settings(folder)


def test_every_branch_has_a_shape_of_its_own() -> None:
    shapes = [shape_of(name) for name in BRANCHES]
    assert len({shape.deals for shape in shapes}) == len({shape.accounts for shape in shapes}) == 12
    notations = {(s.format, s.delimiter, s.encoding, s.date, s.number, s.probability, s.stages, s.ids) for s in shapes}
    assert len(notations) == 12 and {shape.format for shape in shapes} == {"csv", "xlsx", "jsonl"}


def test_what_the_branches_write_is_read_to_the_cent_and_the_day(home: Settings) -> None:
    contracts = load_contracts(home.sources)
    assert set(BRANCHES) <= set(contracts)
    report = ingest.run(home, contracts, datetime(2026, 11, 1))
    assert {file["status"] for file in report.files} == {"loaded"}, [file["reason"] for file in report.files]
    bad = Counter(pl.read_parquet(home.home / "truth" / "bad_rows.parquet")["path"])
    assert {f["path"]: f["rows_quarantined"] for f in report.files} == {f["path"]: bad[f["path"]] for f in report.files}
    world = build_world(SEED, 60, 20, AS_OF, load_dirt())
    with warehouse.read(home) as connection:
        for name in BRANCHES:
            rows = connection.execute(
                "select opportunity_id, stage, cast(amount * 100 as bigint), created_on, expected_close_on, "
                "round(probability * 100) from raw.opportunities where source_system = ? "
                "qualify exported_at = max(exported_at) over () order by 1",
                [name],
            ).fetchall()
            assert rows == _true_rows(world, name), name


def _true_rows(world: World, name: str) -> list[tuple[object, ...]]:
    """The deals of a branch as of the last export."""
    deals = world.deal_rows(name, world.last).with_columns(pl.col("created", "expected").cast(pl.Int32).cast(pl.Date))
    wanted = deals.select("source_id", "stage", "amount", "created", "expected", pl.col("probability").cast(pl.Float64))
    return wanted.sort("source_id").rows()
