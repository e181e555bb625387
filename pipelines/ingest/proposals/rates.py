"""Whether an amount is net or gross, by the rate that its tax is of it.

Belongs here: one amount and its tax, where no third column makes an equation.
"""

import polars as pl

from pipelines.ingest.proposals.guess import Guess

STEP = 0.0025  # rates of taxes are whole quarters of a percent: 19 %, 5.5 %, 8.25 %
ENOUGH = 20  # an amount whose tax tells neighbouring rates apart, in any currency with cents
HIGHEST = 0.5  # no sales tax is half of the amount
SURE, SELDOM, ROWS = 0.97, 0.5, 5


def with_rates(numbers: dict[str, pl.Series], guesses: dict[str, Guess]) -> dict[str, Guess]:
    """The only amount beside a tax is net where the tax is a common rate of it, gross where it is one of the rest."""
    by_column = {guess.column: header for header, guess in guesses.items()}
    sides = [name for name in ("amount_net", "amount_gross") if name in by_column]
    amount, tax = (numbers.get(by_column.get(name, "")) for name in (sides[0] if len(sides) == 1 else "", "amount_tax"))
    if amount is None or tax is None:
        return guesses
    net, gross = _share_of_rates(tax, amount), _share_of_rates(tax, amount - tax)
    side = "amount_net" if net >= SURE and gross < SELDOM else "amount_gross" if gross >= SURE and net < SELDOM else ""
    header = by_column[sides[0]]
    return guesses | {header: Guess(header, side, guesses[header].confidence)} if side else guesses


def _share_of_rates(tax: pl.Series, base: pl.Series) -> float:
    """Share of the rows, of those that tell, whose tax is a common rate of the base."""
    rows = pl.DataFrame({"tax": tax, "base": base}).drop_nulls().filter(pl.col("base") >= ENOUGH, pl.col("tax") > 0)
    if rows.height < ROWS:
        return 0.0
    rate = (pl.col("tax") / pl.col("base") / STEP).round() * STEP
    fits = ((rate * pl.col("base") - pl.col("tax")).abs() <= 0.011) & rate.is_between(STEP, HIGHEST)
    return float(rows.select(fits.mean()).item())
