"""Parts of forgetting a person and of mending refused rows: which cells are a person's, what is blanked and patched."""

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import zstandard
from casting_table import LINES, cells, contract_of

from pipelines.contracts import ObjectContract
from pipelines.ingest.arrival import Patch
from pipelines.ingest.erasure.erase import _rewrite
from pipelines.ingest.erasure.person import Person, normal, personal_columns
from pipelines.ingest.erasure.person import contract_of as contract_of_object
from pipelines.ingest.erasure.redact import KeptText
from pipelines.ingest.formats import chunks
from pipelines.ingest.formats.careful_parser import Dialect
from pipelines.ingest.formats.source import Refused
from pipelines.ingest.quarantine.rejected_rows import _faulty_row, _reason, first_reason
from pipelines.ingest.quarantine.resubmission import Resubmissions, apply_patch

pytestmark = pytest.mark.fast
CONTACTS = (LINES % "email: [Mail, E-Mail], contact_name: {join: [First, Last]}").replace("order_lines", "contacts")
CONTACTS = CONTACTS.replace("line_id: ID, order_id: ID", "contact_id: ID").replace("[line_id]", "[contact_id]")
ANN = "Ann@X.com "


def contacts() -> ObjectContract:
    return contract_of(CONTACTS).objects[0]


def test_the_columns_of_a_person_are_those_marked_and_filled() -> None:
    assert personal_columns(contacts()) == ["source_id", "contact_name", "email"]
    lines = contract_of(LINES % "region: Area").objects[0]
    assert personal_columns(lines) == []
    assert personal_columns(lines.model_copy(update={"pii": {"region": "drop"}})) == ["source_id", "region"]
    assert "email" in personal_columns(contract_of_object("contacts"))
    assert normal(" Ann ") == "ann"


def test_a_person_is_searched_under_the_headers_that_may_hold_them() -> None:
    person = Person(ANN, contacts())
    assert person.headers == {"mail", "e-mail", "first", "last", "id"}
    header = ["ID", "E-MAIL", "Note"]
    assert person.positions([["Title"], header, ["1", "mail", "x"]]) == (3, [0, 1])
    assert person.positions([["Title"], ["x"]]) == (0, [])


@pytest.mark.parametrize(
    ("record", "is_named"),
    [
        (["1", " ann@x.COM", "n"], True),
        (["1", "x", "ann@x.com"], False),  # in a column that holds nobody
        (["1", "ann@x.com.au", "n"], False),  # a part of a cell
        (["1", "x", "n", "ann@x.com"], True),  # of another width: every cell counts
    ],
)
def test_only_complete_cells_of_those_columns_are_the_persons(record: list[str], is_named: bool) -> None:
    person = Person(ANN, contacts())
    assert person.in_cells(record, (3, [0, 1])) is is_named
    assert person.in_line(";".join(record), Dialect(";"), (3, [0, 1])) is is_named
    assert person.in_line(None, Dialect(), (3, [0, 1])) is False


def test_a_person_is_found_in_rows_and_in_cells_under_headers() -> None:
    person = Person(ANN, contacts())
    frame = pl.DataFrame(
        {"email": ["ANN@x.com", None, "b"], "source_id": ["1", "2", "ann@x.com"], "x": ["ann@x.com"] * 3}
    )
    assert frame.select(person.in_rows(frame)).to_series().to_list() == [True, False, True]
    assert frame.select("x").select(person.in_rows(frame.select("x")).first()).item() is False
    for found, expected in (({"Mail": "ann@x.com"}, True), ({"Note": "ann@x.com"}, False), ({"mail": None}, False)):
        assert person.in_object(json.dumps(found)) is expected


TEXT = 'ID;Mail;Note\r\n1;Ann@x.com;"a\nb"\r\n2;bob;Ann@x.com\r\n3;"ann@x.com";ü\r\n4;c;d'


@pytest.mark.parametrize("chunk_bytes", [10, 1_000_000])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_records_of_a_person_become_empty_and_all_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int, encoding: str
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_BYTES", chunk_bytes)
    path, target = tmp_path / "text", tmp_path / "kept.zst"
    path.write_bytes(TEXT.encode())
    text, person = KeptText(path, encoding, Dialect(";")), Person(ANN, contacts())
    assert text.mentions(person) and not text.mentions(replace(person, name="zoe"))
    header = text.header(person)
    assert header == (3, [0, 1])
    assert text.blank(person, header, target)
    blanked = zstandard.ZstdDecompressor().stream_reader(target.read_bytes()).read().decode(encoding)
    assert blanked == "ID;Mail;Note\r\n;;\r\n2;bob;Ann@x.com\r\n;;\r\n4;c;d"
    target.unlink()
    assert not text.blank(replace(person, name="zoe"), header, target)
    assert not target.exists() and list(tmp_path.glob("*.tmp")) == []


def test_a_log_is_rewritten_only_where_something_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": [1, 2]}).write_parquet(path)
    stamp = path.stat().st_mtime_ns
    _rewrite(path, [False, False])
    assert path.stat().st_mtime_ns == stamp
    _rewrite(path, [True, False])
    assert pl.read_parquet(path)["a"].to_list() == [2]
    _rewrite(path, [True])
    assert not path.exists()


def test_the_newest_correction_of_a_record_is_its_patch() -> None:
    claim = {"source_system": "erp", "contract": "lines", "sha256": "h"}
    rows = [
        *({**claim, "record": record, "cells": text, "was": "w"} for record, text in ((2, "a"), (1, "b"), (2, "c"))),
        *({**claim, name: "other", "record": 3, "cells": "d", "was": "w"} for name in claim),
    ]
    assert Resubmissions(rows).of("erp", "lines", "h") == Patch(((1, "b", "w"), (2, "c", "w")))


def test_patched_records_stand_where_they_stood_and_are_no_longer_refused() -> None:
    patch = Patch(((2, '{"ID": "x", "A": "y", "Z": "z"}', ""), (3, '{"ID": "w"}', "")))
    with cells("ID|A", "1|a", "2|b") as (connection, source):
        source.refused = [Refused(3, "c", "r", "t"), Refused(4, "c", "r", "t")]
        source.relation = "(select * from cells)"
        apply_patch(connection, source, Patch())
        assert source.relation != "cells" and len(source.refused) == 2
        apply_patch(connection, source, patch)
        assert connection.execute("select * from cells").fetchall() == [(1, "1", "a"), (2, "x", "y"), (3, "w", None)]
        assert source.relation == "cells" and [item.record for item in source.refused] == [4]


@pytest.mark.parametrize(
    ("column", "code", "because", "cell", "said"),
    [
        (
            "amount",
            "bad_number",
            None,
            "8万",
            "amount: '8万' has a unit of its own in addition to the contract's `unit`",
        ),
        ("amount", "own_rule", "none is negative", "-1", "amount: '-1' none is negative"),
        ("amount", "own_rule", None, None, "amount: own_rule"),
        ("amount", "missing_value", "needed", "", "amount: needed"),
        ("", "own_rule", "no", "x", "no"),
    ],
)
def test_a_reason_quotes_the_cell_that_is_wrong(
    column: str, code: str, because: str | None, cell: str | None, said: str
) -> None:
    assert _reason(column, code, because, cell) == said


def test_a_refused_row_names_all_of_its_faults_and_the_header_that_it_is_from() -> None:
    rows = [
        (5_010_000_007, 7, "k", "amount", "own", "wrong", "raw", "x", "2024-01"),
        (5_010_000_007, 7, "k", None, "rule", "broken", "raw", None, "2024-01"),
    ]
    faults = [
        {"column_name": "amount", "reason_code": "own", "reason": "2024-01: amount: 'x' wrong"},
        {"column_name": None, "reason_code": "rule", "reason": "broken"},
    ]
    assert _faulty_row(rows) == [7, "k", "amount", "own", "2024-01: amount: 'x' wrong; broken", "raw", faults]
    frame = pl.DataFrame({"faults": [faults]})
    assert first_reason(frame, ()) == "2024-01: amount: 'x' wrong; broken"
    hidden = first_reason(frame, {"amount"})
    assert hidden.startswith("amount: ") and "'x'" not in hidden and hidden.endswith("; broken")
