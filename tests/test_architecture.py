"""The walls: who may import whom, and where a clock may be read."""

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from conftest import found

pytestmark = pytest.mark.fast

REPOSITORY = Path(__file__).resolve().parent.parent
STEP = {"errors", "contracts", "home", "keys"}
# Package of `pipelines` to the packages it may import. Steps of the flow meet in tables: none imports the next one.
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "contracts": {"errors"},
    "home": {"errors", "contracts"},
    "keys": {"errors", "contracts", "home"},
    "ingest": STEP,
    "resolve": STEP,
    "funnel": set(),  # a pure function, called by a dbt model
    "matching": STEP | {"resolve", "ingest"},  # one engine for a file: it reads with ingest, clusters with resolve
    "gates": STEP | {"expectations"},
    "deal_ledger": {"home", "forecasts"},  # what ledger asks of deals
    "ledger": STEP | {"forecasts", "deal_ledger"},
    "replay": STEP | {"ledger", "deal_ledger"},
    "reviews": {"home"},
    "report": {"errors", "home", "forecasts"},  # reads the published files alone; draws with the marks of forecasts
    # Answers come back in the workbook that report writes, and become overrides of matching and words of ingest.
    "decisions": STEP | {"report", "matching", "ingest"},
    # The status file shows what the gates found and which answers were refused; pages are swapped in with tables.
    "postgres": STEP,
    "lake": STEP,
    "serving": STEP | {"gates", "report", "decisions", "postgres", "lake"},
    "messages": STEP | {"report", "serving"},  # words of the catalogue, figures of the served file
    "bi": set(),  # files to copy
    "inputs": STEP | {"ingest", "decisions"},
    "job": STEP
    | {"ingest", "decisions", "inputs", "resolve", "matching", "gates", "ledger", "replay", "forecasts", "serving"}
    | {"reviews"},
    "orchestration": STEP
    | {"ingest", "inputs", "job", "resolve", "matching", "gates", "ledger", "serving", "messages", "expectations"}
    | {"reviews"},
    "api": {"serving"},  # what programs of readers import
    "demo": {"errors", "home"},
    "schemas": {"contracts", "home", "messages", "forecasts", "expectations"},  # of every YAML that a company writes
}
ON_TOP = {"bench", "cli"}  # may import everything but each other
# Folders of pipelines/ingest in the order in which they may import each other; a module of `ingest` itself is above.
INGEST = ("formats", "casting", "files", "arrival", "quarantine", "erasure", "landing", "proposals", "series", "run")


@cache
def sources() -> dict[str, Path]:
    """Every module of ours, by dotted name."""
    modules = {}
    for package in ("pipelines", "forecasts", "expectations"):
        for path in found((REPOSITORY / package).rglob("*.py")):
            parts = path.relative_to(REPOSITORY).with_suffix("").parts
            modules[".".join(parts).removesuffix(".__init__")] = path
    assert len(modules) > 200
    return modules


@cache
def imports(module: str) -> frozenset[str]:
    """Dotted names that a module imports anywhere, inside functions too; modules of ours by their own name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(sources()[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in sources() else str(node.module) for name in whole}
    return frozenset(found)


def package_of(module: str) -> str:
    """`errors` of pipelines.errors, `ingest` of pipelines.ingest.run, `forecasts` of forecasts.run."""
    parts = module.split(".")
    return parts[1] if parts[0] == "pipelines" and len(parts) > 1 else parts[0]


def matrix() -> Counter[tuple[str, str]]:
    """How many imports lead from one package to another."""
    edges: Counter[tuple[str, str]] = Counter()
    for module in sources():
        for name in imports(module) & set(sources()):
            if package_of(module) != package_of(name):
                edges[package_of(module), package_of(name)] += 1
    return edges


def test_packages_import_one_way_only() -> None:
    edges = matrix()
    print(
        "\n".join(
            f"{importer:>14} -> {imported:<14}{count:>4}" for (importer, imported), count in sorted(edges.items())
        )
    )
    known = set(MAY_IMPORT) | ON_TOP | {"pipelines", "forecasts", "expectations"}
    assert {package_of(module) for module in sources()} <= known, "a new package: say in MAY_IMPORT what it may import"
    for importer, imported in edges:
        if importer in ON_TOP:
            assert imported not in ON_TOP, f"{importer} imports {imported}"
        else:
            assert imported in MAY_IMPORT.get(importer, set()), f"{importer} imports {imported}"


def test_folders_of_ingest_import_one_way_only() -> None:
    def place(module: str) -> int:
        return INGEST.index(module.split(".")[2])

    inside = [module for module in sources() if module.startswith("pipelines.ingest.")]
    for module in inside:
        for name in imports(module) & set(inside):
            assert place(name) <= place(module), f"{module} imports {name}"


def test_what_the_job_takes_of_matching_meets_the_other_steps_in_tables() -> None:
    """Matching may read and cluster a file of its own; the step of the job imports neither ingest nor resolve."""
    entrances = {name for name in imports("pipelines.job") if name.startswith("pipelines.matching")}
    reached, ahead = set[str](), sorted(entrances)
    while ahead:
        module = ahead.pop()
        reached.add(module)
        ahead += sorted(n for n in imports(module) & set(sources()) - reached if n.startswith("pipelines.matching"))
    assert "pipelines.matching.update" in reached, "the nightly update is no longer reached from the job"
    for module in sorted(reached):
        steps = {name for name in imports(module) if package_of(name) in {"ingest", "resolve", "gates", "serving"}}
        assert not steps, f"{module} imports {steps}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    open_modules, done = list[str](), set[str]()

    def visit(module: str) -> None:
        assert module not in open_modules, " -> ".join([*open_modules[open_modules.index(module) :], module])
        if module not in done:
            open_modules.append(module)
            for name in sorted(imports(module) & set(sources()) - {module}):
                visit(name)
            done.add(open_modules.pop())

    for module in sources():
        visit(module)


@pytest.mark.parametrize("package", ["forecasts", "expectations"])
def test_engines_import_nothing_of_ours_but_themselves(package: str) -> None:
    for module in sources():
        if module.split(".")[0] == package:
            roots = {name.split(".")[0] for name in imports(module)}
            foreign = roots & ({"pipelines", "forecasts", "expectations", "dagster", "dbt"} - {package})
            assert not foreign, f"{module} imports {foreign}"


def test_every_dependency_is_imported() -> None:
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in declared}
    roots = {name.split(".")[0] for module in sources() for name in imports(module)}
    known = packages_distributions()
    used = {name.lower().replace("_", "-") for root in roots for name in known.get(root, [])}
    # These are run as programs, or by the installation.
    assert names - used == {"dagster-webserver", "dbt-core", "dbt-duckdb", "setuptools", "wheel"}


def test_only_orchestration_imports_dagster() -> None:
    def is_dagster(name: str) -> bool:
        return name.split(".")[0] in {"dagster", "dagster_dbt"}

    users = {package_of(module) for module in sources() if any(map(is_dagster, imports(module)))}
    assert users == {"orchestration"}


def _packages() -> Iterator[Path]:
    yield from (path for path in sources().values() if path.name == "__init__.py")


def test_every_package_says_what_belongs_in_it() -> None:
    for path in _packages():
        words = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert len(words.splitlines()) >= 3, f"{path}: say what belongs here and what does not"


def test_only_settings_reads_the_clock() -> None:
    clock = re.compile(r"\b(datetime|date)\.(now|today|utcnow)\(")
    readers = [name for name, path in sources().items() if clock.search(path.read_text(encoding="utf-8"))]
    assert readers == ["pipelines.home.settings"]


def test_no_model_reads_a_clock() -> None:
    clock = re.compile(r"\b(current_date|current_timestamp|today\(\)|now\(\)|get_current_timestamp)", re.IGNORECASE)
    models = sorted((REPOSITORY / "dbt_project").rglob("*.sql"))
    assert len(models) > 100
    for path in models:
        assert not clock.search(path.read_text(encoding="utf-8")), f"{path} reads a clock: as_of is in control.run"


def test_a_loop_over_files_asserts_that_it_has_found_some() -> None:
    """`for path in folder.glob(...)` passes over an empty folder: tests write `found(...)` around it."""
    loose = []
    for path in found((REPOSITORY / "tests").glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            loops = isinstance(node, ast.For) and "glob(" in ast.unparse(node.iter)
            if loops and not re.match(r"(reversed\()?found\(", ast.unparse(node.iter)):
                loose.append(f"{path.name}:{node.lineno}")
    assert loose == []
