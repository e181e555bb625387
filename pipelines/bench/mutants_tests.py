"""Chooses for a fault the few tests that could see it, by the lines that each test ran without faults."""

import ast
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.bench.mutants_draw import Mutant

BUDGET, BUDGET_AGAIN = 6.0, 15.0  # seconds of tests per fault, as watched: what they do not see is held to survive
FEW = 5  # tests that run a line: a cache or a shared fixture may hide others, so the module's are added
SETUP_TESTS = 8  # of a module whose fixture alone runs the line: its quickest tests look at what the fixture made


def modules(root: Path, package: str) -> list[str]:
    """Modules of tests that import the package themselves."""
    named = []
    for path in sorted((root / "tests").glob("test_*.py")):
        if any(_within(name, package.replace("/", ".")) for name in imported(path)):
            named.append(f"tests/{path.name}")
    assert named, f"no test imports {package}"
    return named


@lru_cache(maxsize=2000)
def imported(path: Path) -> frozenset[str]:
    """Dotted names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def tests_for(mutant: Mutant, watched: dict[str, Any], root: Path, package: str, budget: float = BUDGET) -> list[str]:
    """Ids of tests, the quickest first: those that run the line, or any of the module where it cannot be told."""
    chosen = _running(watched, (f"{mutant.path}:{line}" for line in mutant.lines))
    chosen = chosen or _running(watched, (f"{mutant.path}:{n}" for n in range(mutant.head[0], mutant.head[1] + 1)))
    if not chosen and not is_compiled(mutant, root) and not mutant.at_import:
        return []  # no test comes to this statement
    tests = _affordable(chosen, watched, mutant.path, budget)
    if len(chosen) < FEW:
        more = _running(watched, [f"{mutant.path}:{mutant.function}"]) or _of_users(mutant, watched, root, package)
        tests += [test for test in _affordable(more, watched, mutant.path, budget) if test not in tests]
    return tests


def is_compiled(mutant: Mutant, root: Path) -> bool:
    """Whether numba compiles something of the module: no tracer sees its lines."""
    return bool(imported(root / mutant.path) & {"numba", "forecasts.prophet_map.compiled"})


def seconds_of(tests: Iterable[str], watched: dict[str, Any]) -> float:
    """How long the tests take without a fault, with what their modules share."""
    tests = list(tests)
    own, fixtures = dict(watched["tests"]), watched["fixtures"]
    return float(sum(own[t] for t in tests) + sum(fixtures.get(m, 0.0) for m in {t.split("::")[0] for t in tests}))


def _affordable(chosen: set[str], watched: dict[str, Any], path: str, budget: float) -> list[str]:
    """The quickest first, of those that come to most places of the module; a module's fixtures are paid once.

    A hundred tests that go the same way through a function say no more than one of them.
    """
    own, fixtures = dict(watched["tests"]), watched["fixtures"]
    by_cost = sorted(chosen, key=lambda test: own[test] + fixtures.get(test.split("::")[0], 0.0))
    within: list[str] = []
    opened: set[str] = set()
    spent = 0.0
    for test in sorted(by_cost, key=_adds_places(by_cost, watched, path), reverse=True):
        module = test.split("::")[0]
        cost = own[test] + (0.0 if module in opened else fixtures.get(module, 0.0))
        if within and spent + cost > budget:
            continue
        spent, opened = spent + cost, opened | {module}
        within.append(test)
    return sorted(within, key=by_cost.index)


def _adds_places(tests: list[str], watched: dict[str, Any], path: str) -> Callable[[str], bool]:
    """Whether a test comes to a place of the module that none before it in the list comes to."""
    first: dict[str, int] = {}
    numbers = {watched["tests"][number][0]: number for number in range(len(watched["tests"]))}
    order = {numbers[test]: at for at, test in enumerate(tests)}
    for name, seen in watched["seen"].items():
        if name.startswith(f"{path}:"):
            first[name] = min((order[test] for test in seen if test in order), default=-1)
    adding = set(first.values())
    return lambda test: order[numbers[test]] in adding


def _of_users(mutant: Mutant, watched: dict[str, Any], root: Path, package: str) -> set[str]:
    """Tests that run anything of the module, or of one in the package that imports it."""
    dotted = mutant.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
    users = {path for path in (root / package).rglob("*.py") if dotted in imported(path)}
    paths = {mutant.path} | {path.relative_to(root).as_posix() for path in users}
    return _running(watched, (name for name in watched["seen"] if name.rsplit(":", 1)[0] in paths))


def _running(watched: dict[str, Any], names: Iterable[str]) -> set[str]:
    """Tests that run one of the places; of a module whose fixtures run it, the quickest."""
    seen = {test for name in names for test in watched["seen"].get(name, ())}
    chosen = {watched["tests"][test][0] for test in seen if isinstance(test, int)}
    for module in seen:
        if isinstance(module, str):
            own = sorted((seconds, test) for test, seconds in watched["tests"] if test.split("::")[0] == module)
            chosen |= {test for _, test in own[:SETUP_TESTS]}
    return chosen


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
