"""Which reader a file gets, and what JSON, Parquet, readers of other packages and odd headers become."""

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.contracts import Reader
from pipelines.ingest.formats import plugin, readers
from pipelines.ingest.formats.readers import file_format, open_source, read_source
from pipelines.ingest.formats.source import (
    SMALL,
    FileRefusedError,
    ScratchDatabase,
    Source,
    folded,
    unique_headers,
)

pytestmark = pytest.mark.fast
Cells = list[tuple[object, ...]]


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader | None = None) -> tuple[Source, Cells]:
    source = read_source(connection, path, reader or Reader(), path.parent)
    return source, connection.execute(f"select * from {source.relation} order by 1").fetchall()


def code_of(connection: duckdb.DuckDBPyConnection, path: Path, reader: Reader | None = None) -> str:
    with pytest.raises(FileRefusedError) as refusal:
        read(connection, path, reader)
    return refusal.value.code


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        *((f"a.{suffix}", b"a,b\n", "csv") for suffix in ("csv", "TSV", "txt", "tab", "psv", "xls", "xlsx", "ods")),
        *((f"a.{suffix}", b"{}", "jsonl") for suffix in ("jsonl", "ndjson")),
        ("a.json", b"[]", "json"),
        ("a.pq", b"", "parquet"),
        ("a.csv", b"PAR1....", "parquet"),
        ("a.csv", b"PK\x03\x04", "xlsx"),
        ("a.xls", b"\xd0\xcf\x11\xe0", "xlsx"),
        ("a.xls", b"<table>", "html"),
    ],
)
def test_first_bytes_tell_more_than_a_name(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    assert file_format(put(tmp_path, name, content)) == kind


@pytest.mark.parametrize(("name", "said"), [("a.pdf", r"^\.pdf: set"), ("deals", "^deals: set")])
def test_a_file_of_unknown_format_is_refused(tmp_path: Path, name: str, said: str) -> None:
    with pytest.raises(FileRefusedError, match=said) as refusal:
        file_format(put(tmp_path, name, "x"))
    assert refusal.value.code == "unknown_format"


def test_a_declared_format_is_taken_as_given(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = put(tmp_path, "a.dat", '{"a": 1}\n')
    assert read(connection, path, Reader(format="jsonl"))[1] == [(1, "1")]
    assert code_of(connection, path, Reader(format="xlsx")) == "broken_file"
    assert code_of(connection, put(tmp_path, "b.pq", "PAR1 and no more")) == "broken_file"


def test_a_record_of_json_lines_has_its_number_text_and_offset(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    lines = [
        '{"a": 1.50, "b": {"c": true, "d": {"e": null}}}',
        "",
        "[1, 2]",
        '{"a": ["x", 2], "f": "é"}',
        '{"a": ',
        '{"a": 12345678901234567890}',
    ]
    source, cells = read(connection, put(tmp_path, "a.jsonl", "\r\n".join(lines)))
    assert source.headers == ["a", "b.c", "b.d.e", "f"] and source.has_typed_numbers
    assert cells == [
        (1, "1.50", "true", None, None),
        (3, "x;2", None, None, "é"),
        (5, "12345678901234567890", None, None, None),
    ]
    found = [(r.record, r.code, r.raw_text, r.byte_offset) for r in source.refused]
    assert found == [(2, "bad_json", "[1, 2]", 51), (4, "bad_json", '{"a": ', 87)]


def test_a_refused_record_keeps_ten_thousand_characters(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    source, _ = read(connection, put(tmp_path, "a.jsonl", '{"a": 1}\n"' + "x" * 10_001))
    assert [len(item.raw_text) for item in source.refused] == [10_000]


def test_lists_are_records_where_the_contract_names_their_headers(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    path = put(tmp_path, "a.jsonl", "[[1, 2], [3], {}, [4, false]]")  # a document, whatever its name
    source, cells = read(connection, path, Reader(headers=("a", "b")))
    assert (source.headers, cells) == (["a", "b"], [(1, "1", "2"), (3, None, None), (4, "4", "false")])
    assert [(item.record, item.byte_offset) for item in source.refused] == [(2, None)]


@pytest.mark.parametrize(
    ("document", "records", "expected"),
    [
        ([{"a": 1}], None, [(1, "1")]),
        ({"data": {"list": [{"a": 1}, {"a": 2}]}}, "data.list", [(1, "1"), (2, "2")]),
        ({"data": []}, "data.list", "no_records"),
        ({"data": {}}, "data", "no_records"),
        ({"a": 1}, None, "no_records"),
    ],
)
def test_the_list_of_records_is_found_by_its_path(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, document: object, records: str | None, expected: object
) -> None:
    path, reader = put(tmp_path, "a.json", json.dumps(document)), Reader(records=records)
    if isinstance(expected, str):
        assert code_of(connection, path, reader) == expected
    else:
        assert read(connection, path, reader)[1] == expected


def test_json_is_read_in_the_encoding_of_the_contract(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for kind, text in (("json", '[{"a": "é"}]'), ("jsonl", '{"a": "é"}')):
        path = put(tmp_path, f"a.{kind}", text.encode("cp1252"))
        assert read(connection, path, Reader(encoding="cp1252"))[1] == [(1, "é")]
        connection.execute("drop table cells")
        path = put(tmp_path, f"a.{kind}", text.encode("utf-8-sig"))
        assert read(connection, path)[1] == [(1, "é")]
        connection.execute("drop table cells")
    assert code_of(connection, put(tmp_path, "a.json", b'["\xe9"]')) == "broken_file"
    assert code_of(connection, put(tmp_path, "a.json", "[1")) == "broken_file"


def test_parquet_columns_are_text_under_unique_names(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({"a": [1, None], " A ": ["x", "y"], "is": [True, False]}).write_parquet(path)
    source, cells = read(connection, path)
    assert source.headers == ["a", "A (2)", "is"] and source.has_typed_numbers and source.encoding == "parquet"
    assert cells == [(1, "1", "x", "true"), (2, None, "y", "false")]


def test_what_a_reader_of_another_package_yields_is_read(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, reader = put(tmp_path, "a.bin", "x"), Reader(plugin="bin")
    monkeypatch.setattr(plugin, "_reader", lambda _: lambda _: [{"a": 1}, {"b": None}])
    assert read(connection, path, reader)[1] == [(1, "1", None), (2, None, None)]
    monkeypatch.setattr(plugin, "_reader", lambda _: lambda _: [])
    assert code_of(connection, path, reader) == "no_records"

    def fails(_: Path) -> list[dict[str, object]]:
        raise KeyError("word " * 100)

    monkeypatch.setattr(plugin, "_reader", lambda _: fails)
    with pytest.raises(FileRefusedError) as refusal:
        read(connection, path, reader)
    assert refusal.value.code == "broken_file" and refusal.value.reason.startswith("reader bin: KeyError: 'word word")
    assert len(refusal.value.reason) == len("reader bin: KeyError: ") + 300


def test_any_error_of_a_library_refuses_the_file(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> Source:
        raise ValueError("x\n" * 400)

    monkeypatch.setattr(readers, "_read_json", fails)
    with pytest.raises(FileRefusedError) as refusal:
        open_source(put(tmp_path, "a.json", "[]"), Reader(), tmp_path)[0](connection, 0)
    assert refusal.value.code == "broken_file" and len(refusal.value.reason) == len("not readable: ") + 300


def test_text_is_opened_in_chunks_and_anything_else_at_once(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    for name, content in (("a.csv", "a,b\n1,2\n"), ("a.json", '[{"a": 1, "b": 2}]')):
        (load,) = open_source(put(tmp_path, name, content), Reader(), tmp_path)
        source = load(connection, 0)
        assert connection.execute(f"select * from {source.relation}").fetchall() == [(1, "1", "2")]
        connection.execute("drop table cells")


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (["a", " a ", "A"], ["a", "a (2)", "A (3)"]),
        (["", "b", " "], ["column_1", "b", "column_3"]),
        (["a\x00  b\n c"], ["a b c"]),
        (["~value", "a~"], ["_value", "a~"]),
        (["_record", "rowid", "_is_control"], ["_record (1)", "rowid (1)", "_is_control (1)"]),
        (["a", "a (2)", "a"], ["a", "a (2)", "a (2) (2)"]),
    ],
)
def test_headers_are_unique_whatever_the_file_says(headers: list[str], names: list[str]) -> None:
    assert unique_headers(headers) == names


@pytest.mark.parametrize(("header", "form"), [("Ａmount *", "amount"), (" Net  Amount", "net amount"), ("*", "*")])
def test_headers_are_compared_without_width_case_blanks_and_star(header: str, form: str) -> None:
    assert folded(header) == form


def test_a_scratch_database_is_emptied_after_each_file_and_small_files_take_one_thread(tmp_path: Path) -> None:
    threads = "select current_setting('threads')"
    database = ScratchDatabase(tmp_path / "scratch")
    many = duckdb.execute(threads).fetchall()
    for size, expected in ((1, [(1,)]), (SMALL - 1, [(1,)]), (SMALL, many), (0, many)):
        with database.file(size) as (connection, folder):
            assert connection.execute("select count(*) from duckdb_tables()").fetchall() == [(0,)]
            assert list(folder.iterdir()) == []
            assert connection.execute(threads).fetchall() == expected
            connection.execute("create table cells (a int)")
            (folder / "unpacked").write_text("x")

    database.close()
    assert list((tmp_path / "scratch").iterdir()) == []
