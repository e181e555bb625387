"""What a header's words are: its forms with their deductions, the words it is written of, and a table's short name."""

import pytest

from pipelines.ingest.proposals.headers import (
    _known_words,
    _split_words,
    _without_particles,
    abbreviations,
    common_prefix,
    entity_words,
    forms,
    is_known,
    plain,
    unmapped_headers,
    without_accents,
    without_entity,
    without_prefix,
)

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("OpportunityId", "opportunity id"),
        ("opportunity_id__c", "opportunity id"),
        ("Opportunity-ID*", "opportunity id"),
        ("12、客户名称", "客户名称"),
        ("3) Full  Name", "full name"),
        ("FCustId.FName", "cust id name"),
        ("***", ""),
    ],
)
def test_names_with_affixes_are_the_same_words(header: str, words: str) -> None:
    assert plain(header) == words


@pytest.mark.parametrize(
    ("header", "deductions"),
    [
        ("金额(原币)", {"金额 原币": 0, "原币金额": 0.01, "金额": 0.07}),
        ("Price (USD)", {"price usd": 0, "usd price": 0.01, "price": 0.02}),
        ("Weight (old)", {"weight old": 0, "old weight": 0.01, "weight": 0.07}),
        ("Weight", {"weight": 0.02}),
        ("Revenue in TEUR", {"revenue in teur": 0.02, "revenue in": 0.03}),
        ("Parcel - Weight", {"parcel weight": 0.02, "weight": 0.03}),
        ("Depot 1: Weight", {"depot 1 weight": 0.02, "weight": 0.03}),
        ("Parcel / Weight", {"parcel weight": 0.02, "parcel": 0.05, "weight": 0.05}),
        ("Parcel or Weight", {"parcel or weight": 0.02, "parcel": 0.05, "weight": 0.05}),
        ("Parcel/Weight", {"parcel weight": 0.02}),
        ("VAT_19", {"vat 19": 0.02, "vat": 0.03}),
        ("Weight_19", {"weight 19": 0.02}),
        ("Date Weighed", {"date weighed": 0.02, "weighed date": 0.03}),
        ("ord qty", {"ord qty": 0.02, "order quantity": 0.06}),
        ("weightnumber", {"weightnumber": 0.02}),
        ("paymentnumber", {"paymentnumber": 0.02, "payment number": 0.05}),
        ("Kühlgerät", {"kühlgerät": 0.02, "kuhlgerat": 0.03}),
        ("倉庫編號", {"倉庫編號": 0.02, "仓库编号": 0.03}),
        ("poids de parcel", {"poids de parcel": 0.02, "poids parcel": 0.04}),
        ("Weight USD", {"weight usd": 0.02, "weight": 0.04}),
        (" - ", {}),
    ],
)
def test_each_form_of_a_header_costs_more_the_further_it_is_from_what_is_written(
    header: str, deductions: dict[str, float]
) -> None:
    assert dict(forms(header)) == pytest.approx(deductions)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("quantityordered", "quantity ordered"),
        ("orderno", "order no"),
        ("itemno", "itemno"),
        ("customers", "customers"),
        ("ordérnumber", "ordérnumber"),
        ("order12number", "order12number"),
        ("zzzzzzzzz", "zzzzzzzzz"),
        ("customerordernumber total", "customer order number total"),
        ("customerordernumberdate", "customer order number date"),
        ("customerordernumberdateamount", "customerordernumberdateamount"),
        ("organisationnumber", "organisation number"),
    ],
)
def test_a_long_word_is_written_of_at_most_four_known_ones(written: str, words: str) -> None:
    assert _split_words(written) == words


def test_the_fewest_known_words_make_a_long_one() -> None:
    assert {"lineitem", "line", "item"} <= _known_words()
    assert _split_words("lineitemnumber") == "lineitem number"


def test_known_words_are_latin_and_longer_than_two_letters_but_for_the_common_short_ones() -> None:
    known = _known_words()
    assert {"id", "no", "qty", "sku", "shipped", "quantity", "deal"} <= known
    assert not {"by", "at", "on", "to"} & known
    assert all(word.isascii() and word.isalpha() for word in known)


@pytest.mark.parametrize(
    ("header", "is_listed"),
    [
        ("Zq Menge", True),
        ("Zq amt", True),
        ("zq id", True),
        ("Zq by", False),
        ("Zq", False),
        ("Zq sku", True),
        ("省略", False),
        ("的省份", True),
        ("金额", True),
        ("quantityzq", False),
        ("orderquantity", True),
        ("我的客户名称", True),
        ("的单", False),
    ],
)
def test_a_header_is_known_by_one_word_of_any_list(header: str, is_listed: bool) -> None:
    assert is_known(header) is is_listed


def test_lists_of_words_are_read_with_alternatives_written_out() -> None:
    assert abbreviations()["prc"] == "price"
    assert {"exchange rate", "coupon code", "commission fees"} <= unmapped_headers()
    assert "ticket" in entity_words()["tickets"] and "zamówienie" in entity_words()["orders"]


def test_marks_of_latin_letters_are_left_out_and_other_letters_stay() -> None:
    assert without_accents("número àé") == "numero ae"
    assert without_accents("счёт が") == "счёт が"


@pytest.mark.parametrize(
    ("words", "bare"),
    [
        ("numéro de la commande", "numero commande"),
        ("date d échéance", "date echeance"),
        ("de commande nouvelle", "de commande nouvelle"),
        ("numéro de", "numéro de"),
        ("numéro", "numéro"),
    ],
)
def test_small_words_are_left_out_of_names_of_several_words(words: str, bare: str) -> None:
    assert _without_particles(words) == bare


@pytest.mark.parametrize(
    ("form", "entities", "bare"),
    [
        ("parcel weight", {"parcel"}, "weight"),
        ("parcels weight", {"parcel"}, "parcels weight"),
        ("parcel", {"parcel"}, "parcel"),
        ("parcel line weight", {"parcel", "parcel line"}, "weight"),
        ("包裹重量", {"包裹"}, "重量"),
        ("包裹", {"包裹"}, "包裹"),
        ("weight", {"parcel"}, "weight"),
    ],
)
def test_the_word_for_the_row_is_no_part_of_a_columns_name(form: str, entities: set[str], bare: str) -> None:
    assert without_entity(form, frozenset(entities)) == bare


@pytest.mark.parametrize(
    ("headers", "prefix", "short"),
    [
        (["sls_ord_num", "sls_price", "sls"], "sales", ["ord num", "price", "sls"]),
        (["sls_ord_num", "sls_price"], "", ["sls_ord_num", "sls_price"]),
        (["cst_k", "cst_l", "cst_m", "x", "y"], "", ["cst_k", "cst_l", "cst_m", "x", "y"]),
        (["cst_k", "cst_l", "cst_m", "cst_n", "y z"], "customer", ["k", "l", "m", "n", "y z"]),
        (["zq_k", "zq_l", "zq_m"], "zq", ["k", "l", "m"]),
        (["a b", "a c", "a d"], "", ["a b", "a c", "a d"]),
        (["zq", "zq_k", "y"], "", ["zq", "zq_k", "y"]),
        (["sls.a", "sls.b", "sls.c"], "", ["sls.a", "sls.b", "sls.c"]),
        ([], "", []),
    ],
)
def test_a_first_word_that_most_headers_share_is_a_tables_short_name(
    headers: list[str], prefix: str, short: list[str]
) -> None:
    assert common_prefix(headers) == prefix
    assert list(without_prefix(headers).items()) == list(zip(headers, short, strict=True))
