"""Members of a family share address, telephone and e-mail, and stay separate persons."""

import datetime as dt

import polars as pl
import pytest

from pipelines.bench.match_data import sample_company
from pipelines.matching.engine import match

pytestmark = pytest.mark.fast

Person = dict[str, str | dt.date]
HOME: Person = {"address": "9 Main Way", "city": "Boston", "postal_code": "02115"}


def person(name: str, born: str = "", **fields: str) -> Person:
    """One record at a home of its own unless a field says otherwise."""
    date: Person = {"birth_date": dt.date.fromisoformat(born)} if born else {}
    return {"account_name": name, **HOME, **date, **fields}


MAIL = {"phone": "617 555 4397", "email": "zebrowskis@gmail.com"}
PHONE = {"phone": "617 555 4322"}
APART = {
    "spouses": (person("Tom Zebrowski", "1980-01-02", **MAIL), person("Anna Zebrowski", "1983-07-19", **MAIL)),
    "spouses without birth dates": (person("Tom Wrobel", **PHONE), person("Anna Wrobel", **PHONE)),
    "father and son of one name": (
        person("James Okonkwo", "1950-01-01", **PHONE),
        person("James Okonkwo", "1979-05-09", **PHONE),
    ),
    "Jr": (person("John Wexbury", **PHONE), person("John Wexbury Jr", **PHONE)),
    "Sr and Jr": (person("John Tarrant Sr", **PHONE), person("John Tarrant Jr", **PHONE)),
    "twins": (person("Mary Ardenhall", "1990-03-03", **PHONE), person("Mark Ardenhall", "1990-03-03", **PHONE)),
}
TOGETHER = {
    "initial": (person("Peter Quist", "1971-02-02", **PHONE), person("P. Quist", "1971-02-02", **PHONE)),
    "typo in the date": (
        person("Laura Nemeth", "1985-09-09", **PHONE),
        person("Laura Nemeth", "1985-09-08", **PHONE),
    ),
    "typo in the name": (
        person("Michael Tarn", "1966-01-05", **PHONE),
        person("Michaal Tarn", "1966-01-05", **PHONE),
    ),
    "Jr left out": (person("Mark Olin Jr", "1971-04-02", **PHONE), person("Mark Olin", "1971-04-02", **PHONE)),
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[bool, float]]:
    """Whether the two records of each case are one customer, and their score."""
    cases = APART | TOGETHER
    rows = [
        {"source_system": system, "source_id": f"t{n}", **fields}
        # every case has its own address and telephone
        | {"address": f"{n}{n} Main Way"}
        | ({"phone": f"{fields['phone']}{n}"} if "phone" in fields else {})
        for n, pair in enumerate(cases.values())
        for system, fields in zip(("crm", "erp"), pair, strict=True)
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
def test_members_of_a_family_go_to_review(outcomes: dict[str, tuple[bool, float]], case: str) -> None:
    is_one, bits = outcomes[case]
    assert not is_one
    assert -4 < bits <= 0


@pytest.mark.parametrize("case", TOGETHER)
def test_a_typo_makes_no_other_person(outcomes: dict[str, tuple[bool, float]], case: str) -> None:
    assert outcomes[case][0]
