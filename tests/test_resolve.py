"""Clusters hold only what all their pairs support; ids stay, and every change of an id has its event."""

from dataclasses import replace
from datetime import date, datetime
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.resolve import ids
from pipelines.resolve.cluster_input import ClusterInput
from pipelines.resolve.clusters import IDS_CONFLICT, KEPT_APART, MERGED, Links, cluster

DAY = datetime(2026, 1, 1)


def links(*pairs: tuple[int, int, float]) -> Links:
    left, right, bits = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Links(np.array(left, np.int64), np.array(right, np.int64), np.array(bits, float))


def clusters(count: int, *, decided=(), certain=(), apart=(), scored=(), codes=None) -> list[int]:  # type: ignore[no-untyped-def]
    none = np.full((1, count), -1, dtype=np.int64)
    given_codes = none if codes is None else np.array(codes, dtype=np.int64)
    return cluster(count, links(*decided), links(*certain), links(*apart), links(*scored), given_codes).labels.tolist()


def test_records_that_evidence_joins_are_one_cluster() -> None:
    assert clusters(4, scored=[(0, 1, 5.0), (1, 2, 4.0)]) == [0, 0, 0, 3]


def test_one_pair_does_not_outweigh_the_rest_of_two_clusters() -> None:
    scored = [(0, 1, 8.0), (2, 3, 8.0), (1, 2, 3.0), (0, 2, -4.0), (0, 3, -4.0)]
    assert clusters(4, scored=scored) == [0, 0, 2, 2]


def test_a_merge_needs_more_bits_for_it_than_against_it_between_all_records() -> None:
    joined = (0, 1, 8.0)
    assert clusters(3, scored=[joined, (1, 2, 4.0), (0, 2, -3.8)]) == [0, 0, 0]
    assert clusters(3, scored=[joined, (1, 2, 4.0), (0, 2, -4.2)]) == [0, 0, 2]
    assert clusters(3, scored=[joined, (1, 2, 4.0), (0, 2, -4.0)]) == [0, 0, 2], "as many for as against"
    assert clusters(2, scored=[(0, 1, 0.1)]) == [0, 0]


def test_a_pair_that_was_never_compared_counts_half_a_bit_against() -> None:
    assert clusters(3, scored=[(0, 1, 8.0), (1, 2, 0.6)]) == [0, 0, 0]
    assert clusters(3, scored=[(0, 1, 8.0), (1, 2, 0.4)]) == [0, 0, 2]


def test_one_pair_counts_at_most_eight_bits_for_or_against() -> None:
    keyed = [(0, 1, 1.0), (2, 3, 1.0)]
    against = [(0, 2, -4.0), (0, 3, -4.0)]
    assert clusters(4, certain=keyed, scored=[(1, 2, 99.0), (1, 3, 0.1), *against]) == [0, 0, 0, 0]
    assert clusters(4, certain=keyed, scored=[(1, 2, 99.0), (1, 3, -0.1), *against]) == [0, 0, 2, 2]
    assert clusters(4, certain=keyed, scored=[(1, 2, -99.0), (1, 3, 4.1), (0, 2, 4.0), (0, 3, 0.0)]) == [0, 0, 0, 0]


def test_every_link_tells_whether_it_was_followed_or_why_not() -> None:
    codes = np.array([[5, 6, -1, -1, -1, -1, -1]], dtype=np.int64)
    decided, certain = links((0, 1, 1.0)), links((2, 3, 1.0), (4, 5, 1.0))
    scored = links((0, 2, 8.0), (3, 6, 2.0), (2, 6, -5.0), (2, 4, 3.0), (1, 2, 7.0))
    found = cluster(7, decided, certain, links((2, 3, 1.0)), scored, codes)
    assert found.certain_outcomes.tolist() == [IDS_CONFLICT, KEPT_APART, MERGED]
    assert found.labels.tolist() == [0, 1, 0, 3, 0, 0, 3]
    assert found.scored_outcomes.tolist() == [MERGED, MERGED, 0, MERGED, IDS_CONFLICT]


def test_a_typed_name_does_not_outvote_the_records_it_repeats() -> None:
    """CRM and ERP share a number; the ERP's name has two letters swapped, and approvals repeat the CRM's."""
    records = pl.DataFrame({"record": range(5), "source_id": ["C-1", "E-1", "name:Tai", "name:Tai", "name:Jing"]})
    scored = [(0, 1, 30.0), (1, 2, -7.0), (1, 3, -7.0), (0, 4, -9.0)]
    pairs = pl.DataFrame(scored, schema=["l", "r", "score_bits"], orient="row")
    repeated = [(0, 2, True, "same_name"), (0, 3, True, "same_name")]
    by_name = pl.DataFrame(repeated, schema=["l", "r", "is_same", "rule"], orient="row")
    company = ClusterInput(records, pairs, by_name, np.full((1, 5), -1, dtype=np.int64), ["valid tax id"])
    assert company.clusters().labels.tolist() == [0, 0, 0, 0, 4]
    with_ids = replace(company, records=records.with_columns(source_id=pl.lit("C-2")))
    assert with_ids.clusters().labels.tolist() == [0, 1, 0, 0, 4], "records with ids of their own do vote"


def test_a_pair_of_which_too_little_is_known_does_not_outvote_one_that_agrees() -> None:
    records = pl.DataFrame({"record": range(3), "source_id": ["C-1", "C-2", "E-1"]})
    pairs = pl.DataFrame([(0, 1, 9.0), (1, 2, 2.0), (0, 2, -6.0)], schema=["l", "r", "score_bits"], orient="row")
    links = pl.DataFrame(schema={"l": pl.Int64, "r": pl.Int64, "is_same": pl.Boolean, "rule": pl.String})
    company = ClusterInput(records, pairs, links, np.full((1, 3), -1, dtype=np.int64), ["valid tax id"])
    assert company.clusters().labels.tolist() == [0, 0, 2], "a field disagrees"
    unproven = replace(company, unproven=pl.DataFrame({"l": [0], "r": [2]}))
    assert unproven.clusters().labels.tolist() == [0, 0, 0]


def test_clusters_with_two_valid_tax_ids_never_merge_not_even_by_a_decision() -> None:
    codes = [[0, -1, 1]]
    assert clusters(3, scored=[(0, 1, 9.0), (1, 2, 9.0)], codes=codes) in ([0, 0, 2], [0, 1, 1])
    assert clusters(3, decided=[(0, 2, 1.0)], codes=codes) == [0, 1, 2]


def test_a_not_same_decision_outweighs_a_shared_key_and_any_score() -> None:
    assert clusters(2, certain=[(0, 1, 1.0)], apart=[(0, 1, 1.0)]) == [0, 1]
    assert clusters(3, scored=[(0, 1, 9.0), (1, 2, 9.0)], apart=[(0, 2, 1.0)])[2] != 0


def test_a_decision_that_joins_two_keys_makes_them_one_customer() -> None:
    codes = [[-1, -1, -1, -1], [7, 8, 8, 9]]
    assert clusters(4, decided=[(0, 1, 1.0)], scored=[(0, 2, 9.0), (0, 3, 9.0)], codes=codes) == [0, 0, 0, 3]
    for low, high in ((0, 1), (1, 0)):  # the codes of a kind count from 0
        of_three = [[-1, -1, -1], [low, high, high]]
        assert clusters(3, decided=[(0, 1, 1.0)], scored=[(0, 2, 9.0)], codes=of_three) == [0, 0, 0]
        assert clusters(3, scored=[(0, 1, 9.0), (1, 2, 9.0)], codes=of_three) == [0, 1, 1]


def test_no_records_make_no_clusters() -> None:
    assert clusters(0, codes=np.zeros((1, 0))) == []


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_clusters_do_not_depend_on_the_order_of_the_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [(i, j, float(rng.integers(-8, 9))) for i, j in combinations(range(9), 2) if rng.random() < 0.4]
    shuffled = [pairs[i] for i in rng.permutation(len(pairs))]
    assert clusters(9, scored=pairs) == clusters(9, scored=shuffled)


def records(**cluster_of: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source_system": "crm",
            "source_id": list(cluster_of),
            "cluster": list(cluster_of.values()),
            "first_seen_at": [DAY] * len(cluster_of),
        },
        schema_overrides={"cluster": pl.Int64, "source_id": pl.String, "first_seen_at": pl.Datetime("us")},
    )


def run(number: int, frame: pl.DataFrame, log: pl.DataFrame) -> tuple[dict[str, str], pl.DataFrame]:
    """Assign and log: record -> id, and the whole log."""
    assignment = ids.assign(frame, log)
    stamp: dict[str, object] = {
        "run_id": f"r{number}",
        "as_of": date(2026, 1, number),
        "recorded_at": datetime(2026, 1, number),
    }
    log = pl.concat([log, ids.events_of(assignment.changes.with_columns(cause=pl.lit("a cause")), stamp)])
    given_ids = frame.join(assignment.ids, on="cluster").sort("source_id")
    return dict(given_ids.select("source_id", "customer_id").iter_rows()), log


EMPTY = pl.DataFrame(schema=ids.LOG_COLUMNS)


def test_ids_are_minted_once_and_inherited() -> None:
    first, log = run(1, records(a=0, b=0, c=2), EMPTY)
    second, log = run(2, records(a=5, b=5, c=7, d=7), log)
    assert second == {**first, "d": first["c"]}
    assert log["event"].to_list() == ["mint", "mint", "mint", "attach"]


def test_a_merge_keeps_the_larger_id_and_an_unmerge_gives_the_other_back() -> None:
    first, log = run(1, records(a=0, b=0, c=2), EMPTY)
    merged, log = run(2, records(a=0, b=0, c=0), log)
    assert set(merged.values()) == {first["a"]}
    assert ids.aliases(log).rows() == [(first["c"], first["a"])]
    undone, log = run(3, records(a=0, b=0, c=2), log)
    assert undone == first
    assert log["event"].to_list() == ["mint", "mint", "mint", "merge", "split"]
    assert ids.aliases(log).is_empty()


@pytest.mark.parametrize(("older", "newer"), [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c")])
def test_of_two_customers_of_one_size_the_older_id_stays_and_of_others_the_larger(older: str, newer: str) -> None:
    first, log = run(1, records(**{older: 0}), EMPTY)
    second, log = run(2, records(**{older: 0, newer: 1}), log)
    assert set(run(3, records(**{older: 0, newer: 0}), log)[0].values()) == {first[older]}
    more, log = run(3, records(**{older: 0, newer: 1, "z": 1}), log)
    assert more["z"] == second[newer]
    assert set(run(4, records(**{older: 0, newer: 0, "z": 0}), log)[0].values()) == {second[newer]}
    parts, log = run(4, records(**{older: 0, newer: 1, "z": 2}), log)
    assert parts[newer] == second[newer] != parts["z"], "one of two equal parts keeps the id"


def test_a_retired_id_stands_for_the_customer_that_has_most_of_its_records() -> None:
    first, log = run(1, records(a=0, b=0, c=0, d=1, e=1, f=1, g=2, h=2, i=2), EMPTY)
    second, log = run(2, records(a=1, b=2, c=2, d=1, e=1, f=1, g=2, h=2, i=2), log)
    assert (second["a"], second["b"], second["c"]) == (first["d"], first["g"], first["g"])
    assert ids.aliases(log).rows() == [(first["a"], first["g"])]


def test_an_id_that_is_taken_is_not_given_again() -> None:
    first = ids._new_id("crm", "1", set())
    second = ids._new_id("crm", "1", {first})
    third = ids._new_id("crm", "1", {first, second})
    assert len({first, second, third}) == 3
    assert [len(one) for one in (first, second, third)] == [13, 13, 13]
    assert ids._new_id("crm", "1", {second}) == first


def test_a_part_that_never_had_an_id_of_its_own_gets_a_new_one() -> None:
    first, log = run(1, records(a=0, b=0, c=0), EMPTY)
    split, log = run(2, records(a=0, b=0, c=2), log)
    assert split["a"] == first["a"] and split["c"] not in set(first.values())
    assert log.filter(pl.col("run_id") == "r2").select("event", "source_id").rows() == [("split", "c")]


def test_a_record_that_was_absent_returns_under_its_id() -> None:
    first, log = run(1, records(a=0, b=1), EMPTY)
    _, log = run(2, records(b=1), log)
    back, log = run(3, records(a=0, b=1), log)
    assert back == first and len(log) == 2


def test_the_id_comes_from_the_record_that_was_exported_first() -> None:
    frame = records(a=0, b=0).with_columns(first_seen_at=pl.Series([datetime(2026, 5, 1), DAY]).cast(pl.Datetime("us")))
    assert run(1, frame, EMPTY)[0]["a"] == run(1, records(b=0), EMPTY)[0]["b"]


def test_lost_log_differences_are_reported() -> None:
    _, log = run(1, records(b=0), EMPTY)
    late = records(a=0, b=0)
    kept, log = run(2, late, log)
    lost = ids.lost_log_differences(late, log)
    assert lost["source_id"].to_list() == ["a", "b"]
    assert set(lost["customer_id"]) == set(kept.values())


@given(st.lists(st.lists(st.integers(0, 5), min_size=8, max_size=8), min_size=1, max_size=4), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_no_id_changes_without_an_event_whatever_the_order_of_the_input(history: list[list[int]], seed: int) -> None:
    log, shuffled_log, standing = EMPTY, EMPTY, {}
    for number, labels in enumerate(history, start=1):
        frame = records(**dict(zip("abcdefgh", labels, strict=True)))
        current, log = run(number, frame, log)
        shuffled, shuffled_log = run(number, frame.sample(fraction=1, shuffle=True, seed=seed), shuffled_log)
        assert current == shuffled
        changed = {name for name in current if standing.get(name) != current[name]}
        assert changed == set(log.filter(pl.col("run_id") == f"r{number}")["source_id"])
        assert dict(ids.replay(log).select("source_id", "customer_id").iter_rows()) == current
        labelled = frame.select("source_id", "cluster").rows()
        for (record_l, cluster_l), (record_r, cluster_r) in combinations(labelled, 2):
            assert (current[record_l] == current[record_r]) == (cluster_l == cluster_r)
        standing = current


def test_a_backfill_writes_no_ids(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    from match_home import home_with

    from pipelines.home import state
    from pipelines.resolve import resolve_customers

    home = home_with(tmp_path, [("crm", "1", "Acme Ltd"), ("erp", "7", "Acme Ltd")])
    resolve_customers(home.settings, home.run("backfill"))
    assert state.read(home.settings, "customer_ids").is_empty()
    resolve_customers(home.settings, home.run("live"))
    first = state.read(home.settings, "customer_ids")
    resolve_customers(home.settings, home.run("live"))
    assert state.read(home.settings, "customer_ids").equals(first) and len(first) == 2
