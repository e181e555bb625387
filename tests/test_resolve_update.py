"""A night's update: only affected records are grouped again, and what is left is what grouping all would give."""

import pytest
from resolve_world import Nights

pytestmark = pytest.mark.fast

TWO = [("ab", 9.0), ("cd", 9.0)]


def of_all(records: str, pairs: list[tuple[str, float]], **links: str) -> Nights:
    """The same records in the first night of another company."""
    nights = Nights()
    nights.night(records, pairs, **links)
    return nights


def test_the_first_night_gives_every_record_an_id_and_tells_of_each() -> None:
    nights = Nights()
    assert nights.night("abcd", TWO) == [("a", "mint"), ("b", "mint"), ("c", "mint"), ("d", "mint")]
    found = nights.customers
    assert found["a"] == found["b"] != found["c"] == found["d"]
    assert nights.rows("select count(*) from resolved.customer_events") == [(4,)]


def test_a_new_record_joins_its_customer_and_no_other_row_is_touched() -> None:
    nights = of_all("abcd", TWO)
    before = nights.customers
    nights.rows("update resolved.customer_map set cause = 'as it was'")
    assert nights.night("abcde", [*TWO, ("de", 7.04)], affected="cde") == [("e", "attach")]
    assert nights.customers == {**before, "e": before["c"]}
    causes = dict(nights.rows("select source_id, cause from resolved.customer_map"))  # type: ignore[arg-type]
    scored = {"c": "9.0 bits with crm/d", "d": "9.0 bits with crm/c", "e": "7.0 bits with crm/d"}
    assert causes == dict.fromkeys("ab", "as it was") | scored
    assert nights.rows("select run_id, source_id from resolved.customer_events where run_id = 'r2'") == [("r2", "e")]


def test_a_night_in_which_nothing_is_affected_leaves_all_as_it_was() -> None:
    nights = of_all("abcd", [*TWO, ("bc", -2.0)])
    before = (nights.customers, nights.asked)
    assert nights.night("abcd", [*TWO, ("bc", -2.0)], affected="") == []
    assert (nights.customers, nights.asked) == before


@pytest.mark.parametrize(("left", "affected"), [("acd", "a"), ("ab", "a"), ("a", "a"), ("ab", ""), ("", "")])
def test_records_that_no_longer_exist_lose_their_rows_and_their_questions(left: str, affected: str) -> None:
    pairs = [*TWO, ("bc", -2.0), ("ad", -1.0)]
    nights = of_all("abcd", pairs)
    before = nights.customers
    kept = [pair for pair in pairs if set(pair[0]) <= set(left)]
    assert nights.night(left, kept, affected=affected) == []
    assert nights.customers == {record: before[record] for record in left}
    assert nights.asked == of_all(left, kept).asked


def test_one_new_record_does_not_hide_that_one_went() -> None:
    nights = of_all("abc", [("ab", 9.0)])
    before = nights.customers
    assert nights.night("abd", [("ab", 9.0)], affected="d") == [("d", "mint")]
    found = nights.customers
    assert (found["a"], found["b"], set(found)) == (before["a"], before["b"], {"a", "b", "d"})


def test_of_undecided_pairs_those_of_affected_records_are_asked_anew_and_the_others_stay() -> None:
    nights = of_all("abcdf", [*TWO, ("bc", -2.0), ("af", -3.0)])
    assert nights.asked == [("af", "grey", -3.0), ("bc", "grey", -2.0)]
    pairs = [*TWO, ("bc", -1.0), ("af", -3.0), ("ce", 0.0), ("be", 0.0), ("ae", -4.0), ("de", -3.9)]
    assert nights.night("abcdef", pairs, affected="cde") == [("e", "mint")]
    assert nights.asked == of_all("abcdef", pairs).asked == [
        *(("af", "grey", -3.0), ("bc", "grey", -1.0), ("be", "grey", 0.0), ("ce", "grey", 0.0), ("de", "grey", -3.9)),
    ]  # fmt: skip
    ids = nights.rows("select customer_id_l, customer_id_r from resolved.customer_reviews where source_id_r = 'e'")
    assert (nights.customers["b"], nights.customers["e"]) in ids


@pytest.mark.parametrize("links", [{"same": "cd"}, {"keys": "cd"}, {"same": "cd", "keys": "ab cd"}, {"same": "ab cd"}])
def test_undecided_pairs_are_asked_beside_links_that_someone_decided_or_a_key_made(links: dict[str, str]) -> None:
    pairs = [*TWO, ("bc", -2.0), ("ad", -3.0)]
    nights = of_all("abcd", pairs, **links)
    assert nights.night("abcd", pairs, affected="cd", **links) == []
    assert nights.asked == of_all("abcd", pairs, **links).asked == [("ad", "grey", -3.0), ("bc", "grey", -2.0)]


def test_a_record_gets_its_retired_id_back_though_another_that_had_it_lives_elsewhere() -> None:
    """a and x had one id. Each went to a larger customer, so that nobody has it; then a is alone again."""
    nights = of_all("abyxcz", [("ax", 9.0), ("by", 9.0), ("cz", 9.0)])
    first = nights.customers
    larger = [("by", 9.0), ("cz", 9.0), ("cx", 9.0), ("xz", 9.0)]
    merged = nights.night("abyxcz", [*larger, ("ab", 9.0), ("ay", 9.0)], affected="abyxcz")
    assert merged == [("a", "merge"), ("x", "merge")]
    winner = min(first["b"], first["c"])  # one of two equal parts: the first by name stands for the retired id
    assert nights.rows("from resolved.customer_aliases") == [(first["a"], winner)]
    assert nights.night("abyxcz", larger, affected="aby") == [("a", "split")]
    assert nights.customers == {**first, "x": first["c"]}
    assert nights.rows("from resolved.customer_aliases") == [], "an id in use stands for no other"
