"""The large made company and the watch over the steps of its job."""

import itertools
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from pipelines.bench import job
from pipelines.bench.job_company import EXPORTS, Company
from pipelines.bench.job_steps import Steps, memory_gb, step_of

pytestmark = pytest.mark.fast


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inbox")
    Company(customers=60, deals=300, invoice_lines=2400).write(folder)
    return folder


def read(inbox: Path, pattern: str) -> list[pl.DataFrame]:
    return [pl.read_csv(path, infer_schema=False) for path in sorted(inbox.glob(pattern))]


def test_every_month_has_a_list_of_deals_in_which_none_vanishes_or_opens_again(inbox: Path) -> None:
    lists = read(inbox, "salesforce/Opportunity_*.csv")
    assert len(lists) == EXPORTS and lists[-1].height == 300 > lists[0].height > 0
    for before, after in itertools.pairwise(lists):
        both = before.join(after, on="Id", how="left", suffix="_after")
        assert both["Name_after"].null_count() == 0
        assert both.filter(pl.col("IsClosed") == "true", pl.col("StageName") != pl.col("StageName_after")).is_empty()


def test_the_erp_bills_customers_that_both_systems_name_alike(inbox: Path) -> None:
    bills = pl.concat(read(inbox, "kingdee/销售发票_*.csv"))
    assert (
        bills.height == 2400 and bills.select("单据编号").drop_nulls().height == EXPORTS * 34
    )  # three lines to a bill
    erp, crm = read(inbox, "kingdee/客户_*.csv")[0], read(inbox, "salesforce/Account_*.csv")[0]
    assert set(erp["客户名称"]) < set(crm["Name"]) and crm["Name"].is_unique().all()
    assert set(bills["客户编码"].drop_nulls()) <= set(erp["客户编码"])


def test_files_that_stand_are_not_written_again(inbox: Path, tmp_path: Path) -> None:
    path = next(inbox.glob("salesforce/Opportunity_*.csv"))
    before = {file: file.stat().st_mtime_ns for file in inbox.rglob("*.csv")}
    whole = path.read_bytes()
    path.unlink()
    Company(customers=60, deals=300, invoice_lines=2400).write(inbox)
    changed = [file for file in inbox.rglob("*.csv") if before[file] != file.stat().st_mtime_ns]
    assert changed == [path] and path.read_bytes() == whole


def test_a_step_has_the_seconds_and_the_memory_of_its_processes() -> None:
    burn = "import time\nheld = bytearray(200_000_000)\nwhile time.process_time() < 1.2: pass"
    with Steps() as steps:
        steps.say("landing 1 of 2: a.csv")
        subprocess.run([sys.executable, "-c", burn], check=True)
        steps.say("landing 2 of 2: b.csv")
        steps.say("keys")
        time.sleep(0.1)
    figures = steps.figures()
    assert list(figures["steps"]) == ["start", "landing", "keys"]
    assert figures["steps"]["landing"]["cpu_s"] > 1 > figures["steps"]["keys"]["cpu_s"]
    assert figures["steps"]["landing"]["peak_gb"] > memory_gb() + 0.1


@pytest.mark.parametrize(
    ("message", "step"),
    [
        ("landing 3 of 24: x.csv", "landing"),
        ("dbt: marts", "dbt: marts"),
        ("matched all 9 records (first run)", "matched all"),
        ("12 new files (12 loaded)", "12 new files (12 loaded)"),
    ],
)
def test_the_step_is_what_stands_before_the_numbers(message: str, step: str) -> None:
    assert step_of(message) == step


def test_a_missed_bar_is_said() -> None:
    assert job.failure({"1": {"cpu_s": 600.0, "peak_gb": 5.0}}) == "cpu_s 600.0 is over 573.0"
    assert job.failure({"1": {"cpu_s": 500.0, "peak_gb": 5.0}}) == job.failure({"0.1": {"cpu_s": 900.0}}) == ""
