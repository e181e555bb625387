"""Nobody is given a pack, a row or a server's run by mistake."""

from pathlib import Path

import gate_homes as homes
import pytest
from serving_world import FINISHED

from pipelines import postgres
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.serving import editions, server

pytestmark = pytest.mark.fast


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return homes.home(tmp_path)


def test_every_named_person_gets_a_pack_and_nobody_else(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[str, editions.Edition]] = []
    monkeypatch.setattr(editions, "read_edition", lambda edition, file, status: edition)
    monkeypatch.setattr(editions, "write_pages", lambda folder, edition: written.append((folder.name, edition)))
    assert settings.config
    named = settings.config / "editions.csv"
    named.write_text("recipient, role ,value\neve,executive,\n bo ,rep,Bo Li\n", encoding="utf-8")
    people = [editions.Edition("eve", "executive"), editions.Edition("bo", "rep", "Bo Li")]
    assert editions.editions(settings) == people
    for _ in range(2):  # the first may have been killed half way
        [folder] = editions.write_aside(settings, "r1", Path("file"), Path("status"))
    assert folder == settings.published / "editions" / ".r1.tmp"
    assert written == [("eve", people[0]), ("bo", people[1])] * 2
    assert sorted(path.name for path in folder.iterdir()) == ["bo", "eve"]
    (settings.published / "editions" / "latest").symlink_to("r0")
    named.unlink()
    assert editions.write_aside(settings, "r2", Path("file"), Path("status")) == []
    assert not (settings.published / "editions" / "latest").is_symlink(), "nobody is named any more"


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ("a,executive,\nb,boss,x", "row 2: role `boss` is none of"),
        ("a,rep,", "row 1: role `rep` needs a value: the team, or the rep's name or id"),
        ("a,executive,x", "row 1: role `executive` takes no value: it sees every row"),
        (",executive,", "row 1: recipient `` cannot be the name of a folder"),
        ("a,rep,x\na,rep,y", "names a recipient twice: a$"),
    ],
)
def test_a_pack_for_nobody_or_for_unclear_rows_is_refused(settings: Settings, rows: str, why: str) -> None:
    assert settings.config and editions.editions(settings) == []
    (settings.config / "editions.csv").write_text(f"recipient,role,value\n{rows}\n", encoding="utf-8")
    with pytest.raises(AlmanacError, match=why):
        editions.editions(settings)


def test_a_right_names_a_login_a_scope_and_its_value(settings: Settings) -> None:
    assert settings.config and server.rights(settings) == []
    file = settings.config / "rights.csv"
    file.write_text("login,scope,value\nmei,team, North \nbo,all,\nmei,team,North\n", encoding="utf-8")
    assert server.rights(settings) == [("bo", "all", ""), ("mei", "team", "North")]
    for row in ("mei,boss,x", ",team,North", "mei,team,"):
        file.write_text(f"login,scope,value\nbo,all,\n{row}\n", encoding="utf-8")
        with pytest.raises(AlmanacError, match="row 2: needs a login, a scope"):
            server.rights(settings)


def test_the_named_server_gets_the_run_and_tells_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = homes.home(tmp_path, publish="postgres://a@b/c")
    monkeypatch.setattr(postgres, "publish_file", lambda address, *_: {"marts.a": 3, "marts.b": 4})
    monkeypatch.setattr(postgres, "roll_back", lambda address, run_id: f"{address} {run_id}")
    monkeypatch.setattr(postgres, "accept", lambda address, accepted_at: [f"{address} {accepted_at:%d.%m.}"])
    assert server.publish(settings, tmp_path / "x") == 7
    assert server.roll_back(settings, "r1") == "postgres://a@b/c r1"
    assert server.accept(settings, FINISHED) == ["postgres://a@b/c 01.04."]
