"""Which columns are amounts, by arithmetic on whole columns: net + tax = gross, an amount less its discounts.

Belongs here: sums of columns of numbers. Quantity times price is `products.py`, what repeats is `repeats.py`.
"""

from itertools import permutations

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.number_columns import AMOUNTS, BY_VALUES, Guesses, Numbers, agree, is_filled, is_open
from pipelines.ingest.proposals.products import with_product
from pipelines.ingest.proposals.rates import with_rates

MOST_TAXES = 4  # on one document: those of the state, the country and the union


def with_amounts(numbers: Numbers, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """The guesses by header, with the amounts that equations of the file's numbers find or contradict."""
    guesses = _sums(numbers, item, guesses)
    guesses = _discounted(numbers, item, guesses)
    guesses = with_product(numbers, item, guesses)
    return with_rates(numbers, guesses)


def is_paid_out(numbers: Numbers) -> bool:
    """Whether an amount and its fee make a third column: what a provider pays out of each payment."""
    fees = [name for name in numbers if compiled(patterns()["fee_words"]).search(name) and is_filled(numbers[name])]
    rest = [name for name in numbers if name not in fees]
    return any(
        agree(numbers[paid] - numbers[fee].abs(), numbers[left])
        for fee in fees
        for paid, left in permutations(rest, 2)
        if (numbers[paid] != numbers[left]).any()
    )


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
    free = [name for name in numbers if name in named or is_open(name, guesses)]
    taxes = [name for name in free if compiled(patterns()["tax_words"]).search(name) and (numbers[name] != 0).any()]
    for parts in _one_or_all(taxes):
        tax = _total(numbers, parts)
        for net, gross in permutations([name for name in free if name not in parts], 2):
            if is_filled(numbers[net]) and agree(numbers[net] + tax, numbers[gross]):
                roles = {net: "amount_net", gross: "amount_gross"}
                roles |= {parts[0]: "amount_tax"} if len(parts) == 1 else {}
                kept = {h: g for h, g in guesses.items() if h not in roles and g.column not in AMOUNTS}
                return kept | {header: Guess(header, column, BY_VALUES) for header, column in roles.items()}
    return guesses


def _one_or_all(names: list[str]) -> list[list[str]]:
    """Each of the columns, and all of them together where they are few."""
    return [[name] for name in names] + ([names] if 1 < len(names) <= MOST_TAXES else [])


def _total(numbers: Numbers, names: list[str]) -> pl.Series:
    return sum((numbers[name] for name in names[1:]), numbers[names[0]])


def _is_contradicted(numbers: Numbers, guesses: Guesses, stated: dict[str, str]) -> bool:
    """Whether another column than the one called net makes the gross amount with the tax: sales before a discount."""
    net, tax, gross = (numbers.get(stated.get(name, "")) for name in AMOUNTS)
    if net is None or tax is None or gross is None or agree(net + tax, gross):
        return False
    return any(agree(numbers[name] + tax, gross) for name in numbers if is_open(name, guesses))


def _discounted(numbers: Numbers, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """What is subtracted from one amount to give another is an amount and no rate; what is left is the net amount."""
    by_column = {guess.column: header for header, guess in guesses.items()}
    reductions = [name for name in numbers if name == by_column.get("discount") or _is_reduction(name, guesses)]
    reductions = [name for name in reductions if (numbers[name] != 0).any()]
    if not reductions or "amount_net" not in item.columns:
        return guesses
    free = [name for name in numbers if is_open(name, guesses) or guesses[name].column in AMOUNTS]
    for parts in _one_or_all(reductions):
        for before, after in permutations([name for name in free if name not in parts], 2):
            if (numbers[before] != numbers[after]).any() and agree(_less(numbers, before, parts), numbers[after]):
                return _with_rest(guesses, before, after, parts)
    return guesses


def _is_reduction(header: str, guesses: Guesses) -> bool:
    """Whether a column that nothing is known of names what is taken off, and not what is there before or after it."""
    words, sides = compiled(patterns()["discount_words"]), compiled(patterns()["sides_of_discount"])
    return is_open(header, guesses) and bool(words.search(header)) and not sides.search(header)


def _less(numbers: Numbers, before: str, parts: list[str]) -> pl.Series:
    return numbers[before] - _total({name: numbers[name].abs() for name in parts}, parts)


def _with_rest(guesses: Guesses, before: str, after: str, parts: list[str]) -> Guesses:
    """The guesses with what is left as the net amount, unless another column is it, and without rates."""
    kept = {h: g for h, g in guesses.items() if h not in parts}
    net = next((header for header, guess in guesses.items() if guess.column == "amount_net"), before)
    if net != before:
        return kept
    kept = {h: g for h, g in kept.items() if h not in (before, after)}
    return kept | {after: Guess(after, "amount_net", BY_VALUES)}
