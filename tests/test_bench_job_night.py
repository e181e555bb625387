"""The night after the large job: what is asked of it, and what is said where it is missed."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.bench import job, job_night
from pipelines.bench.job_company import AS_OF, Company
from pipelines.bench.metamorphic_tables import Difference

pytestmark = pytest.mark.fast


def test_a_night_brings_one_list_of_all_deals_as_they_stand_then(tmp_path: Path) -> None:
    company = Company(customers=30, deals=200, invoice_lines=240)
    company.write_list(tmp_path, job_night.DAY)
    (path,) = tmp_path.rglob("*.csv")
    assert path.name == "Opportunity_20261101.csv"
    rows, before = pl.read_csv(path, infer_schema=False), company.listed(AS_OF)
    both = rows.join(before, on="Id", suffix="_before")
    moved = both.filter(pl.col("StageName") != pl.col("StageName_before"))
    assert len(both) == len(before) <= len(rows) and 0 < len(moved) < 0.1 * len(rows)
    assert moved["LastModifiedDate"].unique().to_list() == ["2026-11-01T10:00:00.000Z"]


def test_a_night_that_costs_more_or_has_other_rows_is_said() -> None:
    good = {"share": 0.3, "nothing_new_s": 0.8}
    apart = job_night.told(Difference("marts.deals", "amount", 2, 9, "('d1', 3, 4)"))
    bad = {"share": 0.5, "nothing_new_s": 2.0, "differing": [apart]}
    assert job_night.failure(good) == job.failure({"0.1": {"cpu_s": 900.0, "night": good}}) == ""
    assert job.failure({"0.1": {"cpu_s": 900.0, "night": bad}}) == (
        "share 0.5 is over 0.35; nothing_new_s 2.0 is over 1.0; "
        "a full run has other rows: marts.deals.amount: 2 of 9, e.g. ('d1', 3, 4)"
    )
