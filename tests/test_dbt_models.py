"""Promises that every model keeps, read from the dbt project's own files: no database, no dbt."""

import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, found

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


# Read across like a table: a level, or a rule of blocking, is one entry of one line; the models render them.
ENTRIES = {"match_fields.sql", "blocking_rules.sql", "mtc_evidence.sql", "mtc_pairs.sql"}
LINE = 130  # characters, as sqlfluff holds it for models, which it cannot for macros: they render to nothing alone


def test_macros_are_held_to_the_form_of_models() -> None:
    """Every macro says what it is for, writes keywords small and breaks its lines."""
    for path in found((PROJECT / "macros").rglob("*.sql")):
        text = path.read_text(encoding="utf-8")
        assert re.match(r"\{#-?\s+\S", text), f"{path.name} says nothing of what it is for"
        code = re.sub(r"'[^']*'|--.*|\{#.*?#\}", "", text, flags=re.DOTALL)
        assert not re.findall(r"\b(?:SELECT|FROM|WHERE|JOIN|CASE|GROUP BY)\b", code), path.name


def test_no_line_of_sql_is_longer_than_a_screen() -> None:
    long = [
        f"{path.name}:{number}"
        for path in found(PROJECT.rglob("*.sql"))
        if path.name not in ENTRIES and not {"target", "dbt_packages"} & set(path.parts)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if len(line) > LINE
    ]
    assert long == []


def test_every_macro_is_called() -> None:
    """By a model, a test, another macro, the engine that matches a file, or by dbt itself, which looks for its name."""
    by_dbt = {"generate_schema_name", "duckdb__load_csv_rows"}
    files = found(p for p in PROJECT.rglob("*.*") if p.suffix in (".sql", ".yml") and "target" not in p.parts)
    files += found((REPOSITORY / "pipelines" / "matching").glob("*.py"))
    code = [path.read_text(encoding="utf-8") for path in files]
    made = [name for text in code for name in re.findall(r"\{%-?\s*macro\s+(\w+)", text)]
    words = Counter(word for text in code for word in re.findall(r"\w+", text))
    assert len(made) > 60
    assert [name for name in made if words[name] < 2 and name not in by_dbt] == []
