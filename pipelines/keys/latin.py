"""Letters of European alphabets in plain Latin ones, as people write them who have no such key."""

import re
import unicodedata

# ø becomes o, for so the Danish write it abroad; å and é lose their mark with all others.
_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
# Companies of countries that leave the dots away: Göteborg Energi AB, Malmö Oy, Öztürk A.Ş.
_WITHOUT_DOTS = re.compile(
    r"\W(?:ab|oyj?|a[/.]?[sş]|asa|aps|hf|ou|kft|zrt|nyrt|rt|s[.]?[al][.]?u?|ltd[ .]*[sş]ti)[.]?$"
)
# Güell, Agüero: the dots only say that the u is heard.
_SPOKEN_U = re.compile("gü(?=[eiéí])")
# After a vowel or q the two letters are no umlaut (Bauer, Queen), at the end only oe may be one (Tromsoe).
_DIGRAPH = re.compile("(?<![aeiouq])([aou])e(?=[bcdfghjklmnpqrstvwxz])|(?<=[^aeiouq]o)e$")
_LONG_A = re.compile(r"^aa(?=[^a]..)")


def latin_letters(text: str) -> str:
    """A lower-case name without marks: Müller becomes mueller, Ørskov orskov; other scripts stay.

    A natural ue is left as it is: Blue must not become Blu, nor Joe's Jo's. Muller is then close to Müller, not equal.
    """
    text = _SPOKEN_U.sub("gu", text)
    if not _WITHOUT_DOTS.search(text):
        text = text.translate(_GERMAN)
    return without_marks(text)


def without_marks(text: str) -> str:
    """Lower-case letters without their marks: é is e, ü is u; ø, æ, ß and their like in plain letters."""
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(letter for letter in text if not unicodedata.combining(letter))


def city_letters(text: str) -> str:
    """One spelling of a lower-case city: Köln, Koeln and Koln give koln, Århus and Aarhus arhus.

    Coarser than names: two towns that differ only in such an e are rare, and a city alone joins nobody.
    """
    return _LONG_A.sub("a", _DIGRAPH.sub(lambda found: found[1] or "", without_marks(text)))
