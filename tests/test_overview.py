"""The first page of `almanac docs` leads to every served table, by question, and to no other."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.fast
MODELS = Path(__file__).parent.parent / "dbt_project" / "models"


def test_the_overview_names_every_served_table_once() -> None:
    linked = re.findall(r"\[(\w+)\]\(#!/model/model\.almanac\.(\w+)\)", (MODELS / "overview.md").read_text("utf-8"))
    served = {path.stem for folder in ("marts", "outlook") for path in (MODELS / folder).rglob("*.sql")}
    assert served and sorted(model for _, model in linked) == sorted(served)
    assert all(model in (label, f"marts_{label}") for label, model in linked)
