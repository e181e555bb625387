"""A group, a country's company and a company with a shared contact person are not merged: they go to review."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.bench.match_data import sample_company
from pipelines.matching.engine import match

CITY = {"city": "Boston"}
APART = {
    "group": ("Zorblatt Group", "Zorblatt Ltd", CITY),
    "holding": ("Quarvex Holdings Inc", "Quarvex Inc", CITY),
    "集团": ("海岳集团", "海岳有限公司", {"city": "青岛"}),
    "集团 and a company of it": ("鼎穹集团有限公司", "鼎穹智联股份有限公司", {"city": "青岛"}),
    "country": ("Mirdane (Singapore) Pte Ltd", "Mirdane Pte Ltd", {"phone": "65 6123 4567"}),
    "two countries": ("Ostrubel (UK) Ltd", "Ostrubel (Hong Kong) Ltd", {"phone": "65 6123 9999"}),
    "branch": ("Ulmenfeld AG", "Ulmenfeld AG, Branch Office Hamburg", {"phone": "617 555 0199"}),
    "国": ("艾璨(新加坡)有限公司", "艾璨有限公司", {"phone": "65 6123 1111"}),
}
TOGETHER = {
    "legal form in brackets": ("Fendrika (Private) Limited", "Fendrika Limited", CITY),
    "legal form of two words": ("Wolqart Private Limited", "Wolqart Ltd", CITY),
    "country with and without brackets": ("Brenwick (UK) Ltd", "Brenwick UK Limited", CITY),
    "group and short name": ("Kravolt Group", "Kravolt", CITY),
    "one tax id": ("嵘海集团有限公司", "嵘海有限公司", {"tax_id": "91370200163562681G"}),
}


def two(number: int, names: tuple[str, str], fields: dict[str, str]) -> list[dict[str, str]]:
    """Two records of two systems with one web site."""
    site = {"website": f"site{number}.com"} | fields
    return [
        {"source_system": system, "source_id": f"t{number}", "account_name": name} | site
        for system, name in zip(("crm", "erp"), names, strict=True)
    ]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[bool, float]]:
    """Whether the two records of each case are one customer, and their score."""
    cases = APART | TOGETHER
    rows = [row for n, (*names, fields) in enumerate(cases.values()) for row in two(n, (names[0], names[1]), fields)]
    records = pl.concat(
        [sample_company(600).drop("truth"), pl.DataFrame(rows, infer_schema_length=None)], how="diagonal"
    )
    inputs, clusters = match(records)
    index = {key: at for at, key in enumerate(inputs.records.select("source_system", "source_id").iter_rows())}
    scores = {(left, right): bits for left, right, bits in inputs.pairs.select("l", "r", "score_bits").iter_rows()}
    ends = {name: (index["crm", f"t{n}"], index["erp", f"t{n}"]) for n, name in enumerate(cases)}
    return {
        name: (bool(clusters.labels[left] == clusters.labels[right]), scores[left, right])
        for name, (left, right) in ends.items()
    }


@pytest.mark.parametrize("case", APART)
def test_a_group_and_the_company_of_a_country_are_other_customers(
    outcomes: dict[str, tuple[bool, float]], case: str
) -> None:
    is_one, bits = outcomes[case]
    assert not is_one
    assert bits <= -2


@pytest.mark.parametrize("case", TOGETHER)
def test_a_legal_form_written_differently_makes_no_other_customer(
    outcomes: dict[str, tuple[bool, float]], case: str
) -> None:
    assert outcomes[case][0]


def test_a_contact_person_of_two_companies_of_one_city_joins_them_only_if_something_else_agrees() -> None:
    person = {"contact_email": "ann@ledgerhouse.com", "contact_name": "Ann Roe", "city": "Boston"}
    names = {"crm": "Kwirtel Bakery Ltd", "erp": "Ostrand Software Inc"}

    def are_one(**fields: str) -> bool:
        rows = [{"source_system": s, "source_id": "t", "account_name": n} | person | fields for s, n in names.items()]
        inputs, clusters = match(pl.concat([sample_company(600).drop("truth"), pl.DataFrame(rows)], how="diagonal"))
        index = {key: at for at, key in enumerate(inputs.records.select("source_system", "source_id").iter_rows())}
        return bool(clusters.labels[index["crm", "t"]] == clusters.labels[index["erp", "t"]])

    assert not are_one()
    assert are_one(phone="617 555 0101")


def test_a_same_row_about_a_record_and_its_parent_outweighs_the_parent_field(tmp_path: Path) -> None:
    shared = {"source_system": "crm", "account_name": "Quorland Foods Ltd", "phone": "617 555 0001"}
    family = [shared | {"source_id": "x1"}, shared | {"source_id": "x2", "parent_account_id": "x1"}]
    records = pl.concat([sample_company(600).drop("truth"), pl.DataFrame(family)], how="diagonal")

    def are_one(*decisions: str) -> bool:
        head = "source_system_l,source_id_l,source_system_r,source_id_r,decision,decided_by,decided_on,reason"
        overrides = tmp_path / "overrides.csv"
        overrides.write_text("\n".join([head, *decisions, ""]))
        inputs, clusters = match(records, overrides=overrides)
        labels = dict(zip(inputs.records["source_id"], clusters.labels, strict=True))
        return bool(labels["x1"] == labels["x2"])

    same = "crm,x2,crm,x1,same,mei,2026-01-02,the field is wrong"
    assert not are_one()
    assert are_one(same)
    assert not are_one(same, "crm,x1,crm,x2,not_same,mei,2026-01-03,it was right")
