"""Reps, teams and products of the sample company: small tables, the same at every size."""

import numpy as np
import polars as pl

from pipelines.demo import ids, words
from pipelines.demo.dirt import Reps

LARGE_REGIONS = ("East China", "South China")


LEFT_BEFORE = 80  # days before the newest export on which the first rep left
TYPES_NOTHING, BY_GUT, INFORMED = range(3)  # habits of typing in a chance
BIASES, BIAS_SHARES = (-15, -10, 0, 10, 15, 20), (0.1, 0.15, 0.2, 0.25, 0.2, 0.1)
COMMITS, BEST_CASES = (70, 80, 90), (40, 50, 60)  # from which chance on a rep says so


def true_reps(seed: int, rates: Reps, first: int, last: int) -> pl.DataFrame:
    """One row per rep: rep, rep_id, rep_name, region, team, manager, hired, left (days since the epoch, or null).

    And the habits that show in what they type: habit, bias (points), optimism (of the days to the end), care (share of
    the overdue deals they put off in a step), commit_from and best_case_from (percent). `skill` shows in what they win.
    """
    rows: list[dict[str, object]] = []
    for region, names in words.REPS.items():
        for place, name in enumerate(names):
            team = f"{region} {1 + place % 2}" if region in LARGE_REGIONS else region
            hired = first - 2000 + 131 * ((place * 5 + len(rows)) % 11)
            rows.append(
                {"rep_name": name, "region": region, "team": team, "manager": words.MANAGERS[region], "hired": hired}
            )
    frame = pl.DataFrame(rows).with_row_index("rep").with_columns(pl.col("rep").cast(pl.Int64))
    frame = frame.with_columns(_habits(ids.rng_for(seed, "habits"), len(frame), rates))
    return frame.with_columns(
        pl.format("E{}", (pl.col("rep") + 101)).alias("rep_id"), _left(seed, frame, rates.left, last)
    )


def _habits(rng: np.random.Generator, count: int, rates: Reps) -> list[pl.Series]:
    order = rng.permutation(count)
    habit = np.full(count, INFORMED)
    silent, guessing = round(rates.typing_nothing * count), round(rates.by_gut * count)
    habit[order[:silent]], habit[order[silent : silent + guessing]] = TYPES_NOTHING, BY_GUT
    bias = np.where(habit == TYPES_NOTHING, 0, rng.choice(BIASES, count, p=BIAS_SHARES))
    return [
        pl.Series("habit", habit),
        pl.Series("bias", bias),
        pl.Series("optimism", rng.uniform(0.6, 1.15, count)),
        pl.Series("care", rng.uniform(0.5, 0.95, count)),
        pl.Series("commit_from", rng.choice(COMMITS, count)),
        pl.Series("best_case_from", rng.choice(BEST_CASES, count)),
        pl.Series("skill", rng.normal(0, 0.3, count)),
    ]


def _left(seed: int, reps: pl.DataFrame, number: int, last: int) -> pl.Series:
    """The last days of those who left: of a large team, so that others are there to get the new deals."""
    large = reps.filter(pl.col("region").is_in(LARGE_REGIONS))["rep"].to_numpy()
    gone = ids.rng_for(seed, "left").permutation(large)[:number].tolist()
    days = {rep: last - LEFT_BEFORE - 40 * place for place, rep in enumerate(gone)}
    return pl.Series("left", [days.get(rep) for rep in reps["rep"]], dtype=pl.Int64)


def true_products() -> pl.DataFrame:
    """One row per product: product, product_id, product_name, product_line, price in CNY cents, unit cost in cents."""
    rows = [
        {"product_line": line, "product_name": name, "price": price * 100, "cost": round(price * (45 + 3 * place))}
        for line, products in words.PRODUCTS.items()
        for place, (name, price) in enumerate(products)
    ]
    frame = pl.DataFrame(rows).with_row_index("product").with_columns(pl.col("product").cast(pl.Int64))
    return frame.with_columns(pl.format("P{}", pl.col("product") + 1001).alias("product_id"))
