"""Runs chosen tests on a copied tree, with a fault or without, in a process that has the libraries loaded already."""

import contextlib
import gc
import importlib
import math
import os
import re
import resource
import shutil
import signal
import sys
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from pipelines.bench.mutants_draw import Mutant

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
LEAST_SECONDS = 5
COMPILE_SECONDS = 60  # of a module's kernels, which a fault compiles anew
PLAIN = ("pipelines/resolve/clusters.py",)  # whose kernels are quick enough as Python to need no compiling
WAITED = 100
MOST_BYTES = 16 * 2**30  # of addresses: a loop that no longer ends may also fill the memory
TIMES_LONGER = 2  # than without a fault: a loop that no longer ends


def copy_tree(root: Path, to: Path) -> None:
    """What tests read, with compiled code where there is some; the environment is the same."""
    for name in (*COPIED, *FILES):
        source = root / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("target", "logs"))
        elif source.exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name)
    (to / ".venv").symlink_to((root / ".venv").resolve())


def load(names: list[str]) -> None:
    """What every test would import again. Nothing of ours: each run imports the tree with its fault."""
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # a part that another package loads in its own way
            continue
    gc.freeze()  # what is loaded is never looked at for garbage: a child would copy its pages


def control(tree: Path, tests: list[str], log: Path) -> None:
    """Without a fault these tests pass: else every fault would seem to be seen."""
    code, _ = in_child(tree, lambda: _tests(tests), 1200, log)
    if code != 0:
        raise RuntimeError(f"the tests fail without a fault: {log}")


def verdict(tree: Path, mutant: Mutant, tests: list[str], usual: float, log: Path, least: int = LEAST_SECONDS) -> str:
    """`killed`, `timeout` (killed as well), `survived`, or `unreached` where no test calls the place."""
    if not tests:
        return "unreached"
    path = tree / mutant.path
    source, stamp = path.read_bytes(), path.stat().st_mtime
    path.write_bytes(mutant.apply(source))
    other = stamp + 9 + zlib.crc32(mutant.key.encode()) % 1_000_000
    os.utime(path, (other, other))  # compiled files are known by second and size: no two faults may share both
    try:
        code, late = in_child(tree, lambda: _tests(tests, mutant.path in PLAIN), least + TIMES_LONGER * usual, log)
    finally:
        path.write_bytes(source)
        os.utime(path, (stamp, stamp))
    return "timeout" if late else "survived" if code == 0 else "killed"


def failed(tests: list[str], log: Path) -> str:
    """The test that failed in the last run; empty where the fault could not even be imported."""
    lines = re.findall(r"^(?:FAILED|ERROR) (.+)", log.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    named = [test for test in tests for line in lines if f"{line} ".startswith(f"{test} ")]
    return max(named, key=len, default="")


def in_child(tree: Path, work: Callable[[], int], seconds: float, log: Path) -> tuple[int, bool]:
    """Exit code of `work` in a forked process that sees `tree` alone, and whether it had to be ended.

    `seconds` are the processor's; of the clock it gets a hundred times as many: beside other work a test
    that ends has been seen to take fifty times as long, and what is ended counts as killed.
    """
    child = os.fork()
    if child == 0:
        try:
            os.setsid()  # what it starts is ended with it
            out = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
            os.dup2(out, 1), os.dup2(out, 2)
            sys.stdout = sys.stderr = os.fdopen(1, "w", buffering=1)  # a test may have replaced them
            _settle(tree)
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 5))
            os._exit(work())
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(3)
    until = time.monotonic() + WAITED * seconds
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            _end_group(child)
            code = os.waitstatus_to_exitcode(status)
            return code, code in (-signal.SIGXCPU, -signal.SIGKILL)
        time.sleep(0.05)
    _end_group(child)
    os.waitpid(child, 0)
    return -1, True


def _end_group(child: int) -> None:
    """What a failed test started and did not end would go on for ever."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)


def _settle(tree: Path) -> None:
    """Forgets this checkout: modules are imported from the copied tree, in this process and in those it starts."""
    os.chdir(tree)
    os.environ["PYTHONPATH"] = str(tree)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False  # else every fault would compile every module again
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    sys.path[:] = [str(tree), *[p for p in sys.path if p and not (Path(p) / "pipelines").is_dir()]]
    for name in list(sys.modules):
        if name.split(".")[0] in ("pipelines", "forecasts", "expectations") and not name.startswith(
            "pipelines.bench.mutants"
        ):
            del sys.modules[name]


def _tests(tests: list[str], is_plain: bool = False) -> int:
    config: Any = numba.config
    config.DISABLE_JIT = is_plain
    return int(pytest.main(["-x", *options(), *tests]))


def options() -> list[str]:
    """Pytest's, of every run."""
    return ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=line", "-m", "not slow and not real"]
