"""Source words to codes: stages, statuses and currencies, from policy CSVs. An unknown word rejects its file."""

import csv
import difflib
import hashlib
import json
import re
from dataclasses import dataclass

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings
from pipelines.ingest.formats.source import folded

SEEDS = {"stages": "stage_words", "statuses": "status_words", "currencies": "currency_words"}
TARGETS = {"stages": "canonical", "statuses": "status", "currencies": "currency"}
# ISO 4217, active codes: a currency that is written as its code needs no row in the policy.
_ISO_4217 = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD
HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD
LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK
PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG
"""
_NUMBERED = re.compile(r"^\d+\s*[-.、:)]\s*")  # `1-Qualify`, `02. Proposal`: numbered for sorting
ISO_CURRENCIES = frozenset(_ISO_4217.split())
MIN_SIMILARITY = 0.75  # share of equal letters below which two words are taken for different ones
MIN_WORD_LENGTH = 4  # letters that a known word needs to count inside a longer one; two in a script without blanks


@dataclass(frozen=True)
class Vocabulary:
    """The words of one kind for one system, folded, and the code of each."""

    kind: str
    codes: dict[str, str]

    def code(self, word: str) -> str | None:
        """The code of a word, or None for an unmapped word."""
        known = self.codes.get(folded(word)) or self.codes.get(_NUMBERED.sub("", folded(word)))
        if known is None and self.kind == "currencies" and word.strip().upper() in ISO_CURRENCIES:
            return word.strip().upper()
        return known

    @property
    def seed(self) -> str:
        """The policy file to which a missing word is added."""
        return f"seeds/{SEEDS[self.kind]}.csv"

    def proposal(self, word: str) -> str | None:
        """The code of the most similar known word."""
        near = self.nearest(word)
        return near[0] if near else None

    def nearest(self, word: str) -> tuple[str, float] | None:
        """The code of the most similar known word and its similarity, 0 to 1; None where none is similar.

        Similar is a known word of nearly the same letters, or the longest known one contained in the word.
        """
        text = folded(word)
        similar = difflib.get_close_matches(text, list(self.codes), n=1, cutoff=MIN_SIMILARITY)
        contained = [listed for listed in self.codes if _contains_word(text, listed)]
        best = similar[0] if similar else max(contained, key=len, default=None)
        return (self.codes[best], difflib.SequenceMatcher(None, best, text).ratio()) if best else None

    @property
    def fingerprint(self) -> str:
        """Changes when a word is added or mapped differently, so that files are read again."""
        return hashlib.sha256(json.dumps(sorted(self.codes.items())).encode()).hexdigest()[:12]


def load_vocabulary(settings: Settings, kind: str, system: str) -> Vocabulary:
    """The words of a kind that hold for a system: those for all systems (`*`), then its own, which win."""
    try:
        path = settings.seed(SEEDS[kind])
    except AlmanacError:
        return Vocabulary(kind, {})
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    general = [row for row in rows if row.get("source_system", "*") in ("*", "", None)]
    own = [row for row in rows if row.get("source_system") == system]
    target = TARGETS[kind]
    codes = {folded(row[target]): row[target] for row in rows}
    codes |= {folded(row["word"]): row[target] for row in [*general, *own]}
    return Vocabulary(kind, codes)


def _contains_word(text: str, word: str) -> bool:
    """Whether a text contains a known word; in scripts with blanks only at word boundaries."""
    if word.isascii():
        return len(word) >= MIN_WORD_LENGTH and bool(re.search(rf"\b{re.escape(word)}\b", text))
    return len(word) >= 2 and word in text
