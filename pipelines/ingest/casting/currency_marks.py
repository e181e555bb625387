"""Currencies that stand inside amount cells: which marks are read, and whether one column holds more than one.

Three capitals behind a number are a currency only where ISO 4217 knows them: 350 MIL is 350 thousand, 12 LAC 1.2
million, and neither is a small amount of an unknown currency.
"""

import re
from collections.abc import Iterable

# ISO 4217, active codes (list one, 2024), and RMB and CNH, which people write for CNY.
_CODES = """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF
    CLP CNH CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG
    HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD
    MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RMB RON RSD RUB
    RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU
    UZS VED VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWL
"""
ISO_CODES = frozenset(_CODES.split())
# What each mark can mean; a code means itself.
_MEANINGS = {
    "US$": "USD", "HK$": "HKD", "NT$": "TWD", "R$": "BRL", "A$": "AUD", "C$": "CAD", "S$": "SGD", "€": "EUR",
    "£": "GBP GIP", "₹": "INR", "₩": "KRW", "¥": "CNY JPY", "￥": "CNY JPY", "元": "CNY TWD HKD", "人民币": "CNY",
    "美元": "USD", "欧元": "EUR",
    "kr": "SEK NOK DKK ISK", "kr.": "SEK NOK DKK ISK", "zł": "PLN", "RMB": "CNY", "CNH": "CNY",
    "$": "USD CAD AUD NZD SGD HKD TWD MXN CLP COP ARS BRL",
}  # fmt: skip
_ESCAPED = (mark.replace("$", r"\$").replace(".", r"\.") for mark in sorted(_MEANINGS, key=len, reverse=True))
# RE2 prefers the first alternative that fits: the longer marks stand before `$`.
MARK = f"(?:{'|'.join([*_ESCAPED, *sorted(ISO_CODES - {'RMB', 'CNH'})])})"
# In a header only signs and the codes of much used currencies: `ALL` and `TOP` are words.
_IN_HEADERS = (
    "USD|EUR|GBP|CNY|RMB|JPY|INR|CHF|HKD|TWD|KRW|SGD|AUD|CAD|SEK|NOK|DKK|PLN|CZK|HUF|BRL|MXN|ZAR|RUB|THB|IDR|AED"
)
HEADER_MARK = re.compile(rf"US\$|HK\$|NT\$|R\$|A\$|C\$|S\$|[€£₹₩¥￥$]|(?<![A-Za-z])(?:{_IN_HEADERS})(?![A-Za-z])")


def is_known(mark: str) -> bool:
    """Whether a text is a currency's code or one of its marks."""
    return mark in ISO_CODES or mark in _MEANINGS


def meanings(mark: str) -> frozenset[str]:
    """The ISO codes that a mark can stand for."""
    return frozenset(_MEANINGS.get(mark, mark).split())


def shared_currency(marks: Iterable[str]) -> frozenset[str]:
    """The ISO codes that every mark of a column can stand for; empty where two marks contradict each other."""
    possible = [meanings(mark) for mark in marks]
    return frozenset.intersection(*possible) if possible else frozenset()
