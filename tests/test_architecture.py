"""The walls: who may import whom, and where a clock may be read."""

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import pipelines

REPOSITORY = Path(__file__).resolve().parent.parent
OURS = {"pipelines", "forecasts", "expectations"}
FOUNDATION = {"company", "settings", "contracts", "names", "errors", "events", "runs", "warehouse", "state"}
MAY_IMPORT_DAGSTER = {
    "assets",
    "checks",
    "automation",
    "definitions",
    "resources",
    "lineage",
    "charts",
    "orchestration",
}
STAGES = {"ingest", "resolve", "publish", "ledger"}


def modules(package: str) -> Iterator[Path]:
    return (path for path in sorted((REPOSITORY / package).rglob("*.py")))


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports anywhere, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def stage_of(path: Path) -> str:
    return path.relative_to(REPOSITORY / "pipelines").parts[0].removesuffix(".py")


@pytest.mark.parametrize("package", ["forecasts", "expectations"])
def test_engines_import_nothing_of_ours_but_themselves(package: str) -> None:
    for path in modules(package):
        foreign = {name for name in imports(path) if name.split(".")[0] in OURS - {package}}
        assert not foreign, f"{path.name} imports {foreign}"
        assert not {name for name in imports(path) if name.split(".")[0] in {"dagster", "dbt"}}, path.name


def test_dagster_stays_at_the_top() -> None:
    for path in modules("pipelines"):
        if any(name.split(".")[0] in {"dagster", "dagster_dbt"} for name in imports(path)):
            assert stage_of(path) in MAY_IMPORT_DAGSTER | {"cli"}, f"{path.name} imports dagster"
            assert f"`{stage_of(path)}`" in str(pipelines.__doc__), f"the package does not say that {path.name} does"


def test_every_dependency_is_imported() -> None:
    declared = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in declared}
    roots = {name.split(".")[0] for package in OURS for path in modules(package) for name in imports(path)}
    known = packages_distributions()
    used = {name.lower().replace("_", "-") for root in roots for name in known.get(root, [])}
    # These are run as programs, or by the installation.
    assert names - used == {"dagster-webserver", "dbt-core", "dbt-duckdb", "setuptools", "wheel"}


def test_the_foundation_imports_nothing_above_it() -> None:
    for path in modules("pipelines"):
        if stage_of(path) in FOUNDATION:
            above = {n.split(".")[1] for n in imports(path) if n.startswith("pipelines.")} - FOUNDATION
            assert not above, f"{path.name} imports {above}"


def test_stages_meet_in_tables_and_never_import_each_other() -> None:
    for path in modules("pipelines"):
        if stage_of(path) in STAGES:
            others = STAGES - {stage_of(path)}
            met = {name for name in imports(path) if name.startswith("pipelines.") and name.split(".")[1] in others}
            assert not met, f"{path.name} imports {met}"


def test_only_settings_reads_the_clock() -> None:
    clock = re.compile(r"\b(datetime|date)\.(now|today|utcnow)\(")
    for package in OURS:
        for path in modules(package):
            if path != REPOSITORY / "pipelines" / "settings.py":
                assert not clock.search(path.read_text(encoding="utf-8")), f"{path} reads a clock"


def test_no_model_reads_a_clock() -> None:
    clock = re.compile(r"\b(current_date|current_timestamp|today\(\)|now\(\)|get_current_timestamp)", re.IGNORECASE)
    for path in sorted((REPOSITORY / "dbt_project").rglob("*.sql")):
        assert not clock.search(path.read_text(encoding="utf-8")), f"{path} reads a clock: as_of is in control.run"
