"""Chooses for a fault the few tests that could see it, by what each test called in a run without faults."""

import ast
from pathlib import Path
from typing import Any

from pipelines.bench.mutants_draw import Mutant

BUDGET = 20.0  # seconds of tests per fault: what is not seen by then is held to survive
SETUP_TESTS = 8  # of a module whose fixture alone calls the function: its quickest tests look at what the fixture made


def modules(root: Path, package: str) -> list[str]:
    """Modules of tests that import the package themselves."""
    named = []
    for path in sorted((root / "tests").glob("test_*.py")):
        if any(_within(name, package.replace("/", ".")) for name in imported(path)):
            named.append(f"tests/{path.name}")
    assert named, f"no test imports {package}"
    return named


def imported(path: Path) -> set[str]:
    """Dotted names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def tests_for(mutant: Mutant, watched: dict[str, Any], root: Path, package: str) -> list[str]:
    """Ids of tests, the quickest first: those that call the function, or any of the module where it cannot be told."""
    name = f"{mutant.path}:{mutant.function}"
    chosen = _calling(watched, {name})
    if not chosen:  # a module's own body, a class's, or a kernel, whose calls no tracer sees
        dotted = mutant.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        users = {path for path in (root / package).rglob("*.py") if dotted in imported(path)}
        paths = {mutant.path} | {path.relative_to(root).as_posix() for path in users}
        if _unseen(mutant, root):
            everything = {n for names in (*watched["calls"].values(), *watched["setups"].values()) for n in names}
            chosen = _calling(watched, {n for n in everything if n.split(":")[0] in paths})
    within: list[str] = []
    spent = 0.0
    for test in sorted(chosen, key=lambda test: watched["seconds"][test]):
        spent += watched["seconds"][test]
        if within and spent > BUDGET:
            break
        within.append(test)
    return within


def _calling(watched: dict[str, Any], names: set[str]) -> set[str]:
    chosen = {test for test, called in watched["calls"].items() if names & set(called)}
    for module, called in watched["setups"].items():
        if names & set(called):
            own = [test for test in watched["seconds"] if test.split("::")[0].endswith(f"/{module}")]
            chosen |= set(sorted(own, key=lambda test: watched["seconds"][test])[:SETUP_TESTS])
    return chosen


def _unseen(mutant: Mutant, root: Path) -> bool:
    """Whether a tracer cannot see it: a body that runs at import, or a function that numba compiles."""
    if not mutant.function or "numba" in (root / mutant.path).read_text(encoding="utf-8"):
        return True
    for node in ast.walk(ast.parse((root / mutant.path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and mutant.function.split(".")[-1] == node.name:
            return True
    return False


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
