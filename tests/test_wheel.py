"""Installed, not checked out: the wheel holds all that the product reads, and its listings can be read by programs."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import duckdb
import pytest
from conftest import REPOSITORY
from ingest_world import World, deals
from small_team import write_deals
from typer.testing import CliRunner

from pipelines.cli import app

PACKAGES = ("pipelines", "forecasts", "expectations", "dbt_project")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of what git tracks, so that nothing of the tree is touched."""
    folder = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if name.startswith(PACKAGES) or "/" not in name:
            target = folder / "tree" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((REPOSITORY / name).read_bytes())
    command = [sys.executable, "-c", "from setuptools import build_meta; build_meta.build_wheel('..')"]
    subprocess.run(command, cwd=folder / "tree", check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_every_file_of_its_packages(wheel: Path) -> None:
    # What readers import has a name of its own in the wheel.
    packed = {re.sub("^almanac/", "pipelines/api/almanac/", name) for name in zipfile.ZipFile(wheel).namelist()}
    assert "pipelines/api/almanac/__init__.py" in packed
    tree = wheel.parent / "tree"
    tracked = {
        path.relative_to(tree).as_posix() for name in PACKAGES for path in (tree / name).rglob("*") if path.is_file()
    }
    assert len(tracked) > 700
    generated = {name for name in tracked if "egg-info" in name or "__pycache__" in name}
    assert tracked - generated - packed - {"dbt_project/.gitignore"} == set()


def test_an_installed_almanac_knows_its_version_policy_and_contracts(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(installed)

    def almanac(*arguments: str) -> str:
        command = [sys.executable, "-P", "-c", "from pipelines.cli import main; main()", *arguments]
        environment = {**os.environ, "PYTHONPATH": str(installed)}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert almanac("--version") == f"almanac {declared}\n"
    almanac("init", str(tmp_path / "acme"))
    assert (tmp_path / "acme" / "seeds" / "stages.csv").is_file()
    listed = json.loads(almanac("--config", str(tmp_path / "acme"), "sources", "list", "--json"))
    assert ("salesforce", "opportunities") in {(row["system"], row["object"]) for row in listed}


LOOPBACK = r"(127\.0\.0\.1|::1|localhost)"
# In the environment of the wheel every Python process, dbt's too, writes down whom it calls by socket.
WATCH = """
import os, sys

def watch(event, given):
    if event in ("socket.getaddrinfo", "socket.gethostbyname") or (
        event in ("socket.connect", "socket.sendto") and isinstance(given[1], tuple)
    ):
        with open(os.environ["SOCKETS"], "a") as log:
            log.write(f"{event} {given[1] if event[7] in 'cs' else given[0]}\\n")

if "SOCKETS" in os.environ:
    with open(os.environ["SOCKETS"], "a") as log:
        log.write(f"watched {sys.argv[:1]}\\n")
    sys.addaudithook(watch)
"""


@pytest.mark.slow
def test_an_empty_environment_with_the_wheel_serves_a_company_and_calls_nobody(wheel: Path, tmp_path: Path) -> None:
    """`almanac init`, `demo` and `run` of an installed wheel. What it depends on is lent by this environment: a path in
    a .pth file, which is searched after the wheel's own folder, so that the test needs no package index. No process of
    it looks a name up or calls an address, telemetry included, though no variable forbids it."""
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    site = next(environment.glob("lib/python*/site-packages"))
    (site / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    (site / "sitecustomize.py").write_text(WATCH)
    sockets = tmp_path / "sockets"
    uv = Path(sys.executable).with_name("uv")
    install = [str(uv), "pip", "install", "--quiet", "--offline", "--no-deps", "--python", str(environment)]
    subprocess.run([*install, str(wheel)], check=True)

    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    clean["SOCKETS"] = str(sockets)

    def almanac(*arguments: object) -> str:
        command = [str(environment / "bin" / "almanac"), *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = [str(environment / "bin" / "python"), "-c", "import pipelines; print(pipelines.__file__)"]
    told = subprocess.run(where, cwd=tmp_path, env=clean, capture_output=True, text=True, check=True).stdout
    assert told.startswith(str(site))
    almanac("--home", tmp_path / "demo", "demo", "--customers", 40)
    assert (tmp_path / "demo" / "inbox" / "salesforce").is_dir()
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    export = write_deals(tmp_path / "home" / "inbox" / "deals_2026-10-31.csv")
    almanac("init", tmp_path / "acme", "--profile", "small", "--currency", "EUR", "--export", export)
    told = almanac("--home", tmp_path / "home", "--config", tmp_path / "acme", "run")
    assert "500" in told
    with duckdb.connect(str(tmp_path / "home" / "published" / "almanac.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.opportunities").fetchall() == [(500,)]
    seen = sockets.read_text().splitlines()
    assert any("child.py" in line or "dbt" in line for line in seen), "dbt's own processes are watched"
    assert [line for line in seen if not line.startswith("watched") and not re.search(LOOPBACK, line)] == []


def test_a_call_to_another_machine_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    call = "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(('192.0.2.1', 9)); {more}"
    call = call.format(more="socket.getaddrinfo('127.0.0.1', 80)")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "SOCKETS": str(tmp_path / "log")}
    subprocess.run([sys.executable, "-c", call], env=environment, check=True)
    seen = (tmp_path / "log").read_text().splitlines()
    assert "socket.connect ('192.0.2.1', 9)" in seen and "socket.getaddrinfo 127.0.0.1" in seen
    assert [line for line in seen if line.startswith("socket") and not re.search(LOOPBACK, line)] == seen[1:2]


def test_listings_are_json_for_programs(tmp_path: Path) -> None:
    world = World(tmp_path).contract()
    world.put("deals_20240101.csv", deals(("1", "a", "Prospecting", "x", ""), ("2", "b", "Prospecting", "1", "")))
    world.put("deals_20240102.csv", "ID\n1\n")
    world.run()
    folders = ["--home", str(world.settings.home), "--config", str(world.settings.config)]
    told = CliRunner().invoke(app, [*folders, "quarantine", "list", "--json"])
    assert told.exit_code == 0, told.output
    listed = json.loads(told.output)
    assert [row["row_count"] for row in listed["rows"]] == [1]
    assert [row["path"] for row in listed["files"]] == ["deals_20240102.csv"]
    told = CliRunner().invoke(app, [*folders, "doctor", "--json"])
    assert json.loads(told.stdout) == []
