"""Does a customer ever buy? What its deals tell of one who never has, beside those of customers of its size.

Many customers of a list never buy, and lose every deal. Each lost deal speaks for such a one, a deal more than
customers of its size have speaks against it: the log-odds move by both, not by their logarithms.
"""

import numpy as np
import polars as pl

MOST_LOST, MOST_DEALS = 15.0, 25.0  # deals beyond which one more tells nothing new
FEWEST = 30  # customers with a size before the number of deals is taken to grow with it


def usual_deals(deals: pl.DataFrame, sizes: pl.DataFrame, rows: pl.DataFrame, years: np.ndarray) -> np.ndarray:
    """Deals that a customer of the row's size has in those years.

    deals: customer_id, created_on. sizes: customer_id, size (its logarithm), one row per customer. rows: size.
    """
    counts = deals.drop_nulls("customer_id").group_by("customer_id").len()
    days = deals["created_on"].cast(pl.Int32).to_numpy()
    span = max(float(np.ptp(days)) / 365.25, 0.25)
    known = counts.join(sizes, on="customer_id").filter(pl.col("size").is_finite())
    mean = float(counts["len"].mean() or 0) / span  # type: ignore[arg-type]
    if len(known) < FEWEST or known["size"].std() == 0:
        return np.full(len(rows), mean) * years
    size, deals_each = known["size"].to_numpy(), known["len"].to_numpy()
    power = float(np.clip(np.polyfit(size, np.log(deals_each), 1)[0], 0, 1))
    relative = np.exp(power * (np.nan_to_num(rows["size"].to_numpy(), nan=float(size.mean())) - size.mean()))
    return mean * relative / np.exp(power * (size - size.mean())).mean() * years


def never_bought(created: np.ndarray, won: np.ndarray, lost: np.ndarray, usual: np.ndarray) -> pl.DataFrame:
    """Columns that are 0 for customers who have bought."""
    never = (won == 0).astype(float)
    return pl.DataFrame(
        {
            "never_bought_lost_deals": never * np.minimum(lost, MOST_LOST),
            "never_bought_deals": never * np.minimum(created, MOST_DEALS),
            "never_bought_usual_deals": never * np.minimum(usual, MOST_DEALS),
            "never_bought_deals_over_usual": never * np.log((created + 1) / (usual + 0.5)),
        }
    )
