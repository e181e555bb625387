"""Columns of plain numbers, and whether two of them are equal: what equations and repetition are decided on.

Belongs here: reading numbers from samples. What the numbers mean is `sums.py`, `products.py`, `rates.py`, `repeats.py`.
"""

import re

import polars as pl

from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.guess import CONFIDENT, Guess
from pipelines.ingest.proposals.options import is_continental

BY_VALUES = 0.9  # sure: the values leave no other reading
AGREE = 0.97  # of the rows; the rest may be discounts, roundings and errors
MANY = 5
AMOUNTS = ("amount_net", "amount_tax", "amount_gross")

Samples = dict[str, ColumnSample]
Guesses = dict[str, Guess]  # by header
Numbers = dict[str, pl.Series]


def plain_numbers(frame: pl.DataFrame, samples: Samples) -> Numbers:
    """The columns of plain numbers that are filled in most rows, decimal commas read as such."""
    numeric = [name for name, sample in samples.items() if sample.texts and sample.number_share == 1]
    decimal, thousands = (",", ".") if is_continental(samples[name] for name in numeric) else (".", ",")
    texts = {name: frame[name].str.replace_all(rf"[{re.escape(thousands)}$€£¥\s]", "") for name in numeric}
    read = {
        name: text.str.replace(decimal, ".", literal=True).cast(pl.Float64, strict=False)
        for name, text in texts.items()
    }
    return {name: values for name, values in read.items() if values.null_count() < 0.5 * max(len(values), 1)}


def agree(left: pl.Series, right: pl.Series) -> bool:
    """Whether two columns are equal to the cent in nearly all rows, and not all of them zero."""
    both = pl.DataFrame({"left": left, "right": right}).drop_nulls()
    if both.height < MANY or not (both["right"] != 0).sum():
        return False
    close = (both["left"] - both["right"]).abs() <= 0.011 + both["right"].abs() * 1e-6
    return float(close.mean() or 0) >= AGREE  # type: ignore[arg-type]


def is_open(header: str, guesses: Guesses) -> bool:
    """Whether nothing is known of a column but what one would ask about."""
    return header not in guesses or guesses[header].confidence < CONFIDENT


def is_filled(values: pl.Series) -> bool:
    """Whether most numbers are not 0: nothing follows from a column of zeros, as 0 + x = x."""
    return float((values.fill_null(0) != 0).mean() or 0) > 0.5  # type: ignore[arg-type]


def is_whole(values: pl.Series | None) -> bool:
    """Whether all numbers are whole, as most quantities are."""
    return values is not None and bool((values.drop_nulls() % 1 == 0).all())


def varies(values: pl.Series) -> bool:
    """Whether a column holds more than one number."""
    return values.drop_nulls().n_unique() > 1
