"""A record's cause is its strongest link inside its customer: what people decided, then keys, then the most bits."""

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
    (3, 5, 7.0),
    (4, 5, 7.0),  # 5 has two links of 7 bits: the first record counts
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
        ("score", 5, 7.0, "7.0 bits with crm/5"),
        ("score", 5, 7.0, "7.0 bits with crm/5"),
        ("score", 3, 7.0, "7.0 bits with crm/3"),
    ]


def test_links_to_another_customer_and_against_one_are_no_cause(causes: list[dict[str, object]]) -> None:
    assert [(row["rule"], row["cause"]) for row in causes[6:]] == [("alone", "no other record is this customer")] * 3
