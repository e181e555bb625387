"""A record's cause is its strongest link inside its customer: what people decided, then keys, then the most bits."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from pipelines.resolve.causes import strongest_links, with_causes
from pipelines.resolve.cluster_input import ClusterInput
from pipelines.resolve.clusters import Clusters

pytestmark = pytest.mark.fast

RECORDS = pl.DataFrame({"record": range(9), "source_system": ["crm"] * 9, "source_id": [f"{n}" for n in range(9)]})
PAIRS = [
    (0, 1, 9.0),
    (0, 2, 20.0),  # more bits than the other, but 0 has a key as well
    (3, 4, 5.04),
    (3, 5, 7.04),
    (4, 5, 7.04),  # 5 has two links of 7.04 bits: the first record counts
    (6, 0, 30.0),  # another customer's
    (7, 8, -1.0),  # no evidence for one customer
]
LINKS = [
    (0, 1, True, "namespace", "customer_number A1"),
    (1, 2, True, "merged_in_source", "merged into crm/2"),
    (1, 2, True, "override", "li: one plant"),
    (7, 8, False, "override", "li: two shops"),
]
LABELS = [0, 0, 0, 1, 1, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def causes() -> list[dict[str, object]]:
    pairs = pl.DataFrame(PAIRS, schema={"l": pl.Int64, "r": pl.Int64, "score_bits": pl.Float64}, orient="row")
    kinds = {"l": pl.Int64, "r": pl.Int64, "is_same": pl.Boolean, "rule": pl.String, "cause": pl.String}
    links = pl.DataFrame(LINKS, schema=kinds, orient="row")
    inputs = ClusterInput(RECORDS, pairs, links, np.full((0, len(RECORDS)), -1), [])
    clusters = Clusters(np.array(LABELS), np.zeros(len(LINKS), np.int64), np.zeros(len(PAIRS), np.int64))
    return with_causes(strongest_links(inputs, clusters), RECORDS).to_dicts()


def test_every_record_has_one_cause_in_the_order_of_records(causes: list[dict[str, object]]) -> None:
    assert [row["record"] for row in causes] == list(range(9))


def test_a_decision_goes_before_a_key_and_a_key_before_any_number_of_bits(causes: list[dict[str, object]]) -> None:
    told = [(row["rule"], row["linked_record"], row["cause"]) for row in causes[:3]]
    assert told == [
        ("namespace", 1, "customer_number A1"),
        ("override", 2, "li: one plant"),
        ("override", 1, "li: one plant"),
    ]
    assert causes[0]["link_bits"] is None


def test_of_scores_the_most_bits_count_and_of_equal_ones_the_first_record(causes: list[dict[str, object]]) -> None:
    told = [(row["rule"], row["linked_record"], row["link_bits"], row["cause"]) for row in causes[3:6]]
    assert told == [
        ("score", 5, 7.04, "7.0 bits with crm/5"),
        ("score", 5, 7.04, "7.0 bits with crm/5"),
        ("score", 3, 7.04, "7.0 bits with crm/3"),
    ]


def test_links_to_another_customer_and_against_one_are_no_cause(causes: list[dict[str, object]]) -> None:
    assert [(row["rule"], row["cause"]) for row in causes[6:]] == [("alone", "no other record is this customer")] * 3


def strongest(pairs: list[tuple[int, int, float]], links: list[tuple[int, int, str]]) -> list[tuple[object, ...]]:
    """`rule, linked_record` of three records of one customer."""
    scored = pl.DataFrame(pairs, schema={"l": pl.Int64, "r": pl.Int64, "score_bits": pl.Float64}, orient="row")
    kinds = {"l": pl.Int64, "r": pl.Int64, "is_same": pl.Boolean, "rule": pl.String, "cause": pl.String}
    rows = [(left, right, True, rule, rule) for left, right, rule in links]
    inputs = ClusterInput(RECORDS[:3], scored, pl.DataFrame(rows, schema=kinds, orient="row"), np.full((0, 3), -1), [])
    none = np.zeros(0, np.int64)
    found = strongest_links(inputs, Clusters(np.zeros(3, np.int64), none, none))
    return found.sort("record").select("rule", "linked_record").rows()


def test_the_kinds_of_links_have_an_order_that_neither_bits_nor_records_change() -> None:
    """2 has a stronger kind of link to 1 than to 0, which would go first among equals."""
    order = ["override", "namespace", "merged_in_source"]
    for stronger, weaker in pairwise(order):
        assert strongest([], [(0, 2, weaker), (1, 2, stronger)])[2] == (stronger, 1)
    assert strongest([(0, 2, 50.0)], [(1, 2, "merged_in_source")])[2] == ("merged_in_source", 1)


def test_no_bits_are_no_cause_and_a_tenth_of_one_is() -> None:
    assert strongest([(0, 1, 0.0), (1, 2, 0.1)], []) == [("alone", None), ("score", 2), ("score", 1)]
