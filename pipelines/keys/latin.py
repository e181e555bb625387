"""Letters of European alphabets transliterated to plain ASCII letters, as people type them without such keys."""

import re
import unicodedata

import polars as pl

# ø becomes o, the usual spelling abroad; å and é lose their mark like all others.
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# Companies of countries where the umlaut dots are dropped: Göteborg Energi AB, Malmö Oy, Öztürk A.Ş.
_WITHOUT_DOTS = re.compile(
    r"\W(?:ab|oyj?|a[/.]?[sş]|asa|aps|hf|ou|kft|zrt|nyrt|rt|s[.]?[al][.]?u?|ltd[ .]*[sş]ti)[.]?$"
)
# Güell, Agüero: the dots only mark that the u is pronounced.
_SPOKEN_U = re.compile("gü(?=[eiéí])")
# After a vowel or q the two letters are not an umlaut (Bauer, Queen); at the end only oe may be one (Tromsoe).
_DIGRAPH = re.compile("(?<![aeiouq])([aou])e(?=[bcdfghjklmnpqrstvwxz])|(?<=[^aeiouq]o)e$")
_LONG_A = re.compile(r"^aa(?=[^a]..)")


def latin_letters(text: str) -> str:
    """A lower-case name without marks: Müller becomes mueller, Ørskov orskov; other scripts stay.

    A plain ue is kept: Blue must not become Blu, nor Joe's Jo's. Muller is then similar to Müller, not equal.
    """
    text = _SPOKEN_U.sub("gu", text)
    if not _WITHOUT_DOTS.search(text):
        text = text.translate(_GERMAN)
    return without_marks(text)


def without_marks(text: str) -> str:
    """Lower-case letters without their marks: é is e, ü is u; ø, æ, ß and similar letters in plain ones."""
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def city_letters(text: str) -> str:
    """One spelling of a lower-case city: Köln, Koeln and Koln give koln, Århus and Aarhus arhus.

    Coarser than names: two towns that differ only in such an e are rare, and a city alone never links two records.
    """
    return _LONG_A.sub("a", _DIGRAPH.sub(lambda match: match[1] or "", without_marks(text)))


def folded(names: pl.Series) -> pl.Series:
    """Names with ue, oe, ae and aa as u, o, a: one key for Müller, Mueller and Muller, Ørsted and Oersted.

    To find pairs, not to decide: it also joins Blue and Blu.
    """
    rows = names.str.contains("[uoa]e|aa").fill_null(False).arg_true()
    if not len(rows):
        return names
    plain = [_DIGRAPH.sub(lambda match: match[1] or "", name).replace("aa", "a") for name in names.gather(rows)]
    return names.scatter(rows, pl.Series(plain, dtype=pl.String))
