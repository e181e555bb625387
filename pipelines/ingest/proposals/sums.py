"""Which columns are amounts, by arithmetic on whole columns: net + tax = gross, quantity times price, less discount.

Belongs here: equations between columns of numbers. What repeats, joins or comes first is `evidence.py`.
"""

from itertools import permutations

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.header_patterns import compiled, patterns

BY_VALUES = 0.9  # sure: the values leave no other reading
CONFIDENT = 0.8  # below it, a column is asked about
AGREE = 0.97  # of the rows; the rest may be discounts, roundings and errors
MANY = 5
AMOUNTS = ("amount_net", "amount_tax", "amount_gross")
PRODUCT = ("quantity", "unit_price", "amount_net")
MOST_TAXES = 4  # on one document: those of the state, the country and the union

Samples = dict[str, ColumnSample]
Guesses = dict[str, Guess]  # by header
Numbers = dict[str, pl.Series]


def with_amounts(frame: pl.DataFrame, samples: Samples, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The guesses by header, with the amounts that equations of the file's numbers find or contradict."""
    numbers = _numbers(frame, samples)
    guesses = _sums(numbers, item, guesses)
    guesses = _discounted(numbers, item, guesses)
    return _product(numbers, item, guesses)


def _numbers(frame: pl.DataFrame, samples: Samples) -> Numbers:
    """The columns of plain numbers that are filled in most rows."""
    numeric = [name for name, sample in samples.items() if sample.texts and sample.number_share == 1]
    cast = {name: frame[name].str.replace_all(r"[,$€£¥\s]", "").cast(pl.Float64, strict=False) for name in numeric}
    return {name: values for name, values in cast.items() if values.null_count() < 0.5 * max(len(values), 1)}


def _sums(numbers: Numbers, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """Net, tax and gross where two columns add up to a third and one of the three is named as an amount or a tax.

    Several taxes of one document (CGST and SGST) are none of them its tax; their sum leads to net and gross.
    """
    if not set(AMOUNTS) <= item.columns.keys():
        return guesses
    stated = {guess.column: header for header, guess in guesses.items() if guess.confidence >= BY_VALUES}
    if {"amount_net", "amount_gross"} <= stated.keys() and not _is_contradicted(numbers, guesses, stated):
        return guesses  # the headers say it; of four amounts per line the file's own words choose
    named = {header for header, guess in guesses.items() if guess.column in AMOUNTS}
    free = [name for name in numbers if name in named or _is_open(name, guesses)]
    taxes = [name for name in free if compiled(patterns()["tax_words"]).search(name) and (numbers[name] != 0).any()]
    for parts in [[name] for name in taxes] + ([taxes] if 1 < len(taxes) <= MOST_TAXES else []):
        tax = sum((numbers[name] for name in parts[1:]), numbers[parts[0]])
        for net, gross in permutations([name for name in free if name not in parts], 2):
            if _is_filled(numbers[net]) and _agree(numbers[net] + tax, numbers[gross]):
                roles = {net: "amount_net", gross: "amount_gross"}
                roles |= {parts[0]: "amount_tax"} if len(parts) == 1 else {}
                kept = {h: g for h, g in guesses.items() if h not in roles and g.column not in AMOUNTS}
                return kept | {header: Guess(header, column, BY_VALUES) for header, column in roles.items()}
    return guesses


def _is_contradicted(numbers: Numbers, guesses: Guesses, stated: dict[str, str]) -> bool:
    """Whether another column than the one called net makes the gross amount with the tax: sales before a discount."""
    net, tax, gross = (numbers.get(stated.get(name, "")) for name in AMOUNTS)
    if net is None or tax is None or gross is None or _agree(net + tax, gross):
        return False
    return any(_agree(numbers[name] + tax, gross) for name in numbers if _is_open(name, guesses))


def _is_open(header: str, guesses: Guesses) -> bool:
    """Whether nothing is known of a column but what one would ask about."""
    return header not in guesses or guesses[header].confidence < CONFIDENT


def _is_filled(values: pl.Series) -> bool:
    """Whether most numbers are not 0: nothing follows from a column of zeros, as 0 + x = x."""
    return float((values.fill_null(0) != 0).mean() or 0) > 0.5  # type: ignore[arg-type]


def _discounted(numbers: Numbers, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """What is subtracted from one amount to give another is an amount and no rate; what is left is the net amount."""
    reduction = next((h for h, guess in guesses.items() if guess.column == "discount"), "")
    if reduction not in numbers or "amount_net" not in item.columns or not (numbers[reduction] != 0).any():
        return guesses
    by_column = {guess.column: header for header, guess in guesses.items()}
    free = [name for name in numbers if _is_open(name, guesses) or guesses[name].column in AMOUNTS]
    for before, after in permutations(free, 2):
        if _agree(numbers[before] - numbers[reduction].abs(), numbers[after]):
            kept = {h: g for h, g in guesses.items() if h != reduction}
            if by_column.get("amount_net") in (before, None):
                kept = {h: g for h, g in kept.items() if h not in (before, after)}
                kept[after] = Guess(after, "amount_net", BY_VALUES)
            return kept
    return guesses


def _product(numbers: Numbers, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """Quantity, price and amount of a line where the first two make the third, whatever the file calls them.

    One of the two whole numbers of `3 x 5 = 15` may be either: a quantity needs a price with cents beside it.
    """
    by_column = {guess.column: header for header, guess in guesses.items() if not _is_open(header, guesses)}
    missing = [name for name in PRODUCT if name not in by_column]
    if not missing or not set(PRODUCT) <= item.columns.keys():
        return guesses
    free = [name for name in numbers if _is_open(name, guesses)]
    triples = []
    for quantity in _of(by_column, "quantity", [name for name in free if _is_whole(numbers[name])]):
        for price in _of(by_column, "unit_price", [name for name in free if name != quantity]):
            is_told = "quantity" in by_column or "unit_price" in by_column or not _is_whole(numbers.get(price))
            for amount in _of(by_column, "amount_net", [name for name in free if name not in (quantity, price)]):
                columns = [numbers.get(name) for name in (quantity, price, amount)]
                if is_told and all(values is not None and _varies(values) for values in columns):
                    left, right, whole = (values for values in columns if values is not None)
                    triples += [(quantity, price, amount)] if _agree(left * right, whole) else []
    if len(triples) != 1:
        return guesses
    roles = zip(triples[0], PRODUCT, strict=True)
    added = {header: Guess(header, column, BY_VALUES) for header, column in roles if column in missing}
    return {h: g for h, g in guesses.items() if g.column not in missing} | added


def _of(by_column: dict[str, str], column: str, free: list[str]) -> list[str]:
    return [by_column[column]] if column in by_column else free


def _is_whole(values: pl.Series | None) -> bool:
    return values is not None and bool((values.drop_nulls() % 1 == 0).all())


def _varies(values: pl.Series) -> bool:
    return values.drop_nulls().n_unique() > 1


def _agree(left: pl.Series, right: pl.Series) -> bool:
    """Whether two columns are equal to the cent in nearly all rows, and not all of them zero."""
    both = pl.DataFrame({"left": left, "right": right}).drop_nulls()
    if both.height < MANY or not (both["right"] != 0).sum():
        return False
    close = (both["left"] - both["right"]).abs() <= 0.011 + both["right"].abs() * 1e-6
    return float(close.mean() or 0) >= AGREE  # type: ignore[arg-type]
