"""What clustering reads of the matching tables, and which pairs people are asked about."""

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.resolve.cluster_input import ClusterInput, read_cluster_input
from pipelines.resolve.clusters import IDS_CONFLICT, KEPT_APART, MERGED, OUTVOTED, Clusters
from pipelines.resolve.reviews import reviews

pytestmark = pytest.mark.fast
MATCHING = """
create schema matching;
create table matching.mtc_records as select * from (values
    (7, 'crm', '1', 'Acme', 'DE1', true), (3, 'erp', '1', 'Acme', 'DE2', true), (5, 'crm', '2', 'Bolt', 'DE2', false),
    (9, 'crm', '3', 'Bolt', 'DE1', true)
) as t(record_no, source_system, source_id, account_name, tax_id_key, is_tax_id_valid);
create table matching.mtc_pairs as select * from (values
    (3, 7, 9.5, false), (5, 7, -23.5, false), (5, 9, -24.5, false)
) as t(record_no_l, record_no_r, score_bits, is_unproven);
create table matching.mtc_certain_links as select * from (values
    (3, 5, true, 'override', 'li: one'), (7, 9, true, 'namespace', 'number 1'), (5, 9, false, 'override', 'li: two')
) as t(record_no_l, record_no_r, is_same, rule, cause);
create table matching.mtc_namespaces as select * from (values
    ('erp', '1', 'number', 'b'), ('crm', '1', 'number', 'a'), ('crm', '3', 'group', 'x')
) as t(source_system, source_id, namespace, namespace_key);
"""
PAIRS = [(0, 1, 6.0, OUTVOTED), (1, 2, -3.9, 0), (2, 3, -4.0, 0), (0, 4, -2.0, 0), (3, 4, 5.0, IDS_CONFLICT)]


@pytest.fixture(scope="module")
def matching() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(MATCHING)
    return connection


def test_records_stand_in_the_order_of_their_keys_and_pairs_name_their_positions(
    matching: duckdb.DuckDBPyConnection,
) -> None:
    read = read_cluster_input(matching)
    assert read.records.select("record", "source_system", "source_id").rows() == [
        *((0, "crm", "1"), (1, "crm", "2"), (2, "crm", "3"), (3, "erp", "1")),
    ]
    assert read.pairs.rows() == [(0, 1, -23.5), (0, 3, 9.5)], "a pair of -24 bits or less is no pair"
    assert read.key_links.rows() == [(0, 2, True, "namespace", "number 1")]
    assert read.decided_links.rows() == [(1, 3, True, "override", "li: one")]
    assert read.code_names == ["valid tax id", "group", "number"]
    assert read.codes.tolist() == [[0, -1, 0, 1], [-1, -1, 0, -1], [0, -1, -1, 1]]


def test_of_some_records_only_what_is_between_them_is_read(matching: duckdb.DuckDBPyConnection) -> None:
    read = read_cluster_input(matching, np.array([3, 7]))
    assert read.records["source_system"].to_list() == ["crm", "erp"]
    assert read.pairs.rows() == [(0, 1, 9.5)]
    assert read.links.is_empty()
    assert read.codes.tolist() == [[0, 1], [0, 1]]
    assert read.clusters().labels.tolist() == [0, 1], "their tax ids contradict each other"


def asked(
    links: list[tuple[int, int, bool, str]],
    outcomes: list[int],
    pairs_given: list[tuple[int, int, float, int]] = PAIRS,
    codes: tuple[list[int], ...] = (),
) -> list[tuple[object, ...]]:
    """`kind, reason` and the source ids of the pairs that people are asked about. codes: of declared namespaces."""
    records = pl.DataFrame({"record": range(5), "source_system": ["crm"] * 5, "source_id": [str(n) for n in range(5)]})
    pairs = pl.DataFrame([pair[:3] for pair in pairs_given], schema=["l", "r", "score_bits"], orient="row")
    kinds = {"l": pl.Int64, "r": pl.Int64, "is_same": pl.Boolean, "rule": pl.String}
    every = np.array([[-1] * 5, *codes], dtype=np.int64)
    inputs = ClusterInput(records, pairs, pl.DataFrame(links, schema=kinds, orient="row"), every, ["tax"])
    scored = np.array([pair[3] for pair in pairs_given])
    found = reviews(inputs, Clusters(np.arange(5), np.array(outcomes, np.int64), scored), records.select(
        "record", customer_id=pl.concat_str(pl.lit("C"), "source_id")
    ))  # fmt: skip
    assert found["customer_id_l"].to_list() == [f"C{one}" for one in found["source_id_l"]]
    return found.select("source_id_l", "source_id_r", "kind", "reason", "score_bits").rows()


def test_a_blocked_merge_and_an_undecided_pair_are_asked_about_with_the_reason() -> None:
    neither, disagree = "the evidence decides neither way", "other records of the two clusters disagree"
    assert asked([], []) == [
        ("0", "1", "blocked", disagree, 6.0),
        ("0", "4", "grey", neither, -2.0),
        ("1", "2", "grey", neither, -3.9),
        ("3", "4", "blocked", "their ids contradict each other", 5.0),
    ], "a pair of -4 bits or less is not worth a look"


def test_what_someone_decided_is_not_asked_again_but_a_decision_not_followed_is_told() -> None:
    apart = [(0, 1, False, "override"), (2, 1, False, "override"), (0, 2, True, "override")]
    assert asked(apart, [IDS_CONFLICT]) == [
        ("0", "2", "contradiction", "their ids contradict each other", None),
        ("0", "4", "grey", "the evidence decides neither way", -2.0),
        ("3", "4", "blocked", "their ids contradict each other", 5.0),
    ]


def test_half_a_bit_for_a_merge_is_a_blocked_merge_and_none_an_undecided_pair() -> None:
    told = [row[:3] for row in asked([], [], [(0, 1, 0.5, OUTVOTED), (1, 2, 0.0, MERGED), (2, 3, -0.5, MERGED)])]
    assert told == [("0", "1", "blocked"), ("1", "2", "grey"), ("2", "3", "grey")]


def test_two_keys_of_one_kind_leave_nothing_to_ask_but_an_unknown_or_equal_key_does() -> None:
    """Keys are counted from 0, and -1 is none: 0 and 1 have two of them, 3 has the same as 1, the others none."""
    pairs = [(0, 1, 3.0, IDS_CONFLICT), (0, 2, -1.0, MERGED), (2, 4, -1.5, MERGED), (1, 3, -2.0, MERGED)]
    turned = [(1, 2, -3.0, MERGED), (0, 3, -3.5, MERGED)]
    for first, second in ((0, 1), (1, 0), (4, 2)):
        told = asked([], [], [*pairs, *turned], ([first, second, -1, second, -1],))
        assert [row[:2] for row in told] == [("0", "2"), ("1", "2"), ("1", "3"), ("2", "4")]
    two_kinds = ([-1, -1, -1, 0, 1], [0, 1, -1, -1, -1])
    assert [row[:2] for row in asked([], [], [*pairs, (3, 4, 2.0, IDS_CONFLICT)], two_kinds)] == [
        *(("0", "2"), ("1", "3"), ("2", "4")),
    ]


def test_a_link_that_was_followed_is_not_told() -> None:
    links = [(0, 2, True, "override"), (1, 3, True, "override"), (2, 3, True, "namespace"), (0, 1, True, "namespace")]
    told = asked(links, [MERGED, KEPT_APART, OUTVOTED, MERGED], PAIRS[2:3])
    assert [row[:4] for row in told] == [
        ("1", "3", "contradiction", "someone keeps them apart"),
        ("2", "3", "contradiction", "other records of the two clusters disagree"),
    ]


def test_a_typed_name_says_nothing_against_a_merge_but_half_a_bit_for_it() -> None:
    records = pl.DataFrame({"record": range(3), "source_id": ["C-1", "name:Tai", "C-2"]})
    pairs = pl.DataFrame([(0, 1, 0.5), (1, 2, -7.0), (0, 2, -3.0)], schema=["l", "r", "score_bits"], orient="row")
    no_links = pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64, "is_same": pl.Boolean, "rule": pl.String})
    company = ClusterInput(records, pairs, no_links, np.full((1, 3), -1, dtype=np.int64), ["valid tax id"])
    assert company.voting_pairs.rows() == [(0, 1, 0.5), (1, 2, 0.0), (0, 2, -3.0)]
    assert company.clusters().labels.tolist() == [0, 0, 2]


def test_no_records_give_nothing_to_group() -> None:
    connection = duckdb.connect()
    connection.execute(MATCHING)
    for table in ("records", "pairs", "certain_links", "namespaces"):
        connection.execute(f"delete from matching.mtc_{table}")
    read = read_cluster_input(connection)
    assert read.codes.shape == (1, 0)
    assert read.clusters().labels.tolist() == []
