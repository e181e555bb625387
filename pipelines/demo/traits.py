"""The hidden traits that decide how well a deal fits: its own, the customer's, the rep's, the line's in an industry.

The score of a deal is the sum of what is shown of it (channel, kind) and of what is not; its level is the score in
bands. A customer's trait is one of a few values, so that what its deals tell of it can be counted exactly.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr

from pipelines.demo import ids, words
from pipelines.demo.laws import LEVELS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHANNELS = dict(zip(words.CHANNELS, (-0.2, 0.6, -0.1, -0.5, 0.3, 0.5), strict=True))
KINDS = {"New": -0.35, "Renewal": 0.9, "Expansion": 0.2}
BASE, SPREAD, FIT = -0.15, 0.8, 0.35
CUSTOMER_TRAITS, CUSTOMER_SHARES = np.array([-0.7, 0.0, 0.7]), np.array([0.25, 0.5, 0.25])
BANDS = np.array([-1.2, -0.4, 0.4, 1.2])  # of the score; level 0 is that of customers who never buy


@dataclass(frozen=True)
class Traits:
    """Of each deal: its level and its customer; and how likely each level was, deal x class of customer x level.

    Class 0 are the customers who never buy, the others those of CUSTOMER_TRAITS.
    """

    level: Ints
    customer: Ints
    likely: Floats


def true_traits(
    seed: int, facts: pl.DataFrame, customers: pl.DataFrame, reps: pl.DataFrame, products: pl.DataFrame
) -> Traits:
    """Draw them; what is drawn for one deal depends on no other deal."""
    rng = ids.rng_for(seed, "traits")
    fit = rng.normal(0, FIT, (len(words.PRODUCTS), len(words.INDUSTRIES)))
    trait = rng.choice(len(CUSTOMER_TRAITS), len(customers), p=CUSTOMER_SHARES)
    line = products["product_line"].replace_strict({name: place for place, name in enumerate(words.PRODUCTS)})
    customer = facts["customer"].to_numpy()
    expected = BASE + facts["channel"].replace_strict(CHANNELS, return_dtype=pl.Float64).to_numpy()
    expected = expected + facts["deal_type"].replace_strict(KINDS, return_dtype=pl.Float64).to_numpy()
    expected = (
        expected + fit[line.to_numpy()[facts["product"].to_numpy()], customers["industry_no"].to_numpy()[customer]]
    )
    expected = expected + reps["skill"].to_numpy()[facts["rep"].to_numpy()]
    score = expected + CUSTOMER_TRAITS[trait[customer]] + rng.normal(0, SPREAD, len(facts))
    level = np.where(facts["is_buyer"].to_numpy(), np.searchsorted(BANDS, score) + 1, 0)
    return Traits(level, customer, _likely(expected))


def _likely(known: Floats) -> Floats:
    edges = ndtr((BANDS - known[:, None, None] - CUSTOMER_TRAITS[:, None]) / SPREAD)
    bounded = np.concatenate([np.zeros((*edges.shape[:2], 1)), edges, np.ones((*edges.shape[:2], 1))], axis=2)
    likely = np.zeros((len(known), 1 + len(CUSTOMER_TRAITS), LEVELS))
    likely[:, 0, 0] = 1
    likely[:, 1:, 1:] = np.diff(bounded, axis=2)
    return likely
