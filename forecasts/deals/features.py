"""Columns of the win model from what was known of a deal at an origin, by a recipe that is learnt once and then fixed.

Text becomes one column per word that is frequent enough; dates become days from the origin; counts and amounts their
logarithm; everything is centred and scaled with the training rows' figures, and a missing value is the mean plus a
column that says so. The recipe is saved with the model: one row alone gives the same columns as in a batch.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from forecasts.deals.buyers import never_bought, usual_deals
from forecasts.deals.history import History
from forecasts.deals.schema import LOST, WON

NOT_FEATURES = {
    "deal_id", "spell", "opened_on", "origin", "known_on", "customer_id", "amount_won", "stage_order", "basis",
}  # fmt: skip
PAST_DAYS = 1461  # four years: who has bought before is known for long; counts go by year, for they grow with the list
RECENT_DAYS = 30  # before the origin: what is called recent activity
LEAST_ROWS = 25  # of training rows with a word before it gets a column of its own
MOST_WORDS = 60  # per feature, the most frequent: the table stays narrow where every deal has a word of its own
LEANS, CUSTOMER_LEANS = 10.0, 3.0  # deals at the base share that a rep's and a customer's own are mixed with
BASE_SHARE = 0.35  # of closed deals that are won where nothing is known; the model sets the level itself
TYPICAL_SIZE = 4.6  # log of the size that a customer's own is told from: a hundred employees
COUNTS = ("_count", "amount", "_size")


def raw_features(history: History, rows: pl.DataFrame) -> pl.DataFrame:
    """One row per panel row, in its order: text, numbers and flags before any scaling; null where nobody knew.

    Beside the observation's own columns: age, what happened in the last 30 days, and how the customer's and the rep's
    deals of two years ended, by what had closed at the origin.
    """
    origin = pl.col("origin")
    columns = [name for name in rows.columns if name not in NOT_FEATURES]
    parts = {name: _transformed(name, rows.schema[name], origin) for name in columns}
    frame = rows.select(
        age_days=_log_days(origin - pl.col("opened_on")), **{k: v for k, v in parts.items() if v is not None}
    )
    return pl.concat([frame, _grown(history, rows), _recent(history, rows), *_past(history, rows)], how="horizontal")


def _grown(history: History, rows: pl.DataFrame) -> pl.DataFrame:
    """Log of the amount over the one entered first: what is cut down was dear to somebody."""
    entered = history.observations.filter(pl.col("amount") > 0)
    entered = entered.group_by("deal_id", maintain_order=True).agg(_first=pl.col("amount").first())
    both = rows.select("deal_id", "amount").join(entered, on="deal_id", how="left", maintain_order="left")
    return both.select(amount_growth=pl.when(pl.col("amount") > 0).then((pl.col("amount") / pl.col("_first")).log()))


def _transformed(name: str, kind: pl.DataType, origin: pl.Expr) -> pl.Expr | None:
    column = pl.col(name)
    if kind == pl.String:
        return column
    if kind == pl.Boolean:
        return column.cast(pl.Float64)
    if kind == pl.Date:
        return _log_days(column - origin)
    if not kind.is_numeric():
        return None
    number = column.cast(pl.Float64).fill_nan(None)
    if name.endswith("probability"):
        clipped = number.clip(0.02, 0.98)
        return (clipped / (1 - clipped)).log()
    return number.clip(0).log1p() if name.endswith(COUNTS) else number


def _log_days(duration: pl.Expr) -> pl.Expr:
    days = duration.dt.total_days().cast(pl.Float64)
    return days.sign() * days.abs().log1p()


def _recent(history: History, rows: pl.DataFrame) -> pl.DataFrame:
    """How much each count rose in the last 30 days."""
    counts = [name for name in rows.columns if name.endswith("_count")]
    if not counts:
        return pl.DataFrame()
    before = history.observations.select("deal_id", before="known_on", **{f"{n}_before": pl.col(n) for n in counts})
    asked = rows.select("deal_id", *counts, before=pl.col("origin") - pl.duration(days=RECENT_DAYS)).with_row_index(
        "row"
    )
    joined = asked.sort("before", maintain_order=True).join_asof(
        before,  # in order within each deal
        on="before",
        by="deal_id",
        strategy="backward",
        check_sortedness=False,
    )
    rises = {
        f"{n}_30d": (pl.col(n) - pl.col(f"{n}_before").fill_null(0)).clip(0).cast(pl.Float64).log1p() for n in counts
    }
    return joined.sort("row").select(**rises)


def _past(history: History, rows: pl.DataFrame) -> list[pl.DataFrame]:
    """How the customer's and the rep's deals of the window ended, by what had closed at the origin.

    Rates and shares, not counts: a count grows with the length of the list. What lost deals say of a customer who has
    never bought is another thing than of one who has, so those columns stand apart.
    """
    out = []
    if rows["customer_id"].null_count() < len(rows):
        created = _windowed(history.deals, rows, "customer_id", "created_on", None)
        won, lost = (_windowed(history.deals, rows, "customer_id", "closed_on", outcome) for outcome in (WON, LOST))
        years, size = _years(history, rows), _size(rows)
        out.append(_customer(created, won, lost, years, size))
        usual = usual_deals(history.deals, _sizes(history), pl.DataFrame({"size": size}), years)
        out.append(never_bought(created, won, lost, usual))
    if "rep" in rows.columns and "rep" in history.deals.columns:
        won, lost = (_windowed(history.deals, rows, "rep", "closed_on", outcome) for outcome in (WON, LOST))
        share = (won + LEANS * BASE_SHARE) / (won + lost + LEANS)
        out.append(pl.DataFrame({"rep_won_share": np.log(share / (1 - share))}))
    return out


def _customer(
    created: np.ndarray, won: np.ndarray, lost: np.ndarray, years: np.ndarray, size: np.ndarray
) -> pl.DataFrame:
    share = (won + CUSTOMER_LEANS * BASE_SHARE) / (won + lost + CUSTOMER_LEANS)
    rate, never = np.log((created + 0.5) / years), (won == 0).astype(float)
    columns = {
        "customer_deals_a_year": rate,
        "customer_won_share": np.log(share / (1 - share)),
        "customer_never_bought": never,
        "customer_lost_and_never_bought": never * np.log1p(lost),
        "customer_deals_a_year_and_never_bought": never * rate,
    }
    if np.isfinite(size).any():
        columns["customer_size_and_never_bought"] = never * np.nan_to_num(size - TYPICAL_SIZE)
    return pl.DataFrame(columns)


def _years(history: History, rows: pl.DataFrame) -> np.ndarray:
    """Years of the window of which the list tells, at least a quarter of one."""
    first = int(_days(history.deals["created_on"]).min())
    return np.clip(_days(rows["origin"]) - first, 90, PAST_DAYS) / 365.25


def _size(rows: pl.DataFrame) -> np.ndarray:
    if "customer_size" not in rows.columns:
        return np.full(len(rows), np.nan)
    return np.log(rows["customer_size"].cast(pl.Float64).clip(1).fill_null(float("nan")).to_numpy())


def _sizes(history: History) -> pl.DataFrame:
    """customer_id and size: the log of the newest size that is told of each customer."""
    if "customer_size" not in history.observations.columns:
        return pl.DataFrame(schema={"customer_id": pl.String, "size": pl.Float64})
    told = history.observations.drop_nulls("customer_size").sort("known_on", maintain_order=True)
    told = told.join(history.deals.select("deal_id", "customer_id"), on="deal_id").drop_nulls("customer_id")
    size = pl.col("customer_size").cast(pl.Float64).clip(1).log()
    return told.group_by("customer_id", maintain_order=True).agg(size=size.last())


def _windowed(deals: pl.DataFrame, rows: pl.DataFrame, by: str, day: str, outcome: str | None) -> np.ndarray:
    """How many deals with the row's value of `by` had that day in the window to its origin."""
    events = deals.filter(pl.col(day).is_not_null() & pl.col(by).is_not_null())
    if outcome:
        events = events.filter(pl.col("outcome") == outcome)
    names = pl.concat([deals[by], rows[by]]).drop_nulls().unique().sort()
    codes = {name: number for number, name in enumerate(names)}
    span = 200_000  # days: more than any date's number, so that a value and a day fit one number
    keys = np.sort(_codes(events[by], codes) * span + _days(events[day]))
    asked, at = _codes(rows[by], codes) * span, _days(rows["origin"])
    count = np.searchsorted(keys, asked + at, side="right") - np.searchsorted(
        keys, asked + at - PAST_DAYS, side="right"
    )
    return np.where(asked < 0, 0, count).astype(float)


def _codes(names: pl.Series, codes: dict[str, int]) -> np.ndarray:
    return names.replace_strict(codes, default=-1, return_dtype=pl.Int64).fill_null(-1).to_numpy()


def _days(days: pl.Series) -> np.ndarray:
    return days.cast(pl.Int32).cast(pl.Int64).to_numpy()


def in_plain(name: str, values: pl.Series) -> pl.Series:
    """A raw feature's values as people say them: counts, days, per cent, yes and no; null is `unknown`."""
    if values.dtype == pl.String:
        return values.fill_null("unknown")
    number = values.cast(pl.Float64)
    if name.startswith(("has_", "is_")) or name.endswith("never_bought"):
        text = pl.select(pl.when(number != 0).then(pl.lit("yes")).otherwise(pl.lit("no"))).to_series()
    elif name.endswith(("probability", "share")):
        text = (100 / (1 + (-number).exp())).round(0).cast(pl.Int64).cast(pl.String) + " %"
    elif name == "amount_growth":
        text = (100 * (number.exp() - 1)).round(0).cast(pl.Int64).cast(pl.String) + " %"
    elif name.endswith("_a_year"):
        text = number.exp().round(1).cast(pl.String)
    elif name.endswith(COUNTS) or name.endswith("_30d"):
        text = (number.exp() - 1).round(0).cast(pl.Int64).cast(pl.String)
    elif name.startswith("never_bought_"):
        text = _of_who_never_bought(name, number)
    elif name.endswith("_days"):
        text = _day_count(number).cast(pl.String) + " days"
    elif name.endswith(("_on", "_since")):
        text = _beside_today(_day_count(number))
    else:
        text = number.round(2).cast(pl.String)
    return pl.select(pl.when(number.is_null()).then(pl.lit("unknown")).otherwise(text)).to_series().alias(name)


def _day_count(number: pl.Series) -> pl.Series:
    return (number.sign() * (number.abs().exp() - 1)).round(0).cast(pl.Int64)


def _beside_today(days: pl.Series) -> pl.Series:
    ago, ahead = pl.format("{} days ago", -days), pl.format("in {} days", days)
    return pl.select(pl.when(days == 0).then(pl.lit("today")).when(days < 0).then(ago).otherwise(ahead)).to_series()


def _of_who_never_bought(name: str, number: pl.Series) -> pl.Series:
    """A number of deals, or how often the usual number; `0`, without a decimal, also of who has bought."""
    plain = number.exp() if name.endswith("_over_usual") else number
    digits = 0 if name in {"never_bought_deals", "never_bought_lost_deals"} else 1
    text = plain.round(digits).cast(pl.Int64 if digits == 0 else pl.Float64).cast(pl.String)
    return pl.select(pl.when(number == 0).then(pl.lit("0")).otherwise(text)).to_series()


@dataclass(frozen=True)
class Recipe:
    """numbers: name to mean and standard deviation; words: name to the words with a column; gaps: names that may be
    missing. centres: the training share of each word and gap, so that the columns' zero is the mean deal."""

    numbers: dict[str, tuple[float, float]]
    words: dict[str, tuple[str, ...]]
    gaps: tuple[str, ...]
    centres: dict[str, float]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """(feature, column) of each column of the matrix: several columns may belong to one feature."""
        names = [(name, name) for name in self.numbers]
        names += [(name, f"{name} = {word}") for name, words in self.words.items() for word in words]
        return names + [(name, f"{name} is missing") for name in self.gaps]

    def matrix(self, raw: pl.DataFrame) -> np.ndarray:
        """The columns of these rows; a feature that the rows lack counts as missing."""
        parts = [self._scaled(name, _values(raw, name)) for name in self.numbers]
        parts += [self._worded(name, words, _values(raw, name)) for name, words in self.words.items()]
        parts += [self._missing(name, _values(raw, name)) for name in self.gaps]
        return np.concatenate(parts, axis=1) if parts else np.zeros((len(raw), 0))

    def _scaled(self, name: str, values: pl.Series) -> np.ndarray:
        mean, spread = self.numbers[name]
        numbers = values.cast(pl.Float64).fill_null(mean).to_numpy()
        return ((numbers - mean) / spread)[:, None]

    def _worded(self, name: str, words: tuple[str, ...], values: pl.Series) -> np.ndarray:
        numbers = {word: number for number, word in enumerate(words)}
        number = values.cast(pl.String).replace_strict(numbers, default=-1, return_dtype=pl.Int64).fill_null(-1)
        centres = np.array([self.centres[f"{name} = {word}"] for word in words])
        return (number.to_numpy()[:, None] == np.arange(len(words))) - centres

    def _missing(self, name: str, values: pl.Series) -> np.ndarray:
        return (values.is_null().to_numpy().astype(float) - self.centres[f"{name} is missing"])[:, None]


def _values(raw: pl.DataFrame, name: str) -> pl.Series:
    return raw[name] if name in raw.columns else pl.Series([None] * len(raw), dtype=pl.String)


def learn_recipe(raw: pl.DataFrame) -> Recipe:
    """The recipe of these training rows; what never varies gets no column."""
    numbers, words, gaps, centres = {}, {}, [], {}
    for name in raw.columns:
        values = raw[name]
        missing = values.null_count() / max(len(values), 1)
        if LEAST_ROWS <= values.null_count() <= len(values) - LEAST_ROWS:
            gaps.append(name)
            centres[f"{name} is missing"] = missing
        if values.dtype == pl.String:
            frequent = (
                values.drop_nulls()
                .value_counts()
                .filter(pl.col("count") >= LEAST_ROWS)
                .sort("count", name, descending=[True, False])
            )
            if len(frequent) > 1:
                words[name] = tuple(frequent[name][:MOST_WORDS])
                centres |= {f"{name} = {word}": float((values == word).mean() or 0) for word in words[name]}
        elif values.drop_nulls().n_unique() > 1:
            spread = float(values.std() or 0)  # type: ignore[arg-type]
            numbers[name] = (float(values.mean() or 0), spread) if spread > 1e-9 else (0.0, 1.0)  # type: ignore[arg-type]
    return Recipe(numbers, words, tuple(gaps), centres)


def null_share(raw: pl.DataFrame) -> float:
    """Share of the raw features' values that nobody knew."""
    return sum(raw[name].null_count() for name in raw.columns) / max(raw.width * raw.height, 1)
