"""The schema of a YAML file takes every file that is shipped, and refuses a key that nobody reads."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import REPOSITORY
from typer.testing import CliRunner

from pipelines import schemas
from pipelines.cli import app
from pipelines.contracts.declared import read_yaml
from pipelines.demo.write import SCENARIOS
from pipelines.home.settings import SHIPPED_FORECASTS, SHIPPED_SOURCES, SHIPPED_SUITES

REAL = REPOSITORY / "tests" / "real_sources"
PROFILES = REPOSITORY / "pipelines" / "home" / "profiles"
FILES = {
    "contract": [*SHIPPED_SOURCES.glob("*.yml"), *REAL.glob("*/sources/*.yml")],
    "company": [REPOSITORY / "pipelines" / "home" / "company.yml", *REAL.glob("*/company.yml")],
    "messages": [REPOSITORY / "pipelines" / "messages" / "messages.yml"],
    "forecasts": [SHIPPED_FORECASTS, *REAL.glob("*/forecasts.yml"), *PROFILES.glob("*/forecasts.yml")],
    "scenarios": [SCENARIOS],
    "suite": [*SHIPPED_SUITES.rglob("*.yml")],
    "object": [*(REPOSITORY / "pipelines" / "contracts" / "objects").glob("*.yml")],
}


def plain(path: Path) -> Any:
    """What stands in the file as JSON has it: days are words there."""
    return json.loads(json.dumps(read_yaml(path), default=str))


def errors(kind: str, values: Any) -> list[str]:
    found = jsonschema.Draft202012Validator(schemas.schema_of(kind)).iter_errors(values)
    return [f"{list(error.absolute_path)}: {error.message[:200]}" for error in found]


def each() -> Iterator[tuple[str, Path]]:
    for kind, paths in FILES.items():
        assert paths, kind
        yield from ((kind, path) for path in paths)


@pytest.mark.parametrize("kind", schemas.PLACES)
def test_every_shipped_file_is_what_its_schema_says(kind: str) -> None:
    found = {str(path): errors(kind, plain(path)) for of, path in each() if of == kind}
    assert {path: problems for path, problems in found.items() if problems} == {}


@pytest.mark.parametrize("kind", schemas.PLACES)
def test_a_key_that_nobody_reads_is_an_error(kind: str) -> None:
    path = next(path for of, path in each() if of == kind)
    assert any("nonsense" in problem for problem in errors(kind, {**plain(path), "nonsense": 1}))


def test_every_kind_of_file_that_init_copies_has_a_schema(tmp_path: Path) -> None:
    from pipelines.cli.init import copy_policy

    copy_policy(tmp_path / "acme", {"base_currency": "EUR"})
    places = {path.relative_to(tmp_path / "acme").parts[0] for path in (tmp_path / "acme").rglob("*.yml")}
    assert places <= {place.split("/")[0] for place in schemas.PLACES.values()}


def test_the_command_writes_a_file_for_each_kind(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["schema", "--out", str(tmp_path)]).exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"{kind}.schema.json" for kind in schemas.PLACES}
    told = CliRunner().invoke(app, ["schema", "contract"])
    assert yaml.safe_load(told.output)["$schema"] == schemas.DRAFT
