"""Homes for the metamorphic checks: the exports of a small company, and the whole job on them in this process."""

import shutil
from pathlib import Path

import yaml

from pipelines import job, keys
from pipelines.bench.exports import Exports, read_exports, write_exports
from pipelines.bench.metamorphic_changes import steady
from pipelines.demo import AS_OF, SEED, write_demo
from pipelines.home.settings import SHIPPED_FORECASTS, Settings, load_settings

# Two ERPs, a CRM with a history of its own and one without, rates and targets, products and reps.
SYSTEMS = ("kingdee", "sap", "salesforce", "fxiaoke", "finance", "masterdata")
DEMO_SYSTEMS = 4  # the first four of the sample company's, and those that every company has
LEVELS = ["total", "region"]


def small_company(folder: Path, customers: int, seed: int = SEED) -> Exports:
    """The sample company with few systems, in normal form, with one rate per currency."""
    write_demo(folder, customers=customers, systems=DEMO_SYSTEMS, seed=seed)
    settings = load_settings(folder)
    job.ingest_exports(settings, _quiet)
    keys.build_keys(settings)
    return steady(read_exports(settings, AS_OF, SYSTEMS))


def built(exports: Exports, home: Path, like: Path | None = None) -> Settings:
    """A home of these exports after the whole job but publishing; like: a home whose parsed project is taken over.

    Forecasts are those of few series and six months, and nothing is replayed: what is compared is their law, not them.
    """
    write_exports(exports, home)
    (home / "config" / "forecasts.yml").write_text(yaml.safe_dump(_fewer_forecasts()), encoding="utf-8")
    settings = load_settings(home, config=home / "config")
    if like:
        shutil.copytree(like / "warehouse" / "dbt_project", settings.warehouse / "dbt_project")
    job.ingest_exports(settings, _quiet)
    job.build(settings, exports.as_of, _quiet)
    job.forecast(settings, _quiet)
    return settings


def _fewer_forecasts() -> dict[str, object]:
    plan = yaml.safe_load(SHIPPED_FORECASTS.read_text(encoding="utf-8"))
    series = [{**one, "levels": LEVELS, "horizon": 6} for one in plan["series"]]
    hierarchy = [one for one in plan["hierarchy"] if one["children"] in LEVELS]
    backtest = {**plan["backtest"], "evaluation": 9}
    return {**plan, "series": series, "hierarchy": hierarchy, "backtest": backtest, "replay_months": 0}


def _quiet(text: str) -> None:
    pass
