"""Nothing that comes in is run: neither YAML nor text of contracts and cells; no archive writes elsewhere."""

import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import REPOSITORY, found
from ingest_world import DEALS, LANDED, World, deals

from expectations.suite import SuiteError, load_suites
from forecasts import config
from forecasts.errors import ForecastError
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.home import warehouse
from pipelines.home.company import load_company

pytestmark = pytest.mark.fast

CALL = "!!python/object/apply:os.system ['touch {mark}']"
JINJA = "{{ 7 * 7 }}{% raw %}{{ env_var('HOME') }}"


def test_no_yaml_is_read_with_a_loader_that_makes_objects() -> None:
    calls = re.compile(r"yaml\.(load|load_all|unsafe_load|full_load|unsafe_load_all|full_load_all)\(")
    loading = []
    for package in ("pipelines", "forecasts", "expectations"):
        for path in found((REPOSITORY / package).rglob("*.py")):
            lines = path.read_text(encoding="utf-8").splitlines()
            loading += [(path.name, line.strip()) for line in lines if calls.search(line)]
    assert [name for name, line in loading if "Loader=_WordLoader" not in line] == []
    from pipelines.contracts import declared

    assert "SafeLoader" in declared._WordLoader.__mro__[1].__name__


def test_a_call_in_a_yaml_file_is_an_error_and_is_not_made(tmp_path: Path) -> None:
    mark, path = tmp_path / "mark", tmp_path / "file.yml"
    path.write_text(f"base_currency: {CALL.format(mark=mark)}\n", encoding="utf-8")
    readers = {
        "company": (lambda: load_company(path), AlmanacError),
        "contract": (lambda: load_contracts(tmp_path), AlmanacError),
        "forecasts": (lambda: config.load(path), ForecastError),
        "suite": (lambda: load_suites([tmp_path]), SuiteError),
    }
    for read, error in readers.values():
        with pytest.raises(error):
            read()
    assert not mark.exists()


def test_text_of_contracts_and_cells_is_text(tmp_path: Path) -> None:
    world = World(tmp_path).contract(DEALS.replace("title: CRM", f'title: "{JINJA}"'))
    assert JINJA in (tmp_path / "config/sources/crm.yml").read_text(encoding="utf-8")
    world.put("deals_20240101.csv", deals(("1", f'"{JINJA}"', "Prospecting", "5", "")))
    world.run()
    assert world.column("select title from control.systems") == [JINJA]
    assert world.column("select opportunity_name from raw.opportunities") == [JINJA]


def test_an_archive_writes_nowhere_but_where_it_is_unpacked(tmp_path: Path) -> None:
    world = World(tmp_path / "a" / "b" / "c").contract(DEALS.replace("deals_*.csv", "deals_*.zip"))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../../../evil.csv", deals(("1", "a", "Prospecting", "5", "")))
    world.put("deals_20240101.zip", packed.getvalue())
    assert [row["status"] for row in world.run().files] == ["loaded"]
    assert list(tmp_path.rglob("evil.csv")) == [] and not (tmp_path.parent / "evil.csv").exists()


def test_a_clock_that_was_set_back_loses_no_export_and_the_newest_one_counts(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240101.csv", deals(("1", "a", "Prospecting", "5", "")))
    world.run()
    world.put("deals_20240201.csv", deals(("1", "a", "Prospecting", "7", "")))
    report = world.run(LANDED - timedelta(days=400))
    assert [row["status"] for row in report.files] == ["loaded"]
    newest = "select amount from raw.opportunities order by exported_at desc limit 1"
    assert [float(amount) for amount in world.column(newest)] == [7.0]
    assert world.run(LANDED - timedelta(days=400)).files == [], "and it is not read twice"


def test_two_homes_of_one_machine_do_not_wait_for_each_other(tmp_path: Path) -> None:
    first, second = World(tmp_path / "first").contract(), World(tmp_path / "second").contract()
    second.put("deals_20240101.csv", deals(("1", "a", "Prospecting", "5", "")))
    with warehouse.run_lock(first.settings, owner="a run"), warehouse.run_lock(second.settings, owner="another run"):
        assert [row["status"] for row in second.run().files] == ["loaded"]
        assert warehouse.is_locked(first.settings)
    assert not (first.settings.landing / "files").exists() or not any((first.settings.landing / "files").iterdir())
