"""What speaks for and against an object beside the headers it explains: the file's name, goods, fees, references.

Belongs here: evidence on what a row is. Which column a header feeds is `mapping.py`.
"""

from collections.abc import Mapping
from functools import cache

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.guess import SURE, Guess
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.headers import Aliases, aliases, entity_words, exact_similarities, plain
from pipelines.ingest.proposals.number_columns import plain_numbers
from pipelines.ingest.proposals.sums import is_paid_out

FILE_NAME_WEIGHT = 4.0  # as much as four columns: contacts have addresses as accounts do
REFERENCE_PENALTY = 4.0  # deducted where the object's key is only a reference: as much as a file's name adds
MORE_HEADERS = 4  # by which one object must explain a file better than the one that the file is named after
# A file of goods: at least two of these are named, and an object without any of them explains it badly.
GOODS = ("quantity", "unit_price", "product_id", "product_name")
MIN_GOODS = 2
NO_PAYMENTS = ("orders", "order_lines", "invoices", "invoice_lines", "accounts", "contacts", "leads")
PEOPLE = ("accounts", "contacts", "leads")
GOODS_PENALTY = 8.0  # more than a file's name adds: shops call their sales receipts
WITHOUT_GOODS = ("receipts", "targets", "budgets", "accounts", "contacts", "leads")


def possible(names: list[str], frame: pl.DataFrame, samples: dict[str, ColumnSample]) -> list[str]:
    """The objects that are left: no people where rows have an order's number, no documents where each pays a fee."""
    if _has_number(samples):
        names = [name for name in names if name not in PEOPLE] or names
    if "receipts" not in names or not is_paid_out(plain_numbers(frame, samples)):
        return names
    if _names_goods(samples) or any("order" in plain(header).split() for header in samples):
        return names  # a marketplace's sales less its commission
    return [name for name in names if name not in NO_PAYMENTS]


def _has_number(samples: dict[str, ColumnSample]) -> bool:
    """Whether a header is that of an order's or an invoice's number, as no list of people has."""
    words = {"orders": aliases("invoices")["order_id"], "invoices": aliases("receipts")["invoice_id"]}
    return any(exact_similarities(header, words, frozenset()) for header in samples)


def of_headers(scored: Mapping[str, tuple[float, list[Guess]]], best: str) -> str:
    """The best object, or the one that explains twice as many headers: a file may be named after something else."""
    sure = {name: sum(guess.confidence >= SURE for guess in guesses) for name, (_, guesses) in scored.items()}
    rival = max(sure, key=lambda name: (sure[name], scored[name][0]))
    return rival if sure[rival] >= max(2 * sure[best], sure[best] + MORE_HEADERS) else best


def _is_referred_to(samples: dict[str, ColumnSample], item: CanonicalObject, guesses: list[Guess]) -> bool:
    """Whether the rows have another id than the object's key: with `id`, an `account_id` is a reference."""
    key = plain(item.key_column)
    own = {guess.header for guess in guesses if guess.column == item.key_column}
    return (
        bool(own)
        and not any(plain(header) == key for header in own)
        and any(plain(header) == key for header in samples)
    )


def _names_goods(samples: dict[str, ColumnSample]) -> bool:
    """Whether headers name quantities, prices or products of goods, as no list of payments does."""
    words, entities = aliases("order_lines"), entity_words()["order_lines"]
    named = {column for header in samples for column in exact_similarities(header, words, entities)}
    has_quantity = any(compiled(patterns()["quantity_words"]).search(header) for header in samples)
    return has_quantity and len(named.intersection(GOODS) | {"quantity"}) >= MIN_GOODS


def _names_customers(samples: dict[str, ColumnSample]) -> bool:
    """Whether headers name customers and no suppliers: a list called Bestellungen may be of sales."""
    sold, bought = (
        {column for header in samples for column in exact_similarities(header, aliases(name), entity_words()[name])}
        for name in ("order_lines", "purchase_orders")
    )
    return bool(sold & {"account_id", "account_name"}) and "supplier_name" not in bought


def is_named_after(stem: str, name: str) -> bool:
    """Whether a file's name says what its rows are."""
    return file_name_weight(stem, entity_words()[name]) > 0


def file_name_weight(stem: str, words: frozenset[str]) -> float:
    """Weight of a file name that names the object; the longer the word, the higher."""
    name = f" {plain(stem)} "
    name += "".join(name.replace(*pair) for pair in (("ae", "ä"), ("oe", "ö"), ("ue", "ü")) if pair[0] in name)
    matches = [word for word in words if f" {word} " in name or (not word.isascii() and word in name)]
    return max((FILE_NAME_WEIGHT + len(word.encode()) / 20 for word in matches), default=0.0)


def _documents_named(samples: dict[str, ColumnSample]) -> frozenset[str]:
    """The documents whose number or day is called theirs: an order number or a day of issue is, a number is not."""
    return frozenset(
        name for header in samples for name in exact_similarities(header, _names_of_documents(), frozenset())
    )


@cache
def _names_of_documents() -> Aliases:
    """Names of the numbers and days of orders and of invoices that are not names of the other's."""
    ordered, issued = aliases("orders")["ordered_on"], aliases("invoices")["invoiced_on"]
    order_days = {name: rank for name, rank in ordered.items() if name not in issued}
    issue_days = {name: rank for name, rank in issued.items() if name not in ordered}
    orders, invoices = aliases("invoices")["order_id"], aliases("receipts")["invoice_id"]
    return {"orders": orders | order_days, "invoices": invoices | issue_days}


def _is_other_document(samples: dict[str, ColumnSample], item: CanonicalObject, stem: str) -> bool:
    """Whether the rows are named as documents of another kind than the object's, and neither it nor the file as its."""
    named = _documents_named(samples)
    kind = item.name.replace("_lines", "s")
    is_file = kind == "invoices" and compiled(patterns()["invoice_words"]).search(stem) is not None
    return kind in ("orders", "invoices") and bool(named) and kind not in named and not is_file


def penalty(samples: dict[str, ColumnSample], item: CanonicalObject, guesses: list[Guess], stem: str) -> float:
    """What is deducted from an object that a table can hardly be: by its ids, its goods and whom it names."""
    total = REFERENCE_PENALTY * _is_other_document(samples, item, stem)
    total += REFERENCE_PENALTY * _is_referred_to(samples, item, guesses)
    total += GOODS_PENALTY * (item.name in WITHOUT_GOODS and _names_goods(samples))
    return total + REFERENCE_PENALTY * (item.name == "purchase_orders" and _names_customers(samples))
