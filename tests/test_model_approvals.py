"""Who approved a model stands in the registry of a run: the newest by its day, of its recipe or of every one."""

from datetime import date

import duckdb
import polars as pl
import pytest
import yaml

from forecasts.output import schemas
from forecasts.output.model_approvals import with_approvals
from pipelines.home.settings import DBT_PROJECT

pytestmark = pytest.mark.fast

DAY = date(2026, 10, 31)
REGISTRY = schemas.conform(
    pl.DataFrame({"model": ["win_model", "stage_table", "lead_model"], "features_hash": ["aa", None, "cc"]}),
    schemas.MODEL_REGISTRY,
)


def approved(*rows: tuple[str, str | None, str, date, str]) -> dict[str, tuple[bool, str | None, date | None]]:
    given = pl.DataFrame(list(rows), schema=schemas.MODEL_APPROVALS, orient="row")
    out = with_approvals(REGISTRY, given, DAY)
    assert out["model"].to_list() == REGISTRY["model"].to_list() and out.schema == REGISTRY.schema
    columns = ("model", "is_approved", "approved_by", "approved_on")
    return {model: (flag, who, day) for model, flag, who, day in out.select(columns).rows()}


def test_who_has_approved_nothing_is_said() -> None:
    nobody = (False, None, None)
    assert approved() == dict.fromkeys(("win_model", "stage_table", "lead_model"), nobody)
    assert with_approvals(REGISTRY, None, DAY)["is_approved"].to_list() == [False] * 3


def test_an_approval_is_of_its_recipe_or_of_every_one() -> None:
    out = approved(
        ("win_model", "aa", "Li Na", date(2026, 9, 1), "better than the table"),
        ("lead_model", "old", "Li Na", date(2026, 9, 1), "as well"),
        ("stage_table", None, "Wang", date(2026, 9, 1), "plain counts"),
    )
    assert out["win_model"] == (True, "Li Na", date(2026, 9, 1))
    assert out["lead_model"] == (False, None, None), "another recipe than the one that was approved"
    assert out["stage_table"] == (True, "Wang", date(2026, 9, 1))


def test_the_newest_approval_by_the_day_counts() -> None:
    days = [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    out = approved(*(("win_model", None, f"person {day.month}", day, "") for day in days))
    assert out["win_model"] == (True, "person 10", date(2026, 10, 1))


def test_an_approval_of_the_day_itself_counts() -> None:
    assert approved(("win_model", None, "Li Na", DAY, ""))["win_model"] == (True, "Li Na", DAY)


def test_two_recipes_of_a_model_may_be_approved_on_one_day() -> None:
    """The key of the seed is that of an approval; one recipe approved twice on a day is one row too many."""
    seeds = yaml.safe_load((DBT_PROJECT / "seeds" / "_seeds__outlook.yml").read_text(encoding="utf-8"))["seeds"]
    (seed,) = (seed for seed in seeds if seed["name"] == "model_approvals")
    (key,) = (test["grain"]["arguments"]["columns"] for test in seed["data_tests"])
    keys = ", ".join(key)
    no_key = " or ".join(f"{one} is null" for one in key)
    said = {}
    for recipes in (("aa", "bb", None), ("aa", "aa")):
        rows = [("win_model", recipe, "Li Na", DAY, "") for recipe in recipes]
        given = pl.DataFrame(rows, schema=schemas.MODEL_APPROVALS, orient="row")
        found = duckdb.sql(f"select {keys} from given group by all having count(*) > 1 or {no_key}").fetchall()
        said[recipes] = len(found)
        assert len(given) == len(recipes)
    assert [*said.values()] == [0, 1]
