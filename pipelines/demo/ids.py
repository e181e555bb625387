"""Identifiers with valid check digits, drawn for whole columns at once."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Texts = NDArray[np.str_]

USCC_ALPHABET = np.array(list("0123456789ABCDEFGHJKLMNPQRTUWXY"))
BASE62 = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
SUFFIX32 = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"))


def rng_for(seed: int, topic: str) -> np.random.Generator:
    """A generator of its own for each topic, so that a change to one part leaves the others as they were."""
    return np.random.default_rng([seed, *topic.encode()])


def picked(rng: np.random.Generator, eligible: NDArray[np.bool_], rate: float) -> NDArray[np.bool_]:
    """Exactly that share of the eligible ones, drawn at random: a small company has its rates too."""
    places = np.flatnonzero(eligible)
    chosen = np.zeros(len(eligible), dtype=bool)
    chosen[rng.permutation(places)[: int(np.ceil(rate * len(places)))]] = True
    return chosen


def unified_social_credit_codes(rng: np.random.Generator, districts: Texts) -> Texts:
    """统一社会信用代码 for six-digit districts: 91 + district + organisation code + check (GB 32100-2015, mod 31)."""
    count = len(districts)
    district_digits = _characters(districts, 6).astype(np.int64)
    body = np.concatenate([np.tile([9, 1], (count, 1)), district_digits, _organisation_codes(rng, count)], axis=1)
    weights = np.array([pow(3, place, 31) for place in range(17)])
    check = (31 - (body * weights).sum(axis=1) % 31) % 31
    return _joined(USCC_ALPHABET[np.column_stack([body, check])])


def _organisation_codes(rng: np.random.Generator, count: int) -> Ints:
    # GB 11714-1997: eight places and a check of modulus 11; X has the place 29 in the alphabet of GB 32100
    digits = rng.integers(0, 10, (count, 8))
    check = (11 - (digits * np.array([3, 7, 9, 10, 5, 8, 4, 2])).sum(axis=1) % 11) % 11
    return np.column_stack([digits, np.where(check == 10, 29, check)])


def german_vat_ids(rng: np.random.Generator, count: int) -> Texts:
    """DE + nine digits, the last one a check digit (ISO 7064 mod 11,10)."""
    digits = rng.integers(0, 10, (count, 8))
    digits[:, 0] = rng.integers(1, 10, count)
    product = np.full(count, 10)
    for place in range(8):
        total = (digits[:, place] + product) % 10
        product = 2 * np.where(total == 0, 10, total) % 11
    check = (11 - product) % 10
    return np.char.add("DE", _joined(np.column_stack([digits, check]).astype("U1")))


def australian_business_numbers(rng: np.random.Generator, count: int) -> Texts:
    """Eleven digits of which the first two make the weighted sum divisible by 89."""
    digits = rng.integers(0, 10, (count, 9))
    head = 11 + (-(digits * np.array([3, 5, 7, 9, 11, 13, 15, 17, 19])).sum(axis=1) - 1) % 89
    return _joined(np.column_stack([head // 10, head % 10, digits]).astype("U1"))


def employer_numbers(rng: np.random.Generator, count: int) -> Texts:
    """US employer identification numbers: a campus prefix in use and seven digits; they have no check digit."""
    prefixes = np.array(["20", "27", "36", "45", "47", "81", "82", "83", "84", "85"])
    numbers = np.char.zfill(rng.integers(0, 10_000_000, count).astype("U7"), 7)
    return np.char.add(np.char.add(rng.choice(prefixes, count), "-"), numbers)


def salesforce_ids(prefix: str, numbers: Ints) -> Texts:
    """18-character ids of record numbers: 15 case-sensitive characters and the checksum of their upper case."""
    places = [BASE62[(numbers * 7919 + 104_729) // 62**place % 62] for place in range(5, -1, -1)]
    head = np.tile(np.array(list(prefix + "5g00000")[:9]), (len(numbers), 1))
    characters = np.column_stack([head, *places])
    upper = (characters >= "A") & (characters <= "Z")
    bits = (upper.reshape(len(numbers), 3, 5) * (1 << np.arange(5))).sum(axis=2)
    return _joined(np.column_stack([characters, SUFFIX32[bits]]))


def hex_ids(numbers: Ints, salt: int) -> Texts:
    """24-character hexadecimal ids, as document stores give them."""
    mixed = (numbers.astype(np.uint64) + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    nibbles = [(mixed >> np.uint64(4 * place)) & np.uint64(15) for place in range(15, -1, -1)]
    tail = _joined(np.array(list("0123456789abcdef"))[np.column_stack(nibbles)])
    return np.char.add("64f0a1b2", tail)


def _characters(texts: Texts, width: int) -> Texts:
    return np.ascontiguousarray(texts.astype(f"U{width}")).view("U1").reshape(len(texts), width)


def _joined(characters: Texts) -> Texts:
    matrix = np.ascontiguousarray(characters.astype("U1"))
    return matrix.view(f"U{matrix.shape[1]}").reshape(len(matrix))
