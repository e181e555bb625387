"""How a text is parted into records and cells, and how its delimiter, quote and escape are found."""

import pytest

from pipelines.contracts import Reader
from pipelines.ingest.formats.careful_parser import Dialect, Record, parse
from pipelines.ingest.formats.dialect import find_dialect

pytestmark = pytest.mark.fast
ROWS = "1{0}2{0}3\n4{0}5{0}6\n"


def found_in(head: str, **declared: str) -> tuple[str, str, str]:
    dialect = find_dialect(head, Reader.model_validate(declared))
    return dialect.delimiter, dialect.quote, dialect.escape


@pytest.mark.parametrize(
    ("text", "dialect", "records"),
    [
        ("a,b\n1,2", Dialect(), [Record(0, 3, ["a", "b"]), Record(4, 7, ["1", "2"])]),
        ("a,b\r\n1,\r\n", Dialect(), [Record(0, 3, ["a", "b"]), Record(5, 7, ["1", ""])]),
        ("a\r\rb", Dialect(), [Record(0, 1, ["a"]), Record(2, 2, [""]), Record(3, 4, ["b"])]),
        ('"a\nb",c\nd', Dialect(), [Record(0, 7, ["a\nb", "c"]), Record(8, 9, ["d"])]),
        ('"a\n"\r\n"b"', Dialect(), [Record(0, 4, ["a\n"]), Record(6, 9, ["b"])]),
        ('"a""b", "c" ,\td', Dialect(), [Record(0, 15, ['a"b', "c", "\td"])]),
        ('a"b,c""', Dialect(), [Record(0, 7, ['a"b', 'c""'])]),
        ('"a"b,c', Dialect(), [Record(0, 6, ['"a"b', "c"], "stray_quote")]),
        ('a, "b', Dialect(), [Record(0, 5, ["a", ' "b'], "stray_quote")]),
        ('"a\\"b",c', Dialect(",", '"', "\\"), [Record(0, 8, ['a"b', "c"])]),
        ('"a\\\\",c', Dialect(",", '"', "\\"), [Record(0, 7, ["a\\", "c"])]),
        ('"a""b\\,",c', Dialect(",", '"', "\\"), [Record(0, 10, ['a"b,', "c"])]),
        ("'a''b','\"'", Dialect(",", "'"), [Record(0, 10, ["a'b", '"'])]),
        ('"a","b"', Dialect(",", ""), [Record(0, 7, ['"a"', '"b"'])]),
        ('a||"b|c"||d|e', Dialect("||"), [Record(0, 13, ["a", "b|c", "d|e"])]),
        ('"a"\t "b"\t\t', Dialect("\t"), [Record(0, 10, ["a", "b", "", ""])]),
        ("", Dialect(), []),
    ],
)
def test_records_have_their_place_cells_and_fault(text: str, dialect: Dialect, records: list[Record]) -> None:
    assert list(parse(text, dialect)) == records


def test_a_text_is_parsed_from_any_record_on() -> None:
    assert list(parse('a,b\n"1\n",2\n', Dialect(), 4)) == [Record(4, 10, ["1\n", "2"])]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "~", "^", ":", " "])
def test_the_delimiter_is_that_which_parts_every_record_alike(mark: str) -> None:
    assert found_in(f"a{mark}b{mark}c\n" + ROWS.format(mark)) == (mark, '"', "")
    assert found_in(f"a{mark}b\r1{mark}2\r") == (mark, '"', "")


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        ("a;b\nx, y, z;1\nx, y;2\nx;3\n", ";"),  # a comma in prose
        ("Full Name;City Hall\nAnna Berg;Bad Tölz\nJan Kok;Den Haag\n", ";"),  # spaces part as many, but weigh less
        ("k:a;l:b\nm:c;n:d\n", ";"),
        ("Start\n10:30\n11:45\n12:00\n", ","),  # one column of times
        ("a;b\n10:30:00;11:45:00\n10:30:00;11:45:00\n", ";"),
        ("Link\nhttp://a\nhttp://b\nhttp://c\n", ","),
        ("Name\nAnna Berg\nJan Kok\n", ","),  # one column of names
        ("Name\n" + "Anna Berg\n" * 10, ","),
        ("a\nb\nc\n", ","),
        ("one\ntwo\nthree;3\nfour\nfive\nsix\nseven\neight\nnine\n", ";"),  # too rare, but the only one
        ("".join(f"w{n}{',' * (n < 3)}{';' * (n > 5)}\n" for n in range(10)), ";"),  # four of ten rather than three
        ("a,b|c,d|e\n1,2|3,4|5\n", ","),  # equally many: the usual one
        ("a,b|c|d\n1,2|3|4\n", "|"),  # the more cells
        ("a|b,c,d,e,f\n1|2,3,4,5,6\n7|8,9,0,1\n2|3,4,5,6\n3|4\n4|5\n", "|"),  # alike in every record
    ],
)
def test_a_mark_inside_cells_loses_to_the_one_between_them(head: str, delimiter: str) -> None:
    assert found_in(head)[0] == delimiter


@pytest.mark.parametrize(("equal", "delimiter"), [(9, " "), (8, ",")])
def test_a_space_parts_cells_only_where_nine_of_ten_records_have_as_many(equal: int, delimiter: str) -> None:
    head = "a b\n" * equal + "a b c\n" * (10 - equal)
    assert found_in(head)[0] == delimiter


def test_a_space_gives_way_to_a_likely_mark_where_it_does_not_part_all() -> None:
    head = "Sum a b c\n" + "x y z u v w;1\n" * 5
    assert found_in(head)[0] == ";"


@pytest.mark.parametrize(
    ("head", "delimiter"),
    [
        ("a, b\n1, 2\n", ", "),
        ("a, b\n", ", "),
        ("a; b\n1; 2\n", "; "),
        ("a| b\n1| 2\n", "| "),
        ("a, b\n1,2\n", ","),
        ("a~ b\n1~ 2\n", "~"),
    ],
)
def test_a_space_behind_every_delimiter_belongs_to_it(head: str, delimiter: str) -> None:
    assert found_in(head)[0] == delimiter
    assert found_in(head, delimiter=delimiter[0])[0] == delimiter[0]  # what is declared is taken as given


@pytest.mark.parametrize(
    ("declared", "delimiter"),
    [("\\t", "\t"), ("tab", "\t"), ("comma", ","), ("semicolon", ";"), ("pipe", "|"), ("||", "||"), (" ", " ")],
)
def test_a_declared_delimiter_may_be_a_word(declared: str, delimiter: str) -> None:
    assert found_in("a,b\n1,2\n", delimiter=declared)[0] == delimiter


@pytest.mark.parametrize(
    ("head", "quote"),
    [
        ("'a','b','c'\n", "'"),
        ("a,'b',c\n1,2,3\n", '"'),  # once is a chance
        ("a,'b',c\n1,'2',3\n", "'"),
        ('a,\'b\',c\n1,\'2\',3\n"a","b","c"\n', '"'),  # as often as the double one
        ("a,'b',c\n1,'2','3'\n'4','5',6\n\"a\",\"b\",\"c\"\n", "'"),
        ("a,b\nit's,rock'n'roll\nit's,rock'n'roll\n", '"'),
        ("a,'b\nc,'d\n'e,f\n", '"'),  # they begin cells and end none
    ],
)
def test_the_single_quote_is_one_where_it_begins_and_ends_more_cells(head: str, quote: str) -> None:
    assert found_in(head, delimiter=",")[1] == quote


@pytest.mark.parametrize(
    ("head", "declared", "expected"),
    [
        ('a,b\n"x\\"y",2\n', {}, (",", '"', "\\")),
        ('a,b\n"x""y",2\n', {}, (",", '"', "")),
        ('a,b\n"x\\y",2\n', {}, (",", '"', "")),  # no quote follows
        ("'a','b','c'\n'x\"'y','2','3'\n", {}, (",", "'", '"')),
        ("'a','b','c'\n'x\\'y','2','3'\n", {}, (",", "'", "\\")),
        ('a,b\n"x\\"y",2\n', {"escape": ""}, (",", '"', "")),
        ('a,b\n"x\\"y",2\n', {"quote": "'"}, (",", "'", "")),
        ('a,b\nx\\"y,2\n', {"quote": ""}, (",", "", "")),
    ],
)
def test_the_escape_is_that_under_which_quoted_cells_close(
    head: str, declared: dict[str, str], expected: tuple[str, str, str]
) -> None:
    assert found_in(head, **declared) == expected
