"""Keys of phones, e-mails, web sites and addresses: whole columns at once, in Polars."""

from collections.abc import Callable

import polars as pl
from pypinyin import lazy_pinyin

from pipelines.keys.countries import script_of
from pipelines.keys.domains import domains_of_mail, domains_of_sites
from pipelines.keys.places import COUNTRY_OF, PLACE_KEYS, PROVINCE_OF, place_key

HOST = r"^(?:[a-z][a-z0-9+.-]*:)?(?://)?(?:[^@/]*@)?(?:www\d?\.)?([a-z0-9_.-]+\.[a-z]{2,})(?:[:/?#]|$)"
# one repeated digit, or consecutive digits
PLACEHOLDER = "^(?:" + "|".join(f"{digit}+" for digit in range(10)) + "|1234567|12345678|123456789|1234567890)$"
# ITU-T E.164: the codes of one and of two digits; all others have three.
_COUNTRY_CODES = r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}"
# 88886666-12, with eight digits before it: a direct line of fewer digits, 4711-234, is a number of its own.
_GMAIL = r"@(?:gmail|googlemail)\.com$"
# Russia's trunk prefix is 8, before codes that begin with 3, 4, 8 or 9
_RUSSIAN = r"^8([3489]\d{9})$"
_EXTENSION = r"(\d{8}|\d{4} \d{4})-\d{1,5}\s*$"
_SECOND = r"(\d{7,})\s*[/,;、]\s*(?:\d{1,5}|\d{7,}.*)$"
_DIRECTIONS = "n|s|e|w|ne|nw|se|sw|no|so|north|south|east|west|northeast|northwest|southeast|southwest"
_UNITS = r"\b(?:suite|ste|apt|apartment|unit|floor|fl|room|rm|building|bldg|dept|p o box|po box)\b.*$|#.*$"
_CHINESE_PLACES = "|".join(sorted(PLACE_KEYS, key=len, reverse=True))
_CHINESE_ROAD = r"([\p{Han}0-9]{1,8}?(?:路|街|大道|巷|道|里|弄|村))([0-9]+)"


_REPAIRS: tuple[tuple[str, Callable[[pl.Series], pl.Series]], ...] = (
    (r"\(", lambda text: text.str.replace_all(r"\(\s*0\s*\)", "")),
    ("[ex转分#]", lambda text: text.str.replace(r"(?:ext\.?|extension|x|转|分机|#).*$", "")),
    ("[/,;、]", lambda text: text.str.replace(_SECOND, "${1}")),
    (r"-\d{1,5}\s*$", lambda text: text.str.replace(_EXTENSION, "${1}")),
)


def phone_keys(values: pl.Series) -> pl.DataFrame:
    """One row per value that is a telephone number: `value, phone_key`, digits without country and trunk prefix.

    A country code is recognised by + or 00, so that national and international forms are equal; 86 and 1 also without.
    The Russian 8 (495) is +7 495.
    Numbers of fewer than seven digits or of one repeated digit identify no one and get no row.
    """
    text = values.str.normalize("NFKC").str.to_lowercase()
    for sign, change in _REPAIRS:
        text = _repaired(text, sign, change)
    digits = text.str.replace_all(r"\D", "")
    is_international = text.str.contains(r"^\D*\+") | digits.str.starts_with("00")
    numbers = pl.DataFrame({"value": values, "digits": digits, "is_international": is_international})
    international = pl.col("digits").str.replace("^00", "").str.replace(rf"^(?:{_COUNTRY_CODES})(\d{{7,}})$", "${1}")
    national_form = pl.col("digits").str.replace(r"^86(\d{9,})$", "${1}").str.replace(_RUSSIAN, "${1}")
    parts = [
        numbers.filter("is_international").select("value", key=international),
        numbers.filter(~pl.col("is_international")).select("value", key=national_form),
    ]
    national = pl.concat(parts).with_columns(pl.col("key").str.strip_chars_start("0"))
    key = pl.when(pl.col("key").str.contains(r"^1\d{10}$")).then(pl.col("key").str.slice(1)).otherwise("key")
    is_real = (pl.col("phone_key").str.len_chars() >= 7) & ~pl.col("phone_key").str.contains(PLACEHOLDER)
    return national.select("value", phone_key=key).filter(is_real)


def _repaired(text: pl.Series, sign: str, change: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """The texts, with `change` applied only to those that contain the sign: few do, and the change is expensive."""
    rows = text.str.contains(sign).fill_null(False).arg_true()
    return text.scatter(rows, change(text.gather(rows))) if len(rows) else text


def email_keys(values: pl.Series) -> pl.DataFrame:
    """One row per e-mail address: `value, email_key, domain_key`; the domain of a mail provider is null.

    The key is the mailbox: without a tag (name+shop@), and at Gmail without dots, which it ignores.
    """
    key = pl.col("value").str.normalize("NFKC").str.to_lowercase().str.strip_chars(" <>\t;,")
    frame = values.to_frame("value").select("value", email_key=key)
    frame = frame.filter(pl.col("email_key").str.contains(r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$"))
    frame = frame.with_columns(email_key=_mailboxes(frame["email_key"]))
    return frame.with_columns(domain_key=domains_of_mail(frame["email_key"].str.extract(r"@(.+)$", 1)))


def _mailboxes(addresses: pl.Series) -> pl.Series:
    untagged = _repaired(addresses, r"[^@]\+", lambda text: text.str.replace(r"^([^@+]+)\+[^@]*@", "${1}@"))
    return _repaired(untagged, _GMAIL, lambda text: _without_dots(text.str.replace(_GMAIL, "")) + "@gmail.com")


def _without_dots(text: pl.Series) -> pl.Series:
    return text.str.replace_all(".", "", literal=True)


def website_keys(values: pl.Series) -> pl.DataFrame:
    """One row per web site: `value, domain_key`, the registered domain, or the customer's host on a shop platform."""
    host = values.str.normalize("NFKC").str.to_lowercase().str.strip_chars().str.extract(HOST, 1)
    return pl.DataFrame({"value": values, "domain_key": domains_of_sites(host)}).drop_nulls("domain_key")


def address_keys(values: pl.Series) -> pl.DataFrame:
    """One row per address: `value, address_key` (number and street), `address_sound`, `street_number`, `address_words`.

    Coarse on purpose, 5900 N. Winthrop Ave = `5900 winthrop`, because systems differ in directions, street types and
    town names; Chinese addresses give road and number (`解放路 88`). The sound is alike in both scripts (`88 jiefang`).
    """
    text = values.str.normalize("NFKC").str.to_lowercase().rename("text")
    han = text.str.replace_all(r"[\s,，。.;]", "").str.replace_all(
        f"^(?:中国)?(?:(?:{_CHINESE_PLACES})(?:省|市)?)+", ""
    )
    han = han.str.replace_all(r"^[\p{Han}]{1,4}?(?:区|县|镇)", "")
    road = pl.concat_str(han.str.extract(_CHINESE_ROAD, 1), pl.lit(" "), han.str.extract(_CHINESE_ROAD, 2))
    latin = text.str.replace_all(r"['’.]", "").str.replace(_UNITS, "").str.replace_all(r"[^0-9a-z]+", " ")
    latin = latin.str.replace_all(rf"\b(?:{_DIRECTIONS})\b", " ").str.replace_all(" +", " ").str.strip_chars()
    number = latin.str.extract(r"\b(\d+)[a-z]?\b", 1)
    street = latin.str.extract(r"\b\d+[a-z]?\s+(?:\d+\s+)?([0-9a-z]{2,})", 1)
    frame = pl.DataFrame({"value": values, "text": text, "number": number, "street": street, "words": latin})
    is_han = pl.col("text").str.contains(r"\p{Han}")
    frame = frame.with_columns(road=pl.select(road).to_series(), han=han)
    return frame.select(
        "value",
        address_key=pl.when(is_han).then("road").otherwise(pl.col("number") + " " + pl.col("street")),
        address_sound=pl.when(is_han)
        .then(pl.col("road").str.extract(" ([0-9]+)$", 1) + " " + _sounds(frame["road"]))
        .otherwise(pl.col("number") + " " + pl.col("street")),
        street_number=pl.when(is_han).then(pl.col("han").str.extract(r"([0-9]+)号", 1)).otherwise("number"),
        address_words=pl.when(is_han).then("han").otherwise("words"),
    )


def _sounds(roads: pl.Series) -> pl.Series:
    """Pinyin of each Chinese road without direction and kind of street: 中山东路 88 gives zhongshan."""
    names = roads.str.extract(r"^(.+?)[东西南北中]?(?:路|街|大道|巷|道|里|弄|村) ", 1)
    by_name = {name: "".join(lazy_pinyin(name)) for name in names.unique().drop_nulls()}
    return names.replace_strict(by_name, default=None, return_dtype=pl.String)


def place_keys(values: pl.Series) -> pl.DataFrame:
    """One row per city or province: `value, place_key, province_key, script`.

    A known place has one key in both scripts. The province, and the script that names are written in there (ISO 15924),
    are known of the places of China.
    """
    keys = [place_key(value) for value in values]
    provinces = [PROVINCE_OF.get(key) for key in keys]
    return pl.DataFrame(
        {
            "value": values,
            "place_key": keys,
            "province_key": provinces,
            "script": [script_of(COUNTRY_OF.get(province, "CN")) if province else None for province in provinces],
        },
        schema=dict.fromkeys(("value", "place_key", "province_key", "script"), pl.String),
    ).filter(pl.col("place_key") != "")
