"""What repeats under a key: a document's totals on each of its lines, a price that is one of many pieces.

Belongs here: amounts that words name and repetition contradicts. Equations between columns are `sums.py`.
"""

from dataclasses import replace

import polars as pl

from pipelines.contracts import CanonicalObject
from pipelines.ingest.proposals.guess import ASKED, Guess
from pipelines.ingest.proposals.number_columns import (
    AGREE,
    AMOUNTS,
    BY_VALUES,
    MANY,
    Guesses,
    Numbers,
    varies,
)

PRODUCTS = ("product_id", "product_name")
FEW = 0.5  # of the products: a price that is the same for any quantity of most of them is one piece's


def document_totals(frame: pl.DataFrame, document: str, numbers: Numbers) -> set[str]:
    """Columns of numbers that all lines of a document share and other documents do not: its totals, no line's.

    frame: with the document's number on each row. A rate that all documents share is none.
    """
    table = pl.DataFrame({"~document": frame[document], **numbers})
    several = table.filter(pl.len().over("~document") > 1)
    if several["~document"].n_unique() < MANY:
        return set()
    shared = several.group_by("~document").agg(pl.col(name).n_unique() == 1 for name in numbers)
    return {
        name
        for name in numbers
        if float(shared[name].mean() or 0) >= AGREE and several[name].n_unique() > MANY  # type: ignore[arg-type]
    }


def without_totals_of(guesses: Guesses, totals: set[str]) -> Guesses:
    """The guesses without amounts of lines that are totals of their documents."""
    return {h: g for h, g in guesses.items() if not (h in totals and g.column in (*AMOUNTS, "cost", "unit_price"))}


def doubted(frame: pl.DataFrame, document: str, numbers: Numbers, guesses: Guesses) -> Guesses:
    """The guesses with amounts that are one number throughout as questions: of a line or of its document?"""
    if frame[document].n_unique() == frame.height:
        return guesses
    same = {h for h, g in guesses.items() if g.column in AMOUNTS and h in numbers and not varies(numbers[h])}
    return {h: replace(g, confidence=min(g.confidence, ASKED)) if h in same else g for h, g in guesses.items()}


def is_shared(frame: pl.DataFrame, document: str, header: str) -> bool:
    """Whether all rows of a document have the same cell, and different documents different ones."""
    several = frame.select(document, header).filter(pl.len().over(document) > 1)
    if several[document].n_unique() < MANY or several[header].n_unique() < MANY:
        return False
    same = several.group_by(document).agg((pl.col(header).n_unique() == 1).alias("same"))["same"]
    return float(same.mean() or 0) >= AGREE  # type: ignore[arg-type]


def with_price_of_many(frame: pl.DataFrame, numbers: Numbers, item: CanonicalObject, guesses: Guesses) -> Guesses:
    """A price that grows with the quantity of the same product is the amount of its line."""
    by_column = {guess.column: header for header, guess in guesses.items()}
    product = next((by_column[name] for name in PRODUCTS if name in by_column), "")
    quantity, price = (by_column.get(name, "") for name in ("quantity", "unit_price"))
    if not product or quantity not in numbers or price not in numbers or "amount_net" not in item.columns:
        return guesses
    if "amount_net" in by_column or not _grows(frame[product], numbers[quantity], numbers[price]):
        return guesses
    return guesses | {price: Guess(price, "amount_net", BY_VALUES)}


def _grows(product: pl.Series, quantity: pl.Series, price: pl.Series) -> bool:
    """Whether the price over the quantity is the same for a product, and the price itself is not."""
    table = pl.DataFrame({"product": product, "quantity": quantity, "price": price}).filter(pl.col("quantity") > 0)
    each = (pl.col("price") / pl.col("quantity")).round(2)
    of_product = table.group_by("product").agg(
        pl.col("quantity").n_unique().alias("quantities"), (pl.col("price").n_unique() == 1).alias("is_price"),
        (each.max() - each.min() <= 0.011).alias("is_amount"),
    ).filter(pl.col("quantities") > 1)  # fmt: skip
    if of_product.height < MANY:
        return False
    shares = of_product.select(pl.col("is_amount").mean(), pl.col("is_price").mean()).row(0)
    return float(shares[0]) >= AGREE and float(shares[1]) < FEW
