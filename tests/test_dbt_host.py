"""dbt's commands of one job share a process: imports and the parsed project are paid once, nothing else is shared."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_children import ends, is_alive

from pipelines.home import child, dbt

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each command starts dbt anew")
# In place of dbt: it says what it was called with, and counts how often it has parsed a project.
PLAYED = """
import os, time
from types import SimpleNamespace as Done

class dbtRunner:
    def __init__(self, manifest=None):
        self.manifest = manifest

    def invoke(self, arguments):
        if "parse" in arguments:
            with open("parsed", "a") as stream:
                stream.write("x")
            if "--quiet" not in arguments:
                print("parsed")
            return Done(success=True, exception=None, result=os.path.getsize("parsed"))
        if "sleep" in arguments:
            print(os.getpid(), flush=True)
            time.sleep(60)
        print("manifest", self.manifest, "in", os.path.basename(os.getcwd()), "for", os.environ.get("ASKED_BY"))
        self.manifest = None
        return Done(success="fail" not in arguments, exception=None, result=None)

def cli(prog_name):
    print("alone")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A parsed project, and a host for it."""
    for path, text in {"lib/dbt/__init__.py": "", "lib/dbt/cli/__init__.py": "", "lib/dbt/cli/main.py": PLAYED}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "lib"))
    (tmp_path / "project" / "target").mkdir(parents=True)
    (tmp_path / "project" / "target" / "manifest.json").write_text("{}")
    with dbt.host():
        yield tmp_path / "project"


def called(folder: Path, *arguments: str, asked_by: str = "") -> tuple[int, str]:
    environment = {**os.environ, "ASKED_BY": asked_by}
    done = subprocess.run(
        [*dbt.DBT, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout


def host_id() -> int:
    """The process that listens at the socket of the host: a child of this one, which has no name for a moment."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        for one in children:
            if b"dbt_host.py" in Path(f"/proc/{one}/cmdline").read_bytes():
                return int(one)
    raise AssertionError("no host was found")


def sleeping(folder: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([*dbt.DBT, "build", "sleep"], cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    return process, int(process.stdout.readline())


def test_commands_share_the_parsed_project_and_nothing_else(folder: Path) -> None:
    assert called(folder, "build", asked_by="one") == (0, "manifest 1 in project for one\n")
    assert called(folder, "build", asked_by="two") == (0, "manifest 1 in project for two\n")


def test_a_project_that_is_parsed_anew_is_read_anew(folder: Path) -> None:
    called(folder, "build")
    (folder / "target" / "manifest.json").write_text("{ }")
    assert called(folder, "build")[1].startswith("manifest 2 ")
    assert called(folder, "parse") == (0, "parsed\n")
    assert called(folder, "build")[1].startswith("manifest 3 ")  # what `parse` has read is not read again


def test_an_exit_code_reaches_who_asks(folder: Path) -> None:
    assert called(folder, "build", "fail")[0] == 1
    assert called(folder, "build")[0] == 0


def test_a_command_ends_with_who_asks_for_it(folder: Path) -> None:
    process, command = sleeping(folder)
    process.kill()
    process.wait()
    assert ends(command, 5)
    assert called(folder, "build")[0] == 0


def test_a_command_ends_with_its_host_and_the_next_one_starts_dbt_itself(folder: Path) -> None:
    process, command = sleeping(folder)
    os.kill(host_id(), signal.SIGKILL)
    assert process.wait(5) == 1 and ends(command, 5)
    assert called(folder, "build") == (0, "alone\n")


def test_a_keyboard_interrupt_ends_the_command_and_not_the_host(folder: Path) -> None:
    process, command = sleeping(folder)
    for one in (host_id(), command, process.pid):  # a terminal tells all of them
        os.kill(one, signal.SIGINT)
    assert process.wait(5) != 0 and ends(command, 5)
    assert called(folder, "build") == (0, "manifest 1 in project for \n")


def test_the_host_ends_with_the_job() -> None:
    with dbt.host():
        host = host_id()
        with dbt.host():
            assert host_id() == host
        assert is_alive(host)
    assert not is_alive(host) and child.HOST not in os.environ


def test_a_host_ends_where_terminating_is_ignored() -> None:
    ignored = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    program = f"{ignored}\nfrom pipelines.home import dbt\nwith dbt.host():\n    pass"
    environment = {name: value for name, value in os.environ.items() if name != child.HOST}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)
