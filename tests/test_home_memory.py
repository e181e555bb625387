"""A home remembers what it is used with: no command means another configuration, contracts or inbox by accident."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines.errors import AlmanacError
from pipelines.home import memory, warehouse
from pipelines.home.settings import SHIPPED_SOURCES, Settings, load_settings

pytestmark = pytest.mark.fast


def use(settings: Settings) -> None:
    with warehouse.run_lock(settings, owner="a test"):
        pass


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that was used with a configuration, contracts and an inbox of its own."""
    for name in ("acme", "other", "contracts", "drop"):
        (tmp_path / name).mkdir()
    (tmp_path / "acme" / "company.yml").write_text("base_currency: EUR\n", encoding="utf-8")
    folders = {"config": tmp_path / "acme", "sources": tmp_path / "contracts", "inbox": tmp_path / "drop"}
    use(load_settings(tmp_path / "home", **folders))
    return tmp_path / "home"


def test_a_command_without_options_means_what_the_home_was_used_with(home: Path) -> None:
    settings = load_settings(home)
    assert settings.company.base_currency == "EUR"
    assert (settings.config, settings.sources, settings.inbox) == (
        home.parent / "acme",
        home.parent / "contracts",
        home.parent / "drop",
    )
    assert load_settings(home, config=home.parent / "acme") == settings, "naming it again is no other one"


@pytest.mark.parametrize("name", memory.NAMES)
def test_another_folder_is_refused_by_name_unless_asked_for(home: Path, name: str) -> None:
    other = home.parent / "other"
    with pytest.raises(AlmanacError, match=f"(?s)--{name} .*not with .*other.*--switch"):
        load_settings(home, **{name: other})
    use(load_settings(home, **{name: other}, is_switch=True))
    assert getattr(load_settings(home), name) == other


def test_a_home_that_was_used_without_a_configuration_refuses_one(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    use(load_settings(tmp_path / "home"))
    with pytest.raises(AlmanacError, match="no --config"):
        load_settings(tmp_path / "home", config=tmp_path / "acme")


def test_looking_at_a_home_makes_it_remember_nothing(tmp_path: Path) -> None:
    (tmp_path / "acme").mkdir()
    load_settings(tmp_path / "home", config=tmp_path / "acme")
    assert load_settings(tmp_path / "home").config is None


def test_the_environment_may_name_the_defaults(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use(load_settings(tmp_path / "plain"))
    monkeypatch.setenv("ALMANAC_INBOX", str(tmp_path / "plain" / "inbox"))
    monkeypatch.setenv("ALMANAC_SOURCES", str(SHIPPED_SOURCES))
    assert load_settings(tmp_path / "plain").inbox == tmp_path / "plain" / "inbox"


def test_a_home_that_is_moved_takes_its_inbox_along(tmp_path: Path) -> None:
    use(load_settings(tmp_path / "home"))
    shutil.move(tmp_path / "home", tmp_path / "moved")
    assert load_settings(tmp_path / "moved").inbox == tmp_path / "moved" / "inbox"


def test_a_demo_home_stays_one_and_a_damaged_memory_is_told(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    marker = tmp_path / "home" / "home.json"
    marker.write_text('{"kind": "demo"}', encoding="utf-8")
    use(load_settings(tmp_path / "home"))
    assert json.loads(marker.read_text(encoding="utf-8"))["kind"] == "demo"
    marker.write_text("{", encoding="utf-8")
    with pytest.raises(AlmanacError, match=r"home.json: damaged .* delete it"):
        load_settings(tmp_path / "home")
