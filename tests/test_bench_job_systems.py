"""The made company of twenty systems: every export is claimed, and who stands in two systems is one customer."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.bench import job
from pipelines.bench.job_company import EXPORTS, names_of
from pipelines.bench.job_systems import OFFICES, Group, write_contracts
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError

pytestmark = pytest.mark.fast
SYSTEMS = 2 * OFFICES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("group")
    Group(customers=400, deals=400, invoice_lines=4800).write(folder / "inbox")
    write_contracts(folder / "sources")
    return folder


def read(folder: Path, pattern: str) -> pl.DataFrame:
    files = sorted((folder / "inbox").glob(pattern))
    return pl.concat(
        [pl.read_csv(path, infer_schema=False).with_columns(of=pl.lit(path.parent.name)) for path in files]
    )


def test_each_system_has_a_contract_that_claims_its_files_and_no_others(folder: Path) -> None:
    contracts = load_contracts(folder / "sources")
    assert len(contracts) == SYSTEMS
    files = [path.relative_to(folder / "inbox") for path in (folder / "inbox").rglob("*.csv")]
    assert len(files) == OFFICES * (2 * EXPORTS + 3)
    for file in files:
        claims = [
            (name, item.object)
            for name, contract in contracts.items()
            for item in contract.objects
            if any(file.match(pattern) for pattern in item.files)
        ]
        assert [name for name, _ in claims] == [file.parts[0]], (file, claims)


def test_customers_of_an_erp_stand_in_its_own_crm_and_in_that_of_the_next_office(folder: Path) -> None:
    crm, erp = read(folder, "salesforce_*/Account_*.csv"), read(folder, "kingdee_*/客户_*.csv")
    assert len(crm) == crm["Name"].n_unique() == 400 and len(erp) == erp["客户名称"].n_unique() == 200
    both = erp.join(crm, left_on="客户名称", right_on="Name")
    assert len(both) == len(erp)
    office, of_crm = (both[name].str.slice(-2).cast(pl.Int64) for name in ("of", "of_right"))
    assert ((of_crm - office) % OFFICES).value_counts().sort("of_right").rows() == [(0, 100), (1, 100)]


def test_no_two_customers_have_one_name_where_one_word_is_not_enough() -> None:
    assert names_of(200_000, words=2)["name"].is_unique().all()


def test_a_system_counts_its_records_from_the_number_from_which_the_others_count(folder: Path) -> None:
    crm = read(folder, "salesforce_*/Account_*.csv")
    assert crm["Id"].n_unique() == len(crm) / OFFICES
    assert read(folder, "salesforce_*/User_*.csv")["Name"].is_unique().all()


def test_what_offices_sell_is_drawn_for_each(folder: Path) -> None:
    last = read(folder, "salesforce_*/Opportunity_20261031.csv")
    amounts = last.group_by("of").agg(pl.col("Amount").sort().str.join("|"))["Amount"]
    assert amounts.n_unique() == OFFICES and len(last) == 400
    assert len(read(folder, "kingdee_*/销售发票_*.csv")) == 4800


def test_another_number_of_systems_is_refused_and_a_missed_bar_of_twenty_is_said(tmp_path: Path) -> None:
    with pytest.raises(AlmanacError, match="systems=3: it is 2 or 20"):
        job.run(str(tmp_path), systems="3")
    slow = {"systems": "20", "cpu_s": 3000.0, "minutes": 31.0, "peak_gb": 7.0}
    assert job.failure({"1": slow}) == "minutes 31.0 is over 15.0"
