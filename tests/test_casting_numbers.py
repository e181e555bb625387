"""Numbers as people write them, each in the format that its contract states. Values by hand."""

from collections.abc import Sequence
from decimal import Decimal

import duckdb
import pytest

from pipelines.contracts import NumberFormat
from pipelines.ingest.casting.numbers import (
    FINE,
    WIDE,
    careful_sql,
    damaged_id_sql,
    grouped_sql,
    plain_sql,
    scales,
    states_scale_sql,
)

pytestmark = pytest.mark.fast
ENGLISH, CONTINENTAL = NumberFormat(), NumberFormat(thousands=".", decimal=",")


def values(sql: str | None, texts: Sequence[str | None]) -> list[object]:
    """The value of SQL over a text `t`, for each of the texts."""
    assert sql is not None
    rows = duckdb.execute(f"select n, {sql} from (select unnest(?) as t, unnest(range(?)) as n)", [texts, len(texts)])
    return [value for _, value in sorted(rows.fetchall(), key=lambda row: row[0])]


def read(form: NumberFormat, kind: str, *texts: str) -> list[str | None]:
    found = values(careful_sql("t", form, kind), texts)
    return [None if value is None else f"{Decimal(str(value)).normalize():f}" for value in found]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.50", "1234.5"),
        ("-1,234,567.25", "-1234567.25"),
        ("1234.5", "1234.5"),
        ("$1,234", "1234"),
        ("$ 5.", "5"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("$ -5", "-5"),
        ("-5 €", "-5"),
        ("5-", "-5"),
        ("5 EUR", "5"),
        ("EUR 5", "5"),
        ("5 RMB", "5"),
        ("+5", "5"),
        ("- 5", "-5"),
        ("(1,234.50)", "-1234.5"),
        ("($-450.00)", "-450"),
        ("（5）", "-5"),
        ("１，２３４．５", "1234.5"),
        ("−5", "-5"),
        ("1 234.5", "1234.5"),
        ("1\u00a0234.5", "1234.5"),
        ("1'234.5", "1234.5"),
        ("1’234’567", "1234567"),
        ("12,34,567.5", "1234567.5"),
        (".5", "0.5"),
        ("1e3", "1000"),
        ("1.5E+2", "150"),
        ("5.-", "5"),
        ("5,--", "5"),
        ("CHF 1.234,-", "1234"),
        ("1,234.—", "1234"),
        ("5:-", "5"),
        ("(12,345,678,901.50)", "-12345678901.5"),
        ("120亿", "12000000000"),
        *((f"2 {word}", str(2 * size)) for word, size in (("千", 10**3), ("万", 10**4), ("萬元", 10**4))),
        *((f"2{word}", str(2 * size)) for word, size in (("百万", 10**6), ("千万", 10**7), ("億円", 10**8))),
        *((f"2 {word}", str(2 * size)) for word, size in (("Tsd.", 10**3), ("mio", 10**6), ("Mrd.", 10**9))),
        *((f"2 {word}", str(2 * size)) for word, size in (("thousand", 10**3), ("Million", 10**6), ("mln", 10**6))),
        *((f"2 {word}", str(2 * size)) for word, size in (("mld", 10**9), ("bln", 10**9), ("bio", 10**12))),
        ("-2万元", "-20000"),
        ("", None),
        ("-", None),
        ("abc", None),
        ("1,23", None),
        ("1,2345", None),
        ("1,234,5", None),
        ("5 - 6", None),
        ("5-6", None),
        ("-+5", None),
        ("- $ -5", None),
        ("(5", None),
        ("5)", None),
        ("5 K", None),
        ("5 XYZ", None),
        ("5 mio 3", None),
        ("1.2.3", None),
    ],
)
def test_an_amount_is_read_however_it_is_dressed(text: str, value: str | None) -> None:
    assert read(ENGLISH, WIDE, text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.234,50", "1234.5"),
        ("-1.234.567,2500", "-1234567.25"),
        ("1234,5", "1234.5"),
        ("1234", "1234"),
        ("1.234,56785", "1234.5679"),  # to four decimals, once
        ("(1.234,5)", "-1234.5"),
        ("€ 5", "5"),
        ("1 234,5", "1234.5"),
        ("5,-", "5"),
        ("1,234.5", None),
        ("1.23", None),
    ],
)
def test_points_group_and_commas_begin_decimals_where_the_contract_says_so(text: str, value: str | None) -> None:
    assert read(CONTINENTAL, WIDE, text) == [value]


def test_a_number_that_will_be_multiplied_keeps_eight_decimals() -> None:
    assert read(ENGLISH, FINE, "1.23456789", "1,234.00000001") == ["1.23456789", "1234.00000001"]
    assert read(ENGLISH, WIDE, "1.23456789") == ["1.2346"]
    assert read(CONTINENTAL, "double", "1.234,5", "0,1") == ["1234.5", "0.1"]


def test_grouped_numbers_are_the_commonest_and_nothing_else() -> None:
    texts = ["1,234.5", "-$ 1,234", "$ -5", "£5", "1234,567", "12,34.5", "5 €", "--5", ""]
    assert values(grouped_sql("t", ENGLISH, "double"), texts) == [1234.5, -1234, -5, 5, None, None, None, None, None]
    texts = ["1.234,5", "-1.234.567", "5,1234", "5,12345", "$5", "1234,5", "1.23,5"]
    continental = [1234.5, -1234567, Decimal("5.1234"), None, None, None, None]
    for kind in (FINE, WIDE):
        assert values(grouped_sql("t", CONTINENTAL, kind), texts) == continental
    assert grouped_sql("t", CONTINENTAL, "double") is None
    assert grouped_sql("t", NumberFormat(thousands=" "), WIDE) is None
    assert grouped_sql("t", NumberFormat(thousands=" ", decimal=","), WIDE) is None


def test_a_plain_cast_reads_only_what_it_cannot_misread() -> None:
    texts = ["12.5", "-3 ", "1e3", "1_000", "1,000", "x", " - ", "-\t", "+ ", "1e "]
    assert values(plain_sql("t", ENGLISH, WIDE), texts) == [Decimal("12.5"), -3, 1000, *[None] * 7]
    texts = ["12.5", "NaN", "inf", "-Infinity", "1_000"]
    assert values(plain_sql("t", ENGLISH, "double"), texts) == [12.5, None, None, None, None]
    assert plain_sql("t", CONTINENTAL, WIDE) is None
    assert plain_sql("t", NumberFormat(thousands=" ", decimal=","), WIDE) is None
    assert plain_sql("t", NumberFormat(thousands=" "), WIDE) is not None


def test_a_letter_behind_a_number_means_what_the_contract_says() -> None:
    form = NumberFormat(magnitudes={"K": 1000, "MM": 10**6, "M": 5})
    assert read(form, WIDE, "2K", "2 k", "2 MM", "2 m", "2B", "2万") == ["2000", "2000", "2000000", "10", None, "20000"]
    words = list(scales(form))
    assert words == sorted(words, key=len, reverse=True) and words.index("mm") < words.index("m")


@pytest.mark.parametrize(
    ("text", "states"),
    [("8万", True), ("8 mio", True), ("8Mio.", True), ("万", True), ("8", False), ("mio 8", False), ("8 EUR", False)],
)
def test_a_unit_behind_a_digit_is_seen(text: str, states: bool) -> None:
    assert values(states_scale_sql("t", ENGLISH), [text]) == [states]


@pytest.mark.parametrize(
    ("text", "is_damaged"),
    [
        ("1.23E+17", True),
        ("1,23e+5", True),
        ("5E+3", True),
        ("1.2E10", True),
        ("1.2E5", False),
        ("12E+5", False),
        ("5E10", False),
        ("A+1", False),
        ("1.2", False),
        ("5-Mar", True),
        ("05/Mar", True),
        ("5. Mar", True),
        ("15-Mar-24", True),
        ("15-Sept-24", False),  # longer than any day
        ("5-mar", False),
        ("12-SET", False),
        ("5-Mars", False),
        ("3月5日", True),
        ("3월 5일", True),
        ("Mar-05", False),
        (None, False),
    ],
)
def test_an_id_that_became_a_power_or_a_day_is_lost(text: str | None, is_damaged: bool) -> None:
    assert values(damaged_id_sql("t"), [text, "x"]) == [is_damaged, False]
