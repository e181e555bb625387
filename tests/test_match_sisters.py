"""Companies of one group, shops of one chain and clients of one registered agent are separate customers."""

import polars as pl
import pytest

from pipelines.bench.match_data import sample_company
from pipelines.matching.engine import match

pytestmark = pytest.mark.fast

Fields = dict[str, str]
AGENT = {"address": "1209 Orange Street", "city": "Wilmington", "postal_code": "19801", "phone": "302 658 1234"}
APART: dict[str, tuple[str, str, Fields]] = {
    "another place, Chinese": ("上海贝尔通信有限公司", "北京贝尔通信有限公司", {"phone": "021 5555 1111"}),
    "another place, Latin": ("Halvorsen Boston Inc", "Halvorsen Chicago Inc", {"phone": "617 555 9911"}),
    "forms of two countries": ("Kessler AG", "Kessler Inc", {"phone": "617 555 9922"}),
    "another trade": (
        "Volkert Motors AG",
        "Volkert Financial Services AG",
        {"phone": "0511 300300", "city": "Hannover"},
    ),
    "shop numbers": ("Burger Barn #12", "Burger Barn #45", {"phone": "617 555 9933"}),
    "Roman numerals": ("Sequoria Fund II LP", "Sequoria Fund III LP", {"city": "Menlo Park"}),
    "Roman and digit": ("Quellmark Fund II LP", "Quellmark Fund 3 LP", {"phone": "617 555 9944"}),
    "第一 and 第二": ("穹岳第一机床厂", "穹岳第二机床厂", {"phone": "010 5555 9955"}),
    "registered agent": ("Bluefin Holdings LLC", "Redwood Holdings LLC", AGENT | {"website": ""}),
}
TOGETHER: dict[str, tuple[str, str, Fields]] = {
    "one tax id": ("海岳第一机床厂", "海岳第二机床厂", {"tax_id": "91370200163562681G"}),
    "Roman and digit": ("Ostermark Fund II LP", "Ostermark Fund 2 LP", {"phone": "617 555 9966"}),
    "number left out": ("Tarnwick 2000 Ltd", "Tarnwick Ltd", {"phone": "617 555 9977"}),
    "forms of one country": ("Brandauer GmbH", "Brandauer AG", {"phone": "617 555 9988"}),
    "forms that one country has": ("Corvane Inc", "Corvane Ltd", {"phone": "617 555 9989"}),
    "place and none": ("Wexholm Boston Inc", "Wexholm Inc", {"phone": "617 555 9990"}),
    "two scripts": ("琅琊食品有限公司", "Sunrise Provisions Ltd", {"phone": "010 5555 9991"}),
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[bool, float]]:
    """Whether the two records of each case are one customer, and their score."""
    cases = {f"apart: {name}": case for name, case in APART.items()} | {
        f"together: {name}": case for name, case in TOGETHER.items()
    }
    rows = [
        {"source_system": system, "source_id": f"t{n}", "account_name": name, "website": f"site{n}.com"} | fields
        for n, (*names, fields) in enumerate(cases.values())
        for system, name in zip(("crm", "erp"), names, strict=True)
    ]
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
def test_sister_companies_shops_and_clients_of_an_agent_go_to_review(
    outcomes: dict[str, tuple[bool, float]], case: str
) -> None:
    is_one, bits = outcomes[f"apart: {case}"]
    assert not is_one
    assert -4 < bits <= 0


@pytest.mark.parametrize("case", TOGETHER)
def test_names_that_may_be_one_company_are_joined_by_what_else_agrees(
    outcomes: dict[str, tuple[bool, float]], case: str
) -> None:
    assert outcomes[f"together: {case}"][0]
