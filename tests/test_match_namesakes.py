"""Evidence is counted once, placeholders are none, and spellings and translations of one value meet."""

import datetime as dt

import polars as pl
import pytest

from pipelines.bench.match_data import sample_company
from pipelines.matching.engine import match

pytestmark = pytest.mark.fast

Fields = dict[str, str | dt.date]
BORN, OTHER_BORN = dt.date(1980, 3, 4), dt.date(1961, 11, 30)


def person(name: str, mail: str, number: int, born: dt.date = BORN, **fields: str) -> Fields:
    """A person with a telephone and a street of the given number."""
    contact = {"phone": f"617 555 {4000 + number}", "address": f"{number} Ferry Lane", "city": "Boston"}
    return {"account_name": name, "email": mail, "birth_date": born, **contact, **fields}


def shop(name: str, **fields: str) -> Fields:
    """A shop of one town."""
    return {"account_name": name, "city": "Leeds", **fields}


COLLEAGUE = "@quillmarsh.com"
APART: dict[str, tuple[Fields, ...]] = {
    "namesakes with addresses made of the name": (
        person("James Abbonsky", "james.abbonsky@gmail.com", 11),
        person("James Abbonsky", "james.abbonsky84@gmail.com", 12, OTHER_BORN),
    ),
    "colleagues": (
        person("Anna Wrenfold", "anna.wrenfold" + COLLEAGUE, 13),
        person("Anne Wrenfold", "anne.wrenfold" + COLLEAGUE, 14, OTHER_BORN),
    ),
    "colleagues at the firm's telephone": (
        person("Daniel Hartwick", "daniel.hartwick@hartwickco.com", 15),
        person("Daniela Hartwick", "daniela.hartwick@hartwickco.com", 15, OTHER_BORN),
    ),
    "twins who moved out": (
        person("Mary Thornquist", "mthorn1@gmail.com", 16),
        person("Helen Thornquist", "hthorn2@gmail.com", 17),
    ),
    "a first day that forms offer": tuple(
        {"account_name": "Maria Garcianu", "birth_date": dt.date(1900, 1, 1), "city": city}
        for city in ("Boston", "Chicago")
    ),
    "placeholders": tuple(
        shop(f"{name} Provender", email="noreply@noreply.com", phone="0000000000", website="www.google.com")
        for name in ("Ashgrovia", "Birchleyan", "Cedarholt", "Dunmoreby", "Elmsteady")
    ),
    "walk-in customers": tuple(
        {"account_name": "Walk-in Client", "address": "1 Quay Street", "phone": f"617 555 77{n}{n}"} for n in (1, 2)
    ),
    "a trade in common": tuple(
        {"account_name": f"{name} Supplies Store", "city": "Graz"} for name in ("Ashwickle", "Borrowdene", "Cragthorne")
    ),
    "a value of many": tuple(
        shop(f"{name} Outfitters", email="info@portal-of-all.com", website="portal-of-all.com")
        for name in ("Ulverstone", "Penrithy", "Kendalow", "Keswickan", "Amblesidey", "Grasmerely")
    ),
}
TOGETHER: dict[str, tuple[Fields, ...]] = {
    "a name, a town and a telephone": tuple(
        {"account_name": "Sophia Larkhamsted", "city": "Boston", "phone": "617 555 4822", **rest}
        for rest in ({}, {"address": "82 Cooper Row"})
    ),
    "one mailbox at Gmail": (
        {"account_name": "Derek Quillbrooke", "email": "derek.quillbrooke+crm@googlemail.com", "city": "Boston"},
        {"account_name": "Derek Quillbrooke", "email": "derekquillbrooke@gmail.com", "city": "Austin"},
    ),
    "a misspelt address with the same digits": (
        person("Laura Nemethy", "lnemethy78@posteo.de", 21),
        person("Laura Nemethy", "lnemehty78@posteo.de", 21, address="5 Elsewhere Road"),
    ),
    "umlauts": tuple(
        {"account_name": name, "city": city, "postal_code": "80331"}
        for name, city in (
            ("Müllheimer & Söhne Maschinenbau GmbH", "München"),
            ("Muellheimer und Soehne Maschinenbau GmbH", "Muenchen"),
            ("Mullheimer & Sohne Maschinenbau GmbH", "Munchen"),
        )
    ),
    "a slashed o": tuple(
        {"account_name": name, "city": city, "postal_code": "1050"}
        for name, city in (("Ørstedt Møbler A/S", "København"), ("Oerstedt Moebler A/S", "Koebenhavn"))
    ),
}
TOGETHER |= {
    "a name and its translation": (
        {"account_name": "深圳市朗科维化工有限公司", "address": "解放路345号", "city": "深圳"},
        {"account_name": "Lang Ke Wei Chemicals Co Ltd", "address": "No. 345 Jiefang Road", "city": "Shenzhen"},
    ),
    "a registered name in another order": (
        {"account_name": "广州博明维科技股份有限公司", "phone": "020-38112001"},
        {"account_name": "博明维科技（广州）有限公司", "phone": "020-38112799"},
    ),
}
APART |= {
    "two Chinese names of one sound": (
        {"account_name": "拓搏维软件有限公司", "city": "苏州"},
        {"account_name": "拓博维软件有限公司", "city": "苏州"},
    ),
}
REVIEWED: dict[str, tuple[Fields, ...]] = {
    "one company in two scripts": (
        {"account_name": "ООО Северсталит Трейд", "city": "Москва", "phone": "+7 495 555 5001"},
        {"account_name": "Severstalit Trade OOO", "city": "Moscow", "phone": "8 (495) 555-50-01"},
    ),
}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, tuple[int, float]]:
    """Of each case: into how many customers its records fall, and the highest score of a pair of them."""
    cases = APART | TOGETHER | REVIEWED
    rows = [
        {"source_system": "file", "source_id": f"t{number:02}{at}", **fields}
        for number, records in enumerate(cases.values())
        for at, fields in enumerate(records)
    ]
    frames = [sample_company(900).drop("truth"), pl.DataFrame(rows, infer_schema_length=None)]
    inputs, clusters = match(pl.concat(frames, how="diagonal"))
    labels = inputs.records.with_columns(label=pl.Series(clusters.labels))
    scores = inputs.pairs.join(labels, left_on="l", right_on="record").join(labels, left_on="r", right_on="record")
    result = {}
    for number, name in enumerate(cases):
        is_of_case = pl.col("source_id").str.starts_with(f"t{number:02}")
        best = scores.filter(is_of_case, pl.col("source_id_right").str.starts_with(f"t{number:02}"))["score_bits"].max()
        found = -99.0 if best is None else float(best)  # type: ignore[arg-type]
        result[name] = (labels.filter(is_of_case)["label"].n_unique(), found)
    return result


@pytest.mark.parametrize("case", APART)
def test_strangers_stay_apart(outcomes: dict[str, tuple[int, float]], case: str) -> None:
    customers, best = outcomes[case]
    assert customers == len(APART[case])
    assert best <= 0


@pytest.mark.parametrize("case", TOGETHER)
def test_spellings_of_one_value_meet(outcomes: dict[str, tuple[int, float]], case: str) -> None:
    assert outcomes[case][0] == 1


@pytest.mark.parametrize("case", REVIEWED)
def test_what_may_be_one_is_reviewed(outcomes: dict[str, tuple[int, float]], case: str) -> None:
    customers, best = outcomes[case]
    assert customers == 2 and best > -4
