"""Staging keeps step with the canonical objects: an object without its staging model is found here, not at night."""

import re
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.fast

REPOSITORY = Path(__file__).resolve().parent.parent
OBJECTS = sorted((REPOSITORY / "pipelines" / "contracts" / "objects").glob("*.yml"))
assert OBJECTS, "no canonical object found"
PROJECT = REPOSITORY / "dbt_project"
LINEAGE = ["source_system", "source_id", "exported_at", "_file_id", "_record"]


def columns_of(path: Path) -> dict[str, dict]:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["columns"]


def names_an_account(path: Path) -> bool:
    return path.stem != "accounts" and {"account_id", "account_name"} <= set(columns_of(path))


def documented_columns(model: str) -> list[str]:
    documentation = yaml.safe_load((PROJECT / "models" / "staging" / f"{model}.yml").read_text(encoding="utf-8"))
    return [column["name"] for column in documentation["models"][0]["columns"]]


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.stem)
def test_every_object_has_a_staging_model_that_describes_all_its_columns(path: Path) -> None:
    columns = columns_of(path)
    typed = [name for column in columns for name in (column, f"{column}_source" * ("map" in columns[column])) if name]
    account = ["account_source_id"] if names_an_account(path) else []
    assert documented_columns(f"stg_{path.stem}") == [*typed, *LINEAGE, *account]


@pytest.mark.parametrize("path", OBJECTS, ids=lambda path: path.stem)
def test_every_date_column_of_an_object_may_be_named_by_a_window_contract(path: Path) -> None:
    dates = [name for name, column in columns_of(path).items() if column["type"] in ("date", "timestamp")]
    sql = (PROJECT / "models" / "staging" / f"stg_{path.stem}.sql").read_text(encoding="utf-8")
    listed = re.search(r"days=\[(.*?)\]", sql, re.DOTALL)
    assert listed and re.findall(r"'(\w+)'", listed.group(1)) == dates


def test_every_object_that_names_an_account_implies_one() -> None:
    macro = (PROJECT / "macros" / "facts_with_account_reference.sql").read_text(encoding="utf-8")
    assert re.findall(r"'(\w+)'", macro) == [path.stem for path in OBJECTS if names_an_account(path)]


def test_every_object_is_a_source() -> None:
    sources = yaml.safe_load((PROJECT / "models" / "sources" / "raw.yml").read_text(encoding="utf-8"))
    assert [table["name"] for table in sources["sources"][0]["tables"]] == [path.stem for path in OBJECTS]
