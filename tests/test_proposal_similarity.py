"""How similar a header is to the names of a column: nearly one for a name, less for a part of it or a misspelling."""

from pathlib import Path

import pytest

from pipelines.contracts import SourceContract, load_contract
from pipelines.ingest.proposals.guess import ASKED
from pipelines.ingest.proposals.headers import (
    _contained,
    _near,
    _split_compound,
    aliases,
    exact_similarities,
    near_similarity,
)

pytestmark = pytest.mark.fast
NOBODY: frozenset[str] = frozenset()
CONTRACT = """
system: crm
title: CRM
timezone: UTC
objects:
  - object: activities
    files: "a.csv"
    exported_at: {on: 2025-01-31}
    key: [activity_id]
    columns:
      activity_id: [Zq Key, Zq Second, id]
      occurred_on: Zq Day
      is_deep_contact: {from: Zq Kind, true_words: [visit]}
  - object: accounts
    files: "b.csv"
    exported_at: {on: 2025-01-31}
    key: [account_id]
    columns: {account_id: Zq Other, account_name: Zq Day}
"""


@pytest.fixture
def known(tmp_path: Path) -> SourceContract:
    (tmp_path / "crm.yml").write_text(CONTRACT, encoding="utf-8")
    return load_contract(tmp_path / "crm.yml")


@pytest.mark.parametrize(
    ("form", "word", "similarity"),
    [
        ("商品单价", "单价", 0.6 + 0.3 * 2 / 4 + 0.12),
        ("单价说明", "单价", 0.6 + 0.3 * 2 / 4),
        ("单价", "商品单价", 0.6 + 0.3 * 2 / 4 + 0.06 - 0.15),
        ("退货数量", "数量", 0.6 + 0.3 * 2 / 4 + 0.06),
        ("客户编号", "编号", 0.0),
        ("客户价", "价", 0.0),
        ("单价", "数量", 0.0),
        ("单价 weight", "weight", 0.6 + 0.3 / 2 + 0.06),
        ("net parcel weight", "parcel weight", 0.6 + 0.3 * 2 / 3 + 0.06),
        ("parcel weight net", "parcel weight", 0.6 + 0.3 * 2 / 3),
        ("parcel weight", "net parcel weight", 0.6 + 0.3 * 2 / 3 + 0.06 - 0.15),
        ("parcel code", "code", 0.0),
        ("parcel", "parcel code", 0.0),
        ("weighed by", "weighed", 0.0),
        ("weighed by whom", "weighed by", 0.6 + 0.3 * 2 / 3),
        ("first weighed by", "weighed by", 0.6 + 0.3 * 2 / 3 + 0.06),
        ("xyz plan", "xyz", 0.6 + 0.3 / 2),
        ("xy plan", "xy", 0.0),
        ("net weight", "gross weight", 0.0),
        ("weigth", "weight", 0.0),
        ("quantitiy", "quantity", 16 / 17 * 0.88),
        ("uantity", "quantity", 0.0),
        ("uqantity", "quantity", 0.0),
        ("quality", "quantity", 0.0),
        ("depo", "depot", 0.0),
        ("depot", "depots", 10 / 11 * 0.88),
        ("abcdefghijk", "abcdefghijklmn", 0.88 * 0.88),
        ("abcdefghij", "abcdefghijklm", 0.0),
        ("abcdefghijklmnopqrst", "abcdefghijklmnopqrstuvwx", 0.0),
    ],
)
def test_a_name_inside_another_counts_by_its_share_and_place_and_a_misspelt_one_by_its_letters(
    form: str, word: str, similarity: float
) -> None:
    assert _contained(form, word) == pytest.approx(similarity)
    assert _near(form, word) == pytest.approx(min(similarity, ASKED))


def test_the_same_words_in_another_order_are_surer_than_what_is_asked_about() -> None:
    assert _near("weight of parcel", "parcel of weight") == _near("parcel", "parcel") == 0.93
    assert _near("重量 包裹", "包裹 重量") == 0.0


def test_a_header_is_as_near_as_its_nearest_form_and_word() -> None:
    assert near_similarity("Weight parcel", {"colour": 0, "parcel weight": 5}) == pytest.approx(0.93 - 0.02)
    assert near_similarity("Weight parcel (old)", {"parcel weight": 0}) == pytest.approx(0.93 - 0.07)
    assert near_similarity("Weight parcel", {}) == 0.0


@pytest.mark.parametrize(
    ("header", "words", "similarity"),
    [
        ("Weight", {"weight": 0}, 0.98),
        ("Weight", {"weight": 7}, 0.973),
        ("Parcel Weight", {"weight": 0}, 0.98 - 0.03),
        ("Parcel Weight", {"parcel weight": 0, "weight": 0}, 0.98),
        ("Parcel Weight", {"parcelweight": 10}, 0.98 - 0.01 - 0.01),
        ("Parcel Net Weight", {"netweight": 0}, 0.98 - 0.03 - 0.01),
        ("parcelweight", {"weight": 0}, 0.98 - 0.04),
        ("FWEIGHT", {"weight": 0}, 0.98 - 0.03),
        ("Weight (kg)", {"weight": 0}, 0.98),
    ],
)
def test_a_name_of_a_column_is_nearly_certain_whoever_writes_it(
    header: str, words: dict[str, int], similarity: float
) -> None:
    known = {"weight": words, "colour": {"colour": 0}}
    assert exact_similarities(header, known, frozenset({"parcel"})) == pytest.approx({"weight": similarity})
    assert exact_similarities(header, {"colour": {"colour": 0}}, NOBODY) == {}


@pytest.mark.parametrize(
    ("form", "rest"),
    [("parcelweight", "weight"), ("parcelsweight", "weight"), ("parcel", "parcel"), ("weight", "weight"), ("é", "é")],
)
def test_the_longest_word_for_the_row_is_cut_off_in_front(form: str, rest: str) -> None:
    assert _split_compound(form, frozenset({"parcel", "parcels", "é"})) == rest


def test_a_name_ranks_by_its_place_in_the_list_and_joined_words_ten_lower() -> None:
    names = aliases("accounts")["account_id"]
    assert [names[name] for name in ("internal id", "record id", "id", "number")] == [0, 1, 2, 3]
    assert [names[name] for name in ("internalid", "recordid")] == [10, 11]
    assert names["account id"] < names["accountid"] and max(names.values()) == 30
    every = aliases("invoices")["invoice_id"]
    assert every["numero"] == every["número"] and every["numéro facture"] <= 20
    assert aliases("accounts")["account_name"]["name"] == 0 and "name" not in aliases("orders")["account_name"]


def test_headers_of_a_contract_are_names_of_the_columns_of_its_object(known: SourceContract) -> None:
    own, learnt = aliases("activities"), aliases("activities", [known])
    assert learnt["activity_id"]["zq key"] == 0 and learnt["activity_id"]["zq second"] == 21
    assert learnt["activity_id"]["id"] == own["activity_id"]["id"]
    assert learnt["occurred_on"]["zq day"] == 0
    assert learnt["is_deep_contact"] == own["is_deep_contact"]
    assert "zq other" not in learnt["account_id"] and "zq day" not in learnt["account_name"]
    assert "zq key" not in aliases("activities")["activity_id"]
