"""Quantity, price and amount of a line, by the equation between them."""

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.number_columns import BY_VALUES, Guesses, Numbers, agree, is_open, is_whole, varies

PRODUCT = ("quantity", "unit_price", "amount_net")


def with_product(numbers: Numbers, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """Quantity, price and amount of a line where the first two make the third, whatever the file calls them.

    One of the two whole numbers of `3 x 5 = 15` may be either: a quantity needs a price with cents beside it.
    """
    by_column = {guess.column: header for header, guess in guesses.items() if not is_open(header, guesses)}
    missing = [name for name in PRODUCT if name not in by_column]
    if not set(PRODUCT) <= item.columns.keys():
        return guesses
    if not missing:
        return _corrected(numbers, by_column, guesses)
    triples = _triples(numbers, by_column, guesses)
    if len(triples) != 1:
        return guesses
    roles = zip(triples[0], PRODUCT, strict=True)
    added = {header: Guess(header, column, BY_VALUES) for header, column in roles if column in missing}
    return {h: g for h, g in guesses.items() if g.column not in missing} | added


def _triples(numbers: Numbers, by_column: dict[str, str], guesses: Guesses) -> list[tuple[str, str, str]]:
    """Headers of quantity, price and amount of which two make the third."""
    free = [name for name in numbers if is_open(name, guesses)]
    triples = []
    for quantity in _of(by_column, "quantity", [name for name in free if is_whole(numbers[name])]):
        for price in _of(by_column, "unit_price", [name for name in free if name != quantity]):
            is_told = "quantity" in by_column or "unit_price" in by_column or not is_whole(numbers.get(price))
            for amount in _of(by_column, "amount_net", [name for name in free if name not in (quantity, price)]):
                columns = [numbers.get(name) for name in (quantity, price, amount)]
                if is_told and _makes(*columns):
                    triples.append((quantity, price, amount))
    return triples


def _makes(quantity: pl.Series | None, price: pl.Series | None, amount: pl.Series | None) -> bool:
    if quantity is None or price is None or amount is None:
        return False
    return all(map(varies, (quantity, price, amount))) and agree(quantity * price, amount)


def _corrected(numbers: Numbers, by_column: dict[str, str], guesses: Guesses) -> Guesses:
    """The quantity or the price that makes the amount, where the one that is named so does not: delivered, ordered."""
    named = {column: numbers.get(by_column[column]) for column in PRODUCT}
    if any(values is None for values in named.values()) or _makes(*named.values()):
        return guesses
    for column in ("quantity", "unit_price"):
        free = [
            name for name in numbers if is_open(name, guesses) and (column != "quantity" or is_whole(numbers[name]))
        ]
        fitting = [name for name in free if _makes(*(named | {column: numbers[name]}).values())]
        if len(fitting) == 1:
            kept = {h: g for h, g in guesses.items() if g.column != column and h != fitting[0]}
            return kept | {fitting[0]: Guess(fitting[0], column, BY_VALUES)}
    return guesses


def _of(by_column: dict[str, str], column: str, free: list[str]) -> list[str]:
    return [by_column[column]] if column in by_column else free
