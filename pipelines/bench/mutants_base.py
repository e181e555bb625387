"""The run without faults: which tests run which lines, kept and made again for the test modules that changed."""

import gc
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.bench.mutants_run import in_child, options
from pipelines.bench.mutants_watch import Watch, WithoutCompany

MOST_SECONDS = 3600
EMPTY: dict[str, Any] = {"tests": [], "fixtures": {}, "seen": {}, "packages": [], "modules": {}}


def watched(tree: Path, package: str, modules: list[str], to: Path) -> dict[str, Any]:
    """What `Watch` saw of the tests of `modules`, and the installed modules that were loaded by then; kept in `to`."""
    earlier = json.loads(to.read_text()) if to.exists() else EMPTY
    now = {module: hashlib.sha256((tree / module).read_bytes()).hexdigest()[:12] for module in modules}
    changed = [module for module in modules if earlier["modules"].get(module) != now[module]]
    if changed or set(earlier["modules"]) - set(now):
        earlier = merged(earlier, _watch(tree, package, changed, to) if changed else EMPTY, set(now) - set(changed))
        earlier |= {"modules": now}
        to.write_text(json.dumps(earlier))
    return dict(earlier)


def merged(earlier: dict[str, Any], new: dict[str, Any], kept: set[str]) -> dict[str, Any]:
    """Of `earlier` the tests of the modules `kept`, and all of `new`."""
    tests, seen = [*new["tests"]], {name: list(who) for name, who in new["seen"].items()}
    number: dict[Any, Any] = {module: module for module in kept}
    for old, (test, seconds) in enumerate(earlier["tests"]):
        if test.split("::")[0] in kept:
            number[old] = len(tests)
            tests.append([test, seconds])
    for name, who in earlier["seen"].items():
        if still := [number[one] for one in who if one in number]:
            seen[name] = seen.get(name, []) + still
    fixtures = {module: seconds for module, seconds in earlier["fixtures"].items() if module in kept} | new["fixtures"]
    packages = list(dict.fromkeys([*earlier["packages"], *new["packages"]]))
    return {"tests": tests, "fixtures": fixtures, "seen": seen, "packages": packages}


def _watch(tree: Path, package: str, modules: list[str], to: Path) -> dict[str, Any]:
    """One run in a process of its own."""
    figures_file = to.with_suffix(".new")

    def run() -> int:
        gc.disable()  # what numba has compiled, freed by the collector below a tracer, ends the process
        watch = Watch(tree, package)
        pytest.main([*options(), *modules], plugins=[watch, WithoutCompany()])
        installed = [name for name in list(sys.modules) if _is_installed(name)]
        figures_file.write_text(json.dumps(watch.figures() | {"packages": installed}))
        return 0

    code, _ = in_child(tree, run, MOST_SECONDS, to.with_suffix(".log"))
    if code != 0:
        raise RuntimeError(f"the run without faults failed: {to.with_suffix('.log')}")
    figures = json.loads(figures_file.read_text())
    figures_file.unlink()
    return dict(figures)


def _is_installed(name: str) -> bool:
    """Whether a module comes from an installed package."""
    return "site-packages" in (getattr(sys.modules[name], "__file__", None) or "")
