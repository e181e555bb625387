"""Tables saved as `.xls` that are pages or XML: which file is one, and which text stands in which cell."""

from pathlib import Path

import pytest

from pipelines.contracts import Reader
from pipelines.ingest.formats import markup
from pipelines.ingest.formats.markup import markup_frame, markup_kind
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast
NAMESPACE = "urn:schemas-microsoft-com:office:spreadsheet"


def page(folder: Path, text: str | bytes) -> list[tuple[str | None, ...]]:
    path = folder / "a.xls"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return markup_frame(path, Reader(), "html").rows()


def sheet(folder: Path, *sheets: str, reader: Reader | None = None) -> list[tuple[str | None, ...]]:
    """Each sheet is named S1, S2, ... and given as the XML of its rows."""
    path = folder / "a.xls"
    inner = "".join(
        f'<Worksheet ss:Name="S{n}"><Table>{rows}</Table></Worksheet>' for n, rows in enumerate(sheets, start=1)
    )
    path.write_text(f'<?xml version="1.0"?><Workbook xmlns="{NAMESPACE}" xmlns:ss="{NAMESPACE}">{inner}</Workbook>')
    return markup_frame(path, reader or Reader(), "xml").rows()


def xml_row(*cells: str, index: str = "") -> str:
    return f"<Row{index}>" + "".join(cells) + "</Row>"


def xml_cell(text: str, kind: str = "String", attributes: str = "") -> str:
    return f'<Cell{attributes}><Data ss:Type="{kind}">{text}</Data></Cell>'


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"<html><body>", "html"),
        (b"\xef\xbb\xbf \r\n<TABLE border=1>", "html"),
        ("<html>".encode("utf-16"), "html"),
        (b"<!DOCTYPE html><html>", "html"),
        (b'<?xml version="1.0"?><html>', "html"),
        (b"<!-- saved --><table>", "html"),
        (b"<p>see <table>", ""),
        (b"<tables>", ""),
        (b"a <table>", ""),
        (b'<?xml version="1.0"?><Workbook xmlns="' + NAMESPACE.encode() + b'">', "xml"),
        (b'<?xml version="1.0"?><deals>', ""),
        (b'<Workbook xmlns="' + NAMESPACE.encode() + b'">', ""),
        (b"a,b\n", ""),
        (b"", ""),
    ],
)
def test_markup_is_known_by_its_first_bytes(head: bytes, kind: str) -> None:
    assert markup_kind(head) == kind


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", [("a", "b"), ("1", "2")]),
        ("<table><tr><td>a<td>b<tr><td>1</table>", [("a", "b"), ("1", None)]),  # no cell is closed
        ("<table><td>a</td><td>b</td></table>", [("a", "b")]),  # no row is opened
        ("<table><tr><td colspan=2>a</td><td>b</td></tr></table>", [("a", None, "b")]),
        ('<table><tr><td colspan="x">a</td><td colspan>b</td></tr></table>', [("a", "b")]),
        ("<table><tr><td>a<br>b<p>c<div>d</td></tr></table>", [("a b c d",)]),
        ("<table><tr><td>\n a  \t b </td><td><br>c</td></tr></table>", [("a b", "c")]),
        ("<table><tr><td>M&uuml;ller &amp; S&#246;hne</td></tr></table>", [("Müller & Söhne",)]),
        ("<table><tr><td>a<script>x</script><style>y</style>b</td></tr></table>", [("ab",)]),
        ("<table></script><tr><td>a</td></tr></table>", [("a",)]),  # an end without a start hides nothing
        ("x<tr><td>no</td></tr><table>y<tr>z<td>a</td>w</tr></table>v", [("a",)]),  # text outside cells
        (
            "<table><tr><td>menu</td></tr></table><table><tr><td>a</td><td>b</td></tr></table>",
            [("a", "b")],
        ),
        (
            "<table><tr><td>x<table><tr><td>a</td><td>b</td><td>c</td></tr></table>y</td><td>z</td></tr></table>",
            [("a", "b", "c")],
        ),
        (
            "<table><tr><td>x<table><tr><td>a</td></tr></table>y</td><td>z</td></tr></table>",
            [("xy", "z")],
        ),
    ],
)
def test_a_page_gives_the_cells_of_its_largest_table(tmp_path: Path, text: str, rows: list[tuple[str | None]]) -> None:
    assert page(tmp_path, text) == rows


def test_cells_that_claim_to_span_a_page_span_a_thousand_columns(tmp_path: Path) -> None:
    for claimed, width in ((999, 999), (1000, 1000), (1001, 1000), (999_999, 1000)):
        assert len(page(tmp_path, f"<table><tr><td colspan={claimed}>a</td></tr></table>")[0]) == width


def test_a_page_is_read_in_the_charset_it_declares(tmp_path: Path) -> None:
    cells = "<table><tr><td>Łódź</td></tr></table>"
    for declared in ("<meta charset=iso-8859-2>", '<META content="text/html; CHARSET=iso-8859-2">'):
        assert page(tmp_path, (declared + cells).encode("iso-8859-2")) == [("Łódź",)]
    for declared in ("<meta charset='klingon'>", '<meta charset="ascii">', ""):
        assert page(tmp_path, (declared + cells).encode()) == [("Łódź",)]
    late = f"<!--{'x' * 4096}--><meta charset=iso-8859-2>" + cells
    assert page(tmp_path, late.encode()) == [("Łódź",)]  # not declared in its head


@pytest.mark.parametrize("text", ["<html>none</html>", "<table></table>", "<table><tr></tr></table>"])
def test_a_page_without_cells_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        page(tmp_path, text)
    assert refusal.value.code == "empty_file"


def test_a_page_is_refused_beyond_128_mb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xls"
    with path.open("wb") as out:
        out.truncate(134_217_729)
    with pytest.raises(FileRefusedError, match="more than 128 MB") as refusal:
        markup_frame(path, Reader(), "html")
    assert refusal.value.code == "too_large"
    text = "<table><tr><td>a</td></tr></table>"
    monkeypatch.setattr(markup, "MAX_BYTES", len(text))
    assert page(tmp_path, text) == [("a",)]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (xml_row(xml_cell("a"), xml_cell("b")) + xml_row(xml_cell("1")), [("a", "b"), ("1", None)]),
        (xml_row("<Cell/>", xml_cell("b")), [(None, "b")]),
        (xml_row(xml_cell("a"), xml_cell("c", attributes=' ss:Index="3"')), [("a", None, "c")]),
        (xml_row(xml_cell("a"), xml_cell("b", attributes=' ss:Index="1"')), [("a", "b")]),
        (xml_row(xml_cell("a", attributes=' ss:MergeAcross="2"'), xml_cell("b")), [("a", None, None, "b")]),
        (xml_row(xml_cell("a")) + xml_row(xml_cell("d"), index=' ss:Index="4"'), [("a",), (None,), (None,), ("d",)]),
        (xml_row(xml_cell("b"), index=' ss:Index="2"') + xml_row(xml_cell("c")), [(None,), ("b",), ("c",)]),
        (xml_row(xml_cell("2024-03-01T00:00:00.000", "DateTime")), [("2024-03-01",)]),
        (xml_row(xml_cell("2024-03-01T10:30:00", "DateTime")), [("2024-03-01T10:30:00",)]),
        (xml_row(xml_cell("2024-03-01T00:00:00", "String")), [("2024-03-01T00:00:00",)]),
        (xml_row(xml_cell(" 1.500 ", "Number"), xml_cell("1.500")), [("1.5", "1.500")]),
        (xml_row(*(xml_cell(t, "Number") for t in ("-12.00", "0.050", "100", "1E5"))), [("-12", "0.05", "100", "1E5")]),
        (xml_row('<Cell><Data ss:Type="String">a<B>b</B>c</Data></Cell>'), [("abc",)]),
    ],
)
def test_a_sheet_of_xml_gives_its_cells_where_they_stand(
    tmp_path: Path, rows: str, expected: list[tuple[str | None]]
) -> None:
    assert sheet(tmp_path, rows) == expected


def test_rows_and_cells_of_xml_lie_at_most_a_thousand_apart(tmp_path: Path) -> None:
    for index, found in ((1001, 1001), (1002, 1002), (1003, 1002), (9999, 1002)):  # 1000 empty ones between two
        far = f' ss:Index="{index}"'
        assert len(sheet(tmp_path, xml_row(xml_cell("a"), xml_cell("b", attributes=far)))[0]) == found
        assert len(sheet(tmp_path, xml_row(xml_cell("a")) + xml_row(xml_cell("b"), index=far))) == found
        merged = xml_cell("a", attributes=f' ss:MergeAcross="{index - 2}"')
        assert len(sheet(tmp_path, xml_row(merged))[0]) == min(index - 1, 1001)


def test_the_sheet_is_chosen_by_name_or_number(tmp_path: Path) -> None:
    sheets = [xml_row(xml_cell(text)) for text in "abc"]
    for wanted, text in ((0, "a"), (1, "b"), (2, "c"), (9, "c"), ("S1", "a"), ("S2", "b")):
        assert sheet(tmp_path, *sheets, reader=Reader(sheet=wanted)) == [(text,)]
    with pytest.raises(FileRefusedError, match="no sheet 'x'; the workbook has: S1, S2, S3") as refusal:
        sheet(tmp_path, *sheets, reader=Reader(sheet="x"))
    assert refusal.value.code == "no_sheet"
    assert sheet(tmp_path, sheets[0], "", reader=Reader(sheet="S1")) == [("a",)]


def test_xml_without_a_sheet_or_an_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError) as refusal:
        sheet(tmp_path)
    assert refusal.value.code == "no_sheet"
    with pytest.raises(FileRefusedError, match="not a complete XML spreadsheet") as refusal:
        sheet(tmp_path, "<Row>")
    assert refusal.value.code == "broken_file"
    with pytest.raises(FileRefusedError) as refusal:
        sheet(tmp_path, xml_row(xml_cell("a")), "", reader=Reader(sheet="S2"))
    assert refusal.value.code == "empty_file"
