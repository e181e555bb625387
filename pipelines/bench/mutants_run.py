"""Runs chosen tests on a copied tree, with a fault or without, in a process that has the libraries loaded already."""

import importlib
import json
import os
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.bench.mutants_draw import Mutant
from pipelines.bench.mutants_watch import Company, Watch

COPIED = ("pipelines", "forecasts", "expectations", "dbt_project", "tests", "docs", "samples", "data/README.md")
FILES = (
    "pyproject.toml",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "requirements.lock",
    "Makefile",
    "workspace.yaml",
)
OURS = ("pipelines", "forecasts", "expectations")
LEAST_SECONDS = 60  # a fault may compile a kernel anew
TIMES_LONGER = 5  # than without a fault: a loop that no longer ends


def copy_tree(root: Path, to: Path) -> None:
    """What tests read, without built things; the environment is the same."""
    for name in (*COPIED, *FILES):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
        elif source.exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)
    (to / ".venv").symlink_to((root / ".venv").resolve())


def watched(tree: Path, package: str, modules: list[str], to: Path) -> dict[str, Any]:
    """One run without faults, in a process of its own: what `Watch` saw, and the libraries that were loaded by then."""

    def run() -> int:
        watch = Watch(tree, package)
        code = pytest.main([*_options(), *modules], plugins=[watch, Company(to.parent / "company")])
        loaded = {name.split(".")[0] for name in sys.modules} - set(sys.stdlib_module_names)
        ours = {*OURS, "tests"} | {Path(m).stem for m in modules}
        to.write_text(json.dumps(watch.figures() | {"libraries": sorted(loaded - ours), "code": int(code)}))
        return 0

    if not to.exists():
        code, _ = in_child(tree, run, 3600, to.with_suffix(".log"))
        assert code == 0 and to.exists(), f"the run without faults failed: {to.with_suffix('.log')}"
    return dict(json.loads(to.read_text()))


def load(libraries: list[str]) -> None:
    """What every test would import again. Nothing of ours: each run imports the tree with its fault."""
    for name in libraries:
        if not name.startswith("_") and not name.startswith("test_"):
            try:
                importlib.import_module(name)
            except Exception:  # a helper of the tests, or a part that another library loads in its own way
                continue


def control(tree: Path, tests: list[str], log: Path) -> None:
    """Without a fault these tests pass: else every fault would seem to be seen."""
    code, _ = in_child(tree, lambda: _tests(tests, log.parent / "company"), 1200, log)
    if code != 0:
        raise RuntimeError(f"the tests fail without a fault: {log}")


def verdict(tree: Path, mutant: Mutant, tests: list[str], usual: float, log: Path) -> str:
    """`killed`, `timeout` (killed as well), `survived`, or `unreached` where no test calls the place."""
    if not tests:
        return "unreached"
    path = tree / mutant.path
    source, stamp = path.read_bytes(), path.stat().st_mtime
    path.write_bytes(mutant.apply(source))
    os.utime(path, (stamp + 9, stamp + 9))  # compiled files are loaded by second and size, and both could stay the same
    try:
        code, late = in_child(
            tree, lambda: _tests(tests, log.parent / "company"), LEAST_SECONDS + TIMES_LONGER * usual, log
        )
    finally:
        path.write_bytes(source)
        os.utime(path, (stamp, stamp))
    return "timeout" if late else "survived" if code == 0 else "killed"


def in_child(tree: Path, work: Callable[[], int], seconds: float, log: Path) -> tuple[int, bool]:
    """Exit code of `work` in a forked process that sees `tree` alone, and whether it had to be ended."""
    child = os.fork()
    if child == 0:
        try:
            os.setsid()  # what it starts is ended with it
            out = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(out, 1), os.dup2(out, 2)
            _settle(tree)
            os._exit(work())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(3)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status), False
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -1, True


def _settle(tree: Path) -> None:
    """Forgets this checkout: modules are imported from the copied tree, in this process and in those it starts."""
    os.chdir(tree)
    os.environ["PYTHONPATH"], os.environ["PYTHONDONTWRITEBYTECODE"] = str(tree), "1"
    sys.dont_write_bytecode = True
    sys.path[:] = [str(tree), *[p for p in sys.path if p and not (Path(p) / "pipelines").is_dir()]]
    for name in list(sys.modules):
        if name.split(".")[0] in ("pipelines", "forecasts", "expectations") and not name.startswith(
            "pipelines.bench.mutants"
        ):
            del sys.modules[name]


def _tests(tests: list[str], company: Path) -> int:
    return int(pytest.main(["-x", *_options(), *tests], plugins=[Company(company)]))


def _options() -> list[str]:
    return ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=line", "-m", "not slow and not real"]
