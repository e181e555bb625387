"""An id is made of a key, once; what decides between equals is the same in any order of rows, log and runs."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from test_resolve import EMPTY, records, run

from pipelines.resolve import ids

pytestmark = pytest.mark.fast
COLUMNS = ["event", "source_id", "customer_id", "previous_customer_id"]


def logged(*rows: tuple[str, str, str, str | None]) -> pl.DataFrame:
    """A log of `event, source_id, customer_id, previous_customer_id`, all of one moment."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return ids.events_of(
        frame.with_columns(source_system=pl.lit("crm"), cause=pl.lit("a cause")),
        {"run_id": "r1", "as_of": datetime(2026, 1, 1).date(), "recorded_at": datetime(2026, 1, 1)},
    )


def given(frame: pl.DataFrame, log: pl.DataFrame) -> dict[str, str]:
    """Record -> id, the same whatever the order of both."""
    found = [run(9, frame.reverse() if turned else frame, log.reverse() if turned else log)[0] for turned in (0, 1)]
    assert found[0] == found[1]
    return found[0]


def test_an_id_is_made_of_the_key_alone_so_that_every_release_gives_the_same() -> None:
    """The first twelve digits of `printf 'crm|a' | sha256sum`, and of `crm|a#1` where those are taken."""
    assert run(1, records(a=0), EMPTY)[0] == {"a": "C23873288254c"}
    taken = logged(("mint", "gone", "C23873288254c", None))
    assert given(records(a=0), taken) == {"a": "C432dc9b59fc7"}


def test_an_id_that_was_ever_given_is_never_given_to_another_record() -> None:
    """gone and late are absent; each holds or held the id that the key of a or b would make."""
    first = run(1, records(a=0, b=1), EMPTY)[0]
    log = logged(("mint", "gone", first["a"], None), ("mint", "late", first["b"], None), ("merge", "late", "Cx", "Cb"))
    found = given(records(a=0, b=1), log)
    assert not {found["a"], found["b"]} & {*first.values(), "Cx"}


def test_the_last_of_many_rows_of_one_moment_says_which_id_a_record_has() -> None:
    """A step that is tried again logs with the same run and time: then the order of its rows counts."""
    names = [f"n{number}" for number in range(300)]
    rows = [*(("mint", name, "C1", None) for name in names), *(("merge", name, "C2", "C1") for name in names)]
    mixed = logged(*rows).with_columns(run_id=pl.format("r{}", pl.col("source_id").str.slice(1).cast(pl.Int64) % 2))
    assert set(ids.replay(mixed)["customer_id"]) == {"C2"}


def test_the_last_id_is_that_of_the_last_time_whatever_the_order_of_the_files() -> None:
    early = logged(("mint", "a", "C1", None))
    late = logged(("merge", "a", "C2", "C1")).with_columns(recorded_at=pl.col("recorded_at") + timedelta(days=1))
    for log in (pl.concat([early, late]), pl.concat([late, early])):
        assert ids.replay(log).rows() == [("crm", "a", "C2")]
    assert ids.replay(EMPTY).columns == ["source_system", "source_id", "customer_id"]


def test_where_two_ids_are_as_large_and_as_old_the_first_by_name_stays() -> None:
    log = logged(("mint", "a", "C2", None), ("mint", "b", "C1", None), ("mint", "c", "C3", None))
    assert given(records(a=0, b=0, c=0), log) == dict.fromkeys("abc", "C1")
    more = pl.concat([log, logged(("attach", "d", "C3", None))])
    assert given(records(a=0, b=0, c=0, d=0), more) == dict.fromkeys("abcd", "C3"), "the larger goes first"


def test_of_two_equal_parts_of_a_customer_the_first_keeps_the_id() -> None:
    log = logged(("mint", "a", "C1", None), ("mint", "b", "C1", None))
    for low, high in ((0, 1), (1, 0)):
        found = given(records(a=low, b=high), log)
        assert [name for name, customer_id in found.items() if customer_id == "C1"] == ["a" if low == 0 else "b"]


REST = [("mint", name, "C9", None) for name in "vwxyz"]


def without_the_rest(parts: dict[str, int], *rows: tuple[str, str, str, str | None]) -> dict[str, str]:
    """Record -> id of parts that leave a customer of five more records; rows: the log before they came to it."""
    merged = [("merge", name, "C9", "C0") for name in parts]
    frame = records(**dict.fromkeys("vwxyz", 0), **parts)
    found = run(9, frame, logged(*rows, *REST, *merged))[0]
    return {name: found[name] for name in parts}


def test_a_part_gets_the_retired_id_back_that_most_of_its_records_had_then_the_first_by_name() -> None:
    before = [("mint", "a", "C2", None), ("mint", "b", "C1", None), *(("mint", name, "C3", None) for name in "cd")]
    assert without_the_rest({"a": 1, "b": 1}, *before) == {"a": "C1", "b": "C1"}
    assert without_the_rest(dict.fromkeys("abcd", 1), *before) == dict.fromkeys("abcd", "C3")
    parts = without_the_rest({"c": 2, "d": 1}, *before)
    assert parts["d"] == "C3" != parts["c"], "of two parts that had it the first has it again"


def test_an_id_under_which_an_absent_record_would_return_is_not_revived() -> None:
    before = [("mint", "a", "C1", None), ("mint", "gone", "C1", None)]
    assert without_the_rest({"a": 1}, *before)["a"] not in ("C1", "C9")
    assert without_the_rest({"a": 1}, *before[:1])["a"] == "C1"


def test_every_change_has_its_event_with_the_id_before() -> None:
    """New: mint, and attach to an id in use. Changed: split while others have the old id, merge where none has."""
    log = logged(
        ("mint", "a", "C1", None), ("mint", "b", "C1", None), ("mint", "c", "C2", None), ("mint", "d", "C1", None)
    )
    changes = ids.assign(records(a=0, d=0, b=1, c=0, n=0, o=2), log).changes
    told = {row["source_id"]: (row["event"], row["previous_customer_id"]) for row in changes.to_dicts()}
    assert told == {"b": ("split", "C1"), "c": ("merge", "C2"), "n": ("attach", None), "o": ("mint", None)}
    assert changes["source_id"].to_list() == ["b", "c", "n", "o"]


def test_a_company_without_a_log_has_no_retired_ids() -> None:
    assert ids.aliases(EMPTY).schema == {"alias_customer_id": pl.String, "customer_id": pl.String}
    assert ids.aliases(EMPTY).is_empty()


def test_of_equal_heirs_a_retired_id_stands_for_the_first_by_name() -> None:
    log = logged(
        ("mint", "a", "C1", None), ("mint", "b", "C1", None), ("merge", "a", "C3", "C1"), ("merge", "b", "C2", "C1")
    )
    assert ids.aliases(log).rows() == [("C1", "C2")]
