"""Delimited text as a table: what is read fast, what is read with care, and the place and reason of what is refused."""

from pathlib import Path

import duckdb
import pytest

from pipelines.contracts import Reader
from pipelines.ingest.formats import chunks, delimited
from pipelines.ingest.formats.delimited import delimited_chunks, read_delimited
from pipelines.ingest.formats.source import FileRefusedError, Source

pytestmark = pytest.mark.fast
Cells = list[tuple[object, ...]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.csv"


def read(
    connection: duckdb.DuckDBPyConnection, path: Path, text: str | bytes, reader: Reader | None = None
) -> tuple[Source, Cells]:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    source = read_delimited(connection, path, reader or Reader(), path.parent)
    cells = connection.execute(f"select * from {source.relation} order by _record").fetchall()
    connection.execute("drop table cells")
    return source, cells


def refused(source: Source) -> list[tuple[int, str, str, int | None]]:
    return [(item.record, item.code, item.raw_text, item.byte_offset) for item in source.refused]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("is_plain", [True, False])
def test_a_table_is_the_same_whoever_reads_it(
    connection: duckdb.DuckDBPyConnection, path: Path, end: str, is_plain: bool
) -> None:
    lines = ["Deals of May", "", "ID,Name", "1,x", "", '2,"y, z"', "3,"]
    reader = Reader() if is_plain else Reader(comment="#")
    source, cells = read(connection, path, end.join([*lines, ""]), reader)
    assert cells == [(1, "1", "x"), (2, "2", "y, z"), (3, "3", None if is_plain else "")]
    assert (source.headers, source.titles, source.control) == (["ID", "Name"], ["Deals of May"], 4)
    assert (source.records, source.refused, source.has_header) == (3, [], True)
    assert (source.encoding, source.delimiter) == ("utf-8", ",")


def test_a_line_end_inside_a_cell_stays_as_it_is(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    _, cells = read(connection, path, 'a,b\r\n1,"x\r\ny"\r\n2,z\r\n')
    assert cells == [(1, "1", "x\r\ny"), (2, "2", "z")]


def test_blank_lines_are_records_of_a_table_with_one_column(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    source, cells = read(connection, path, "a\nx\n\ny\n")
    assert ([cell for _, cell in cells], source.control) == (["x", None, "y"], 1)


@pytest.mark.parametrize(
    ("line", "fault", "column"),
    [
        ("2,x,y", "too_many_cells", None),
        ("2", "too_few_cells", None),
        ('2,"x"y', "stray_quote", None),
        ("2,x\x00", "null_byte", None),
        (b"2,\xff", "bad_encoding", None),
    ],
)
def test_a_faulty_record_is_refused_with_its_place(
    connection: duckdb.DuckDBPyConnection, path: Path, line: str | bytes, fault: str, column: None
) -> None:
    raw = line.encode() if isinstance(line, str) else line
    head = "à,b\nü,x\n".encode()
    source, cells = read(connection, path, head + raw + b"\n3,z\n", Reader(encoding="utf-8"))
    assert cells == [(1, "ü", "x"), (3, "3", "z")]
    shown = raw.decode("utf-8", "backslashreplace")
    assert refused(source) == [(2, fault, shown, len(head))]
    assert source.refused[0].reason == delimited.FAULTS[fault]


def test_every_refused_record_has_its_own_offset_and_at_most_ten_thousand_characters(
    connection: duckdb.DuckDBPyConnection, path: Path
) -> None:
    lines = ["a,b", "é", "1,2", "ü,ü,ü", "x" * 10_001, "3,4"]
    source, _ = read(connection, path, "\n".join(lines) + "\n")
    offsets = [len("\n".join([*lines[:n], ""]).encode()) for n in (1, 3, 4)]
    assert [(number, offset) for number, _, _, offset in refused(source)] == list(zip((1, 3, 4), offsets, strict=True))
    assert len(source.refused[2].raw_text) == 10_000


@pytest.mark.parametrize(
    ("ragged", "line", "cells"),
    [
        ("refuse", "1,2, ,,", [(1, "1", "2", " ")]),  # empty cells beyond the header are dropped
        ("refuse", "1,2,3,,x", []),
        ("refuse", "1,2", []),
        ("pad", "1,2", [(1, "1", "2", "")]),
        ("pad", "1", [(1, "1", "", "")]),
        ("pad", "1,2,3,4", []),
        ("pad", "1,2,3,", [(1, "1", "2", "3")]),
    ],
)
def test_short_and_long_records_are_fitted_where_nothing_is_lost(
    connection: duckdb.DuckDBPyConnection, path: Path, ragged: str, line: str, cells: Cells
) -> None:
    source, found = read(connection, path, f"a,b,c\n{line}\n", Reader.model_validate({"ragged": ragged}))
    assert found == cells and len(source.refused) == 1 - len(cells)


@pytest.mark.parametrize(
    ("text", "records", "control"),
    [
        ("a,b,c\n1,2,3\nTotal: 1\n", 1, 2),
        ("a,b\n1,2\nTotal: 1\n", 2, 1),  # of two columns it is a short record
        ("a,b,c\n1,2,3\nTotally\n", 2, 1),
        ("a,b,c\n1,2,3\n\x1a", 1, 2),
        ("a,b,c\n1,2,3\n \x1a\n4,5,6,7\n", 2, 2),
        ("a,b,c\n#1,2,3\n1,#2,3\n", 1, 2),
    ],
)
def test_footers_comments_and_the_end_mark_of_dos_are_no_records(
    connection: duckdb.DuckDBPyConnection, path: Path, text: str, records: int, control: int
) -> None:
    source, _ = read(connection, path, text, Reader(comment="#"))
    assert (source.records, source.control) == (records, control)


@pytest.mark.parametrize(
    ("text", "is_cut"),
    [
        ("a,b\n1,2\n3", True),
        ("a,b\n1,2\n3\n", False),
        ("a,b\n1,2\n3\r", False),
        ("a,b\n3\n1,2", False),  # the last is whole
        ("a,b\n1,2", False),
    ],
)
def test_a_last_line_without_its_end_and_cells_is_cut_off(
    connection: duckdb.DuckDBPyConnection, path: Path, text: str, is_cut: bool
) -> None:
    if is_cut:
        with pytest.raises(FileRefusedError, match="last line is cut off") as refusal:
            read(connection, path, text)
        assert refusal.value.code == "truncated"
    else:
        assert len(read(connection, path, text)[1]) == 1


def test_the_encoding_is_the_first_that_decodes_the_whole_file(
    connection: duckdb.DuckDBPyConnection, path: Path
) -> None:
    rows = "编号,名称\n" + "一,北京市朝阳区\n" * 20
    assert read(connection, path, rows.encode("gb18030"))[0].encoding == "gb18030"
    source, cells = read(connection, path, "a,b\n1,é\n".encode("cp1252"), Reader(encoding="Windows-1252"))
    assert (source.encoding, cells) == ("cp1252", [(1, "1", "é")])
    source, cells = read(connection, path, b"a,b\n" + "é,x\n".encode() * 9 + b"\xff,y\n")  # no Chinese at its end
    assert (source.encoding, len(cells), refused(source)) == ("utf-8", 9, [(10, "bad_encoding", "\\xff,y", 49)])


@pytest.mark.parametrize(
    ("reader", "headers", "records", "control"),
    [
        (Reader(), ["a", "b"], 2, 1),
        (Reader(header_row="none"), ["column_1", "column_2"], 3, 0),
        (Reader(header_row="none", headers=("x", "X")), ["x", "X (2)"], 3, 0),
        (Reader(header_row=2), ["1", "2"], 1, 2),
        (Reader(headers=("x", "y")), ["x", "y"], 2, 1),
    ],
)
def test_the_header_is_found_declared_or_named(
    connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader, headers: list[str], records: int, control: int
) -> None:
    source, cells = read(connection, path, "a,b\n1,2\n3,4\n", reader)
    assert (source.headers, len(cells), source.control) == (headers, records, control)
    assert source.has_header is (control > 0)


def test_a_header_row_lies_within_the_first_hundred_records(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    text = "1,2\n" * 99 + "a,b\nc,d\ne,f\n"
    assert read(connection, path, text, Reader(header_row=100))[0].headers == ["a", "b"]
    with pytest.raises(FileRefusedError, match="header_row 101 is beyond"):
        read(connection, path, text, Reader(header_row=101))


def test_only_a_file_up_to_256_mb_is_read_with_care(
    connection: duckdb.DuckDBPyConnection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "a,b\n1,2,3\n4,5\n"
    monkeypatch.setattr(delimited, "CAREFUL_BYTES", len(text))
    assert len(read(connection, path, text)[0].refused) == 1
    monkeypatch.setattr(delimited, "CAREFUL_BYTES", len(text) - 1)
    with pytest.raises(FileRefusedError) as refusal:
        read(connection, path, text)
    assert refusal.value.code == "malformed"


def test_records_that_are_read_with_care_come_in_parts(
    connection: duckdb.DuckDBPyConnection, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "CAREFUL_RECORDS", 2)
    rows = "".join(f"{n},x\n" for n in range(5))
    assert [cells[0] for cells in read(connection, path, f"a,b\n{rows}bad\n")[1]] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("bad", ["", "bad\n"])
def test_chunks_number_their_records_through_the_file(
    connection: duckdb.DuckDBPyConnection, path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    path.write_text("Title\n\na,b\n" + "".join(f"{n},x\n\n" for n in range(9)) + bad)
    assert len(delimited_chunks(path, Reader(), path.parent)) == 1
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 20)
    loads = delimited_chunks(path, Reader(), path.parent)
    numbers, control, before, places = [], 0, 0, []
    for load in loads:
        source = load(connection, before)
        numbers += connection.execute(f"select _record, a from {source.relation} order by 1").fetchall()
        connection.execute("drop table cells")
        control, before = control + source.control, source.records
        places += refused(source)
    assert len(loads) > 2
    assert numbers == [(n + 1, str(n)) for n in range(9)]
    assert (control, before) == (12, 10 if bad else 9)
    assert places == ([(10, "too_few_cells", "bad", path.stat().st_size - 4)] if bad else [])
