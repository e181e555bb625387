"""Tax and registration ids: one key per id, and whether its checksum holds."""

import numpy as np
import polars as pl

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# GB 32100-2015, annex B: weights 3^i mod 31.
USCC_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)])
_CODES = np.full(256, 255, dtype=np.uint8)
_CODES[[ord(c) for c in USCC_ALPHABET]] = np.arange(31)
# The registration departments (first character) of the standard and its supplements.
_DEPARTMENTS = np.isin(np.arange(256), _CODES[[ord(c) for c in "123456789ANY"]])
_RUNS = sorted({run[:length] for run in ("1234567890" * 2, "0123456789" * 2) for length in range(6, 19)})
# Placeholders typed where a form requires an id: one repeated digit, or consecutive digits, with or without a country.
PLACEHOLDER = "^(?:[A-Z]{2})?(?:" + "|".join([*(f"{digit}+" for digit in range(10)), *_RUNS]) + ")$"
# The country whose VAT numbers most often have that length: only one, because each check costs 7 µs per number.
_COUNTRY_BY_LENGTH = {8: "DK", 9: "DE", 10: "PL", 11: "IT"}
_SCHEMA = {"value": pl.String, "tax_id_key": pl.String, "is_valid": pl.Boolean, "kind": pl.String}


def are_valid_usccs(ids: list[str]) -> np.ndarray:
    """Whether each 18-character 统一社会信用代码 has a valid check character and structure (GB 32100-2015).

    The structure: registration department, kind, six digits of a region. Without it eighteen zeros would be valid.
    """
    if not ids:
        return np.zeros(0, dtype=bool)
    codes = _CODES[np.frombuffer("".join(ids).encode("ascii"), dtype=np.uint8).reshape(-1, 18)]
    check = (31 - (codes[:, :17].astype(np.int64) * USCC_WEIGHTS).sum(axis=1) % 31) % 31
    has_structure = _DEPARTMENTS[codes[:, 0]] & (codes[:, 2:8] < 10).all(axis=1) & (codes[:, 2] > 0)
    return (codes < 31).all(axis=1) & has_structure & (check == codes[:, 17])


def is_valid_uscc(text: str) -> bool:
    """Whether one 统一社会信用代码 has a valid check character and structure."""
    return len(text) == 18 and text.isascii() and bool(are_valid_usccs([text.upper()])[0])


def tax_id_keys(values: pl.Series) -> pl.DataFrame:
    """One row per value: `value, tax_id_key, is_valid, kind` (uscc | vat | other).

    Ids without a checksum that can be verified are never valid: they support a match but cannot forbid one. Words
    without a digit and placeholders (000000000, DE123456789) identify no one and get no row. A VAT number without its
    country equals the same number with it, where the checksum of a country holds.
    """
    keys = values.str.normalize("NFKC").str.to_uppercase().str.replace_all(r"[^0-9A-Z]", "")
    key = pl.col("tax_id_key")
    # O and I do not occur in Chinese codes: they are misread 0 and 1
    corrected = pl.when(key.str.len_chars() == 18).then(key.str.replace_many(["O", "I"], ["0", "1"])).otherwise(key)
    frame = pl.DataFrame({"value": values, "tax_id_key": keys}).with_columns(tax_id_key=corrected)
    frame = frame.filter(key.str.len_chars() >= 6, key.str.contains("[0-9]"), ~key.str.contains(PLACEHOLDER))
    is_uscc = frame["tax_id_key"].str.len_chars() == 18
    usccs, others = frame.filter(is_uscc), frame.filter(~is_uscc)
    valid = [_is_valid_vat(key) for key in others["tax_id_key"]]
    others = others.with_columns(tax_id_key=pl.Series(map(_with_country, others["tax_id_key"]), dtype=pl.String))
    return pl.concat(
        [
            usccs.with_columns(
                is_valid=pl.Series(are_valid_usccs(usccs["tax_id_key"].to_list()), dtype=pl.Boolean),
                kind=pl.lit("uscc"),
            ),
            others.with_columns(
                is_valid=pl.Series(valid, dtype=pl.Boolean),
                kind=pl.Series(["vat" if ok else "other" for ok in valid], dtype=pl.String),
            ),
        ]
    ).select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())


def _is_valid_vat(key: str) -> bool:
    from stdnum.eu import vat

    return key[:2].isalpha() and bool(vat.is_valid(key))


def _with_country(key: str) -> str:
    """A number without a country, prefixed with the usual country of its length if that country's checksum holds.

    A wrong guess (one in ten American numbers is a valid German one) separates no records, because all spellings of a
    number are guessed the same way, and joins none unless the same digits exist there.
    """
    country = _COUNTRY_BY_LENGTH.get(len(key), "")
    return country + key if country and key.isdigit() and _is_valid_vat(country + key) else key
