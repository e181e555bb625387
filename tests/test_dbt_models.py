"""Promises that every model keeps, read from the dbt project's own files: no database, no dbt."""

import re
from pathlib import Path

import pytest
import yaml
from conftest import found

pytestmark = pytest.mark.fast

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"
MODELS = sorted(path for path in (PROJECT / "models").rglob("*.sql"))
SERVED = [path for path in MODELS if path.parent.name in ("marts", "outlook")]
CLOCKS = re.compile(r"\b(current_date|current_timestamp|now\(\)|today\(\)|get_current_timestamp)", re.IGNORECASE)
TYPES = [
    (r"^(is|has)_(?!.*_source$)", {"boolean"}),  # is_strategic_source says where is_strategic came from
    (r"_(on|start|end)$", {"date"}),
    (r"_at$", {"timestamp"}),
    (r"_count$", {"bigint", "integer"}),
    (r"_days$", {"bigint", "integer", "double"}),
    (r"_(base|net)$", {"decimal(18,4)", "double"}),  # booked money is decimal, expected money a double
    (r"_(share|rate)$", {"double", "decimal(18,8)"}),
]


def documented() -> dict[str, dict]:
    models: dict[str, dict] = {}
    for path in found((PROJECT / "models").rglob("*.yml")):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            models.setdefault(model["name"], {}).update(model)
    return models


DOCUMENTED = documented()


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_and_column_is_described(path: Path) -> None:
    model = DOCUMENTED.get(path.stem, {})
    assert model.get("description"), f"{path.stem} has no description"
    assert model.get("columns"), f"{path.stem} describes no column"
    assert not [column["name"] for column in model["columns"] if not column.get("description")]


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.stem)
def test_every_served_model_has_an_enforced_contract_and_a_tested_grain(path: Path) -> None:
    model = DOCUMENTED[path.stem]
    assert model.get("config", {}).get("contract", {}).get("enforced") is True
    assert not [column["name"] for column in model["columns"] if not column.get("data_type")]
    assert any("grain" in test for test in model.get("data_tests", []) if isinstance(test, dict))


@pytest.mark.parametrize("path", SERVED, ids=lambda path: path.stem)
def test_a_served_column_is_of_the_type_that_its_name_promises(path: Path) -> None:
    liars = [
        f"{column['name']}: {column['data_type']}"
        for column in DOCUMENTED[path.stem]["columns"]
        for pattern, types in TYPES
        if re.search(pattern, column["name"]) and column["data_type"].replace(" ", "") not in types
    ]
    assert not liars


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_no_model_reads_a_clock(path: Path) -> None:
    assert not CLOCKS.findall(re.sub(r"--.*", "", path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_begins_by_saying_what_a_row_is(path: Path) -> None:
    assert re.match(r"-- |\{# ", path.read_text(encoding="utf-8"))
