"""Numbers and dates as text, the way each system writes them: expressions over integer cents and integer days."""

import polars as pl


def money(cents: str, *, decimals: int = 2, thousands: str = "", point: str = ".", minus: str = "front") -> pl.Expr:
    """Integer cents as text, e.g. 1,234.50 or 1.234,50-; `minus` is front or back."""
    amount = pl.col(cents).abs()
    whole = amount // 100
    text = whole.cast(pl.String)
    if thousands:
        lower, middle, upper = whole % 1000, whole // 1000 % 1000, whole // 1_000_000
        text = (
            pl.when(upper > 0)
            .then(
                pl.concat_str(
                    upper.cast(pl.String), pl.lit(thousands), _three(middle), pl.lit(thousands), _three(lower)
                )
            )
            .when(whole >= 1000)
            .then(pl.concat_str(middle.cast(pl.String), pl.lit(thousands), _three(lower)))
            .otherwise(text)
        )
    if decimals:
        text = pl.concat_str(text, pl.lit(point), (amount % 100).cast(pl.String).str.zfill(2).str.slice(0, decimals))
    sign = pl.when(pl.col(cents) < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, text) if minus == "front" else pl.concat_str(text, sign)


def day(column: str, pattern: str = "%Y-%m-%d") -> pl.Expr:
    """Days since the epoch as text under a strftime pattern."""
    return as_date(column).dt.strftime(pattern)


def as_date(column: str) -> pl.Expr:
    """Days since the epoch as a date."""
    return pl.col(column).cast(pl.Int32).cast(pl.Date)


def translated(column: str, words: dict[str, str]) -> pl.Expr:
    """A column in the words of a system; every value must have one."""
    return pl.col(column).replace_strict(words, return_dtype=pl.String)


def text(column: str) -> pl.Expr:
    """A number or flag as plain text."""
    return pl.col(column).cast(pl.String)


def _three(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.zfill(3)
