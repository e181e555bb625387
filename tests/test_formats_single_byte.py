"""Files of one-byte encodings: which reading makes words, how much of a text it takes, and when it is asked."""

import pytest

from pipelines.ingest.formats.single_byte_encoding import (
    _breaks,
    _is_odd,
    _is_of_the_west,
    _is_open,
    single_byte_encoding,
)
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast


def asked(data: bytes) -> str:
    """The readings that a refusal names, or empty where the encoding is clear."""
    try:
        single_byte_encoding(data)
    except FileRefusedError as refusal:
        assert refusal.code == "undecided_encoding"
        return refusal.reason.partition("not clear: ")[2].partition(". Set")[0]
    return ""


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("ascii", ""),
        ("ascii", "abc\n"),
        ("koi8_r", "Одесса"),  # no word of any other script
        ("koi8_r", "Москва"),
        ("cp866", "Одесса порты"),
        ("cp1251", "Киевский порт"),  # twelve letters
        ("cp1255", "שלום עולם"),  # eight letters
        ("cp1253", "Γιώργος Πάτρα και Αθήνα"),
        ("cp874", "กรุงเทพมหานคร ประเทศไทย"),
        ("cp1256", "محمد علي الشركة العربية"),
        ("cp1252", "Þór"),
        ("cp1252", "Café note¹"),
        ("cp1252", "São Paulo\nMüller\nKøbenhavn\nDvoøák"),  # of several languages
        ("cp1252", "Dùn\n" + "Café\n" * 9),  # one misplaced letter in ten lines
    ],
)
def test_letters_that_make_words_of_one_script_only_show_the_encoding(encoding: str, text: str) -> None:
    assert single_byte_encoding(text.encode(encoding)) == encoding.replace("ascii", "cp1252")


@pytest.mark.parametrize(
    ("encoding", "text", "readings"),
    [
        ("cp1251", "Одесса порты", "'Одесса порты' as cp1251, 'Ξδερρΰ οξπςϋ' as cp1253, 'Îäåññà ïîðòû' as cp1252"),
        ("cp866", "Одесса", "'Одесса' as cp866, 'é§•··†' as mac_roman, 'Ž¤¥áá\xa0' as cp1252"),
        ("cp1255", "שלום עול", "'щмен тем' as cp1251, 'ωμεν ςεμ' as cp1253, 'שלום עול' as cp1255"),
        ("cp1252", "Dùn\n" + "Café\n" * 8, "'Dùn' as cp1252, 'Důn' as cp1250"),
        ("cp1252", "Þorn", "'Şorn' as cp1254, 'Þorn' as cp1252"),
        ("cp1252", "note¹", "'note¹' as cp1252, 'noteą' as cp1250, 'noteš' as iso8859_2"),
        ("cp1250", "Łódź", "'Łódź' as cp1250, '£Ûdü' as mac_roman, '£ódŸ' as cp1252"),
        ("cp1252", "plain\nKöln ÿŸ " + "x" * 40, f"'Köln ÿŸ {'x' * 32}' as cp1252, 'Kˆln ˇü {'x' * 32}' as mac_roman"),
    ],
)
def test_words_that_several_encodings_read_are_shown_in_three_of_them(encoding: str, text: str, readings: str) -> None:
    assert asked(text.encode(encoding)) == readings.replace("\xa0", "")


def test_eight_kilobytes_of_lines_with_letters_decide() -> None:
    lines = b"plain\nK\xf6ln\n"  # of which five bytes count
    assert asked(lines * 1638 + b"\xdeorn").startswith("'Köln' as cp1254")
    assert single_byte_encoding(lines * 1639 + b"\xdeorn") == "cp1252"


@pytest.mark.parametrize(("text", "is_other"), [("Порт да да", True), ("Порт да да да", False), ("да да да", False)])
def test_another_script_has_half_of_its_letters_in_runs_of_three_or_more(text: str, is_other: bool) -> None:
    assert ("as cp1251" in asked(text.encode("cp1251")).partition(", ")[0]) is is_other


@pytest.mark.parametrize(
    ("word", "is_broken"),
    [
        ("mÜller", True),
        ("MÜLLER", False),
        ("CaféBar", False),
        ("GroßHandel", False),
        ("McDonald’s", False),
        ("M€ller", True),
        ("M´ller", False),
        ("§Müller", False),
        ("†bung", True),
        ("plan†", True),
        ("für–das", True),
        ("A–b", False),
        ("a ا\u064b", False),
        ("a \u064bا", True),  # a vowel sign follows a letter
    ],
)
def test_a_word_is_broken_by_a_capital_or_a_sign_inside(word: str, is_broken: bool) -> None:
    assert _breaks(word) is is_broken
    assert _breaks("\n".join([word, *["Müller"] * 8])) is is_broken
    assert not _breaks("\n".join([word, *["Müller"] * 9]))  # one in ten lines is a slip
    assert _breaks("\n".join([word, word, *["Müller"] * 9])) is is_broken


@pytest.mark.parametrize(
    ("text", "is_odd"),
    [
        ("Müller é", False),
        ("Müller ü", True),
        ("Müller Ü", False),
        ("Müller µ", False),
        ("Müller а", False),
        ("Müller и", False),
        ("x ü y", True),
        ("ü. Müller", True),
        ("É. Müller", False),
        ("Malù", False),
        ("Dùn", True),
        ("Ìle", True),
    ],
)
def test_a_small_letter_alone_is_odd_where_no_language_has_it(text: str, is_odd: bool) -> None:
    assert _is_odd(text) is is_odd


@pytest.mark.parametrize(
    ("text", "is_open"),
    [
        ("Dùn", True),
        ("Malù", False),
        ("Dùn\n" * 2 + "a\n" * 17, True),
        ("Dùn\n" * 2 + "a\n" * 18, False),
        ("note¹", True),
        ("note¹ a", True),
        ("n¹", False),
        ("note¹2", False),
        ("é note¹", False),
    ],
)
def test_a_gaelic_word_or_a_footnote_may_be_czech_or_polish(text: str, is_open: bool) -> None:
    assert _is_open(text) is is_open


@pytest.mark.parametrize(
    ("text", "is_western"),
    [("Müller Þór", True), ("Þorn", False), ("Šimko Žák", True), ("Łódź", False), ("São Åse ß", True), ("€ – §", True)],
)
def test_letters_of_several_western_languages_are_of_the_west(text: str, is_western: bool) -> None:
    assert _is_of_the_west(text) is is_western
