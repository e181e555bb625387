"""Money whose currency nobody states: it is counted, asked about, and refused where the company wants it stated.

An amount without a currency was taken for the company's own, without a word: 143 million yuan became 143 million euros.
"""

import re
from collections.abc import Iterable

import duckdb

from pipelines.contracts import CanonicalObject, ObjectContract, SourceContract
from pipelines.contracts.money import is_currency_on_head, money_columns
from pipelines.home.warehouse import quoted
from pipelines.ingest.casting.header_mapping import HeaderMapping
from pipelines.ingest.formats.source import FileRefusedError, Source

# The version in which a home refuses such amounts whatever its company.yml says.
REFUSED_FROM = "0.3"
# What people write beside amounts -> the currency it reads like; the first that fits, so 万美元 is no yuan.
_SIGNS = (
    ("USD", r"美元|美金|US\$|\bUSD\b"), ("EUR", r"欧元|€|\bEUR\b"), ("GBP", r"英镑|£|\bGBP\b"),
    ("HKD", r"港元|港币|HK\$|\bHKD\b"), ("TWD", r"新台币|NT\$|\bTWD\b"), ("JPY", r"日元|円|\bJPY\b"),
    ("CNY", r"人民币|\bRMB\b|\bCNY\b|[￥¥]|万|亿|元"),
    ("INR", "₹"), ("KRW", "₩"), ("PLN", "zł"), ("BRL", r"R\$"), ("USD", r"\$"),
)  # fmt: skip
_HAN = re.compile(r"[㐀-鿿]")


def read_currency(texts: Iterable[str], headers: Iterable[str]) -> tuple[str, str] | None:
    """The currency that signs beside the amounts read like, and the words; simplified Chinese headers read like yuan.

    texts: headers and cells of money. headers: all headers of the file.
    """
    signs = [(code, match.group()) for text in texts for code, pattern in _SIGNS if (match := re.search(pattern, text))]
    if signs:
        return signs[0]
    chinese = [header for header in headers if _HAN.search(header)]
    if not chinese:
        return None
    from pipelines.keys.company_name import simplified  # dictionaries that few files need

    # who writes 金額 counts in Taiwan's, Hong Kong's or Macao's dollars, or in yen
    return ("CNY", chinese[0]) if simplified(chinese) == chinese else None


def count_without_currency(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    canonical: CanonicalObject,
    *,
    is_required: bool,
) -> int:
    """The rows of `typed` that have an amount and no currency. is_required: they are refused instead, into `faults`."""
    money = [name for name in money_columns(canonical) if name in contract.columns]
    if not money or is_currency_on_head(system, contract):
        return 0
    columns = {name for name, *_ in connection.execute("describe typed").fetchall()}
    currency = "currency" if "currency" in columns else "cast(null as varchar)"
    # an amount of zero is zero in every currency
    amounts = " or ".join(f"coalesce({quoted(name)}, 0) <> 0" for name in money if name in columns)
    lacking = (
        f"from typed where not _is_control and {currency} is null and ({amounts or 'false'}) "
        "and _record not in (select _record from faults)"
    )
    row = connection.execute(f"select count(*) {lacking}").fetchone()
    if is_required and row and row[0]:
        connection.execute(f"insert into faults select _record, 'currency', 'no_currency', null {lacking}")
    return 0 if is_required or row is None else int(row[0])


def refuse_unstated(
    connection: duckdb.DuckDBPyConnection,
    system: SourceContract,
    contract: ObjectContract,
    canonical: CanonicalObject,
    mapping: HeaderMapping,
    source: Source,
) -> None:
    """Raise FileRefusedError where the contract states no currency for the file's amounts."""
    money = [name for name in money_columns(canonical) if name in contract.columns]
    if money and "currency" not in contract.columns and not is_currency_on_head(system, contract):
        guess = guessed_currency(connection, canonical, mapping, source)
        reads = f"; {guess[1]!r} reads like {guess[0]}" if guess else ""
        raise FileRefusedError(
            "no_currency",
            f"which currency is {', '.join(money)} in? The contract does not state it{reads}: "
            f"add `currency: {{const: {guess[0] if guess else '...'}}}`, or the header that holds it",
        )


def guessed_currency(
    connection: duckdb.DuckDBPyConnection, canonical: CanonicalObject, mapping: HeaderMapping, source: Source
) -> tuple[str, str] | None:
    """The currency that titles, headers and cells of a file's amounts read like, and the words."""
    money = [header for name in money_columns(canonical) for header in mapping.columns.get(name, ())]
    texts = [*source.titles, *(header for header in money if header in source.headers)]
    for header in texts[len(source.titles) :]:
        cell = quoted(header)
        marked = f"select any_value({cell}) from {source.relation} where regexp_matches({cell}, '[^0-9.,\\s()+-]')"
        texts += [text for (text,) in connection.execute(marked).fetchall() if text]
    return read_currency(texts, source.headers)


def assumed(rows: int, base_currency: str, guess: tuple[str, str] | None) -> str:
    """The warning about rows whose amounts were taken for the company's currency."""
    asks = f"{guess[1]!r} reads like {guess[0]}: is it {guess[0]}? " if guess and guess[0] != base_currency else ""
    return (
        f"{rows} rows have an amount and no currency: taken for {base_currency}, the company's. {asks}"
        f"State it in the contract, `currency: {{const: ...}}`: from version {REFUSED_FROM} on such rows are refused"
    )
