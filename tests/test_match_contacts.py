"""Contact persons as evidence: a person shared by two records links them, the less the more customers share it."""

import polars as pl
import pytest

from pipelines.matching.engine import engine, match
from pipelines.matching.models import run_models


def pairs_of(rows: list[dict[str, str]]) -> dict[tuple[str, str], dict[str, object]]:
    """Ids of both records -> the row of mtc_pairs."""
    with engine(frame_of(rows)) as connection:
        run_models(connection)
        pairs = connection.execute(
            "select l.source_id as id_l, r.source_id as id_r, pairs.* from matching.mtc_pairs as pairs"
            " inner join matching.mtc_records as l on l.record_no = record_no_l"
            " inner join matching.mtc_records as r on r.record_no = record_no_r"
        ).pl()
    return {tuple(sorted((row["id_l"], row["id_r"]))): row for row in pairs.iter_rows(named=True)}


def frame_of(rows: list[dict[str, str]]) -> pl.DataFrame:
    """Records of two systems, each other one of the second; company names unless a row gives one."""
    named = [
        {"source_system": "crm" if position % 2 else "erp", "source_id": f"{position:03}", **row}
        for position, row in enumerate(rows)
    ]
    columns = sorted({name for row in named for name in row})
    return pl.DataFrame([[row.get(name) for name in columns] for row in named], schema=columns, orient="row")


STRANGERS = [{"account_name": f"Company number {n} of {n * n} Inc."} for n in range(60)]


def test_a_shared_mobile_number_of_a_person_joins_two_spellings() -> None:
    rows = [
        {"account_name": "宁波文荣生物有限公司", "contact_phone": "138 0000 1234", "city": "宁波"},
        {"account_name": "文荣生技股份公司", "contact_phone": "+86-13800001234", "city": "宁波"},
    ]
    pair = pairs_of(rows + STRANGERS)["000", "001"]
    assert pair["contact_level"] == "same_phone"
    assert 5 < pair["contact_bits"] < 12  # type: ignore[operator]
    bits = [value for name, value in pair.items() if name.endswith("_bits") and name != "score_bits"]
    assert sum(bits) == pair["score_bits"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields_l", "fields_r", "level"),
    [
        ({"contact_email": "Li.Wei@Acme.com"}, {"contact_email": "li.wei@acme.com"}, "same_work_email"),
        ({"contact_email": "liwei88@163.com"}, {"contact_email": "liwei88@163.com"}, "same_free_email"),
        (
            {"contact_name": "Li Wei", "contact_job_title": "Buyer"},
            {"contact_name": "Wei Li", "contact_job_title": "buyer "},
            "same_name_and_role",
        ),
        ({"contact_phone": "13800001234"}, {"contact_phone": "13900001234"}, "other"),
        ({"contact_name": "Li Wei"}, {"contact_name": "Li Wei"}, None),  # a name alone is no person
    ],
)
def test_a_person_is_known_by_address_number_or_name_and_role(
    fields_l: dict[str, str], fields_r: dict[str, str], level: str | None
) -> None:
    same = {"account_name": "Pinefield Technology Inc."}
    assert pairs_of([same | fields_l, same | fields_r, *STRANGERS])["000", "001"]["contact_level"] == level


def test_someone_who_works_for_many_customers_says_less_than_someone_of_two_records() -> None:
    def bits(count: int) -> float:
        buyer = {"contact_phone": "13800001234"}
        rows = [
            {**row, **(buyer if position < count else {"contact_phone": f"137000{position:05}"})}
            for position, row in enumerate(STRANGERS)
        ]
        return float(pairs_of(rows)["000", "001"]["contact_bits"])  # type: ignore[arg-type]

    assert bits(10) < bits(5) < bits(2)


def test_a_number_that_the_accounts_share_themselves_is_not_counted_twice() -> None:
    row = {"account_name": "Pinefield Technology Inc.", "phone": "021-55512345", "contact_phone": "(021) 55512345"}
    pair = pairs_of([row, row, *STRANGERS])["000", "001"]
    assert (pair["phone_level"], pair["contact_level"]) == ("same", "other")


def test_no_person_joins_two_valid_tax_ids() -> None:
    from pipelines.keys import is_valid_uscc

    codes = ("91110108551385082Q", "91440300708461136T")
    assert all(map(is_valid_uscc, codes))
    person = {"contact_phone": "13800001234", "contact_email": "li@wenrong.cn", "account_name": "文荣生物有限公司"}
    rows = [person | {"tax_id": code} for code in codes] + STRANGERS
    _, clusters = match(frame_of(rows))
    inputs, _ = match(frame_of(rows))
    index = {key: n for n, key in enumerate(inputs.records["source_id"])}
    assert clusters.labels[index["000"]] != clusters.labels[index["001"]]


def test_the_domain_of_the_persons_is_the_domain_of_a_company_without_a_web_site() -> None:
    rows = [
        {"account_name": "Pinefield Technology Inc.", "website": "www.pinefield.com"},
        {"account_name": "Pinefield Tech", "contact_email": "a.moss@mail.pinefield.com"},
        {"account_name": "Pinefield Technology", "contact_email": "a.moss@gmail.com"},
        {"account_name": "Pinefield Technology Inc.", "contact_email": "a.moss@trading-house.com"},
    ]
    pairs = pairs_of(rows + STRANGERS)
    assert pairs["000", "001"]["domain_level"] == "same"
    assert pairs["000", "002"]["domain_level"] is None
    assert pairs["000", "003"]["domain_level"] is None  # a contact's different domain is no evidence against a match
