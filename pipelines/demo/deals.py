"""The true deals: when they were born, through which stages they went, how they ended, and for how much.

Days are integers since 1970-01-01. A stage that was skipped or never reached has no row in the path.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.demo import ids, words
from pipelines.demo.rates import LEVELS
from pipelines.demo.seasons import day_weights

STAGES = ("lead", "qualified", "needs", "decision_makers", "proposal", "negotiation")
MEAN_DAYS = np.array([9, 16, 20, 16, 22, 18])  # in the stage of that place
SKIPPED = np.array([0, 0, 0.12, 0.18, 0, 0])
LOST_AFTER = np.array([0.18, 0.24, 0.2, 0.12, 0.16, 0.10])
PLANNED_CYCLE_DAYS = 95
WARM_UP_DAYS = 730
BUYER_WEIGHT = 8  # companies that never buy have few deals, and lose them all
NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True)
class Deals:
    """Deals and their path.

    facts: one row per deal: deal, customer, rep, product, created, outcome (won, lost, open), closed (null while open),
        amount and first_amount (cents), expected and first_expected close days, channel, deal_type, the three flags.
    path: one row per deal and stage entered: deal, stage, entered; won and lost are the last stage of a closed deal.
    """

    facts: pl.DataFrame
    path: pl.DataFrame


def number_of_deals(customers: int) -> int:
    """Ten per customer up to 20,000; beyond that one more per fifty customers, so that matching scales alone."""
    return min(10 * customers, 20_000 + customers // 50)


def true_deals(
    seed: int, customers: pl.DataFrame, reps: pl.DataFrame, products: pl.DataFrame, first: int, last: int
) -> Deals:
    """Deals born up to the last day, as they stand at its end.

    They begin two years before the first day, so that a company with customers and open deals starts there and not an
    empty one; `since` leaves out what was over by then.
    """
    rng = ids.rng_for(seed, "deals")
    early = first - WARM_UP_DAYS
    demand = day_weights(early, last, chinese=True)
    count = round(number_of_deals(len(customers)) * demand.sum() / demand[WARM_UP_DAYS:].sum())
    weight = np.sqrt(customers["size"].to_numpy()) * np.where(customers["is_buyer"].to_numpy(), BUYER_WEIGHT, 1)
    owner = customers[np.sort(rng.choice(len(customers), count, p=weight / weight.sum()))]
    created = _birthdays(rng, owner["is_chinese"].to_numpy(), early, last)
    facts = owner.select("customer", "currency", "region", "is_chinese", "is_buyer").with_columns(
        pl.Series("created", created),
        _rep(rng, owner["region"], reps),
        pl.Series("product", _products(rng, count, products)),
        pl.Series("channel", rng.choice(np.array(words.CHANNELS), count, p=words.CHANNEL_WEIGHTS)),
        pl.Series("deal_type", rng.choice(np.array(["New", "Renewal", "Expansion"]), count, p=[0.6, 0.18, 0.22])),
        pl.Series("has_budget", rng.random(count) < 0.55),
        pl.Series("has_decision_process", rng.random(count) < 0.5),
        pl.Series("has_decision_maker", rng.random(count) < 0.6),
        pl.Series("loss_reason", rng.choice(np.array(words.LOSS_REASONS), count)),
    )
    facts = (
        facts.sort("created", maintain_order=True).with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
    )
    facts = facts.with_columns(_amounts(rng, facts, products))
    return _with_path(rng, facts, last)


def since(deals: Deals, first: int) -> Deals:
    """The deals that were open on the first day or born later, numbered anew without gaps."""
    kept = deals.facts.filter(pl.col("closed").is_null() | (pl.col("closed") >= first))
    number = kept.select(old="deal").with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
    path = number.join(deals.path, left_on="old", right_on="deal", how="left", maintain_order="left_right").drop("old")
    return Deals(kept.with_columns(number["deal"]), path)


def _birthdays(rng: np.random.Generator, chinese: NDArray[np.bool_], first: int, last: int) -> NDArray[np.int64]:
    created = np.empty(len(chinese), dtype=np.int64)
    for side in (True, False):
        here = chinese == side
        weights = day_weights(first, last, chinese=side)
        created[here] = first + rng.choice(len(weights), int(here.sum()), p=weights / weights.sum())
    return created


def _rep(rng: np.random.Generator, regions: pl.Series, reps: pl.DataFrame) -> pl.Series:
    team = {region: reps.filter(pl.col("region") == region)["rep"].to_numpy() for region in words.REGIONS}
    chosen = np.zeros(len(regions), dtype=np.int64)
    for region, members in team.items():
        here = (regions == region).to_numpy()
        chosen[here] = rng.choice(members, int(here.sum()))
    return pl.Series("rep", chosen)


def _products(rng: np.random.Generator, count: int, products: pl.DataFrame) -> NDArray[np.int64]:
    lines = list(words.PRODUCTS)
    share = dict(zip(lines, words.LINE_WEIGHTS, strict=True))
    size = {line: len(products) for line, products in words.PRODUCTS.items()}
    weight = np.array([share[line] / size[line] for line in products["product_line"]])
    return rng.choice(len(products), count, p=weight / weight.sum())


def _amounts(rng: np.random.Generator, facts: pl.DataFrame, products: pl.DataFrame) -> list[pl.Series]:
    """Amounts in cents, whole hundreds: the first guess of the rep and what it became by the proposal."""
    price = products["price"].to_numpy()[facts["product"].to_numpy()] / 100
    typical = 24_000 * (price / 5_000) ** 0.25
    level = facts["currency"].replace_strict({"CNY": 1.0, **LEVELS}, return_dtype=pl.Float64).to_numpy()
    amount = typical * np.exp(rng.normal(0.6, 0.8, len(facts))) / level
    final = np.maximum(np.round(amount / 100), 3) * 100
    guess = np.maximum(np.round(amount * np.exp(rng.normal(0.05, 0.25, len(facts))) / 100), 3) * 100
    return [
        pl.Series("amount", (final * 100).astype(np.int64)),
        pl.Series("first_amount", (guess * 100).astype(np.int64)),
    ]


def _win_probability(facts: pl.DataFrame) -> NDArray[np.float64]:
    """What truly decides: budget, decision maker, channel, kind of deal, and the price against its product line."""
    channel = facts["channel"].replace_strict(
        dict(zip(words.CHANNELS, (-0.2, 0.6, -0.1, -0.5, 0.3, 0.5), strict=True)), return_dtype=pl.Float64
    )
    kind = facts["deal_type"].replace_strict({"New": -0.35, "Renewal": 0.9, "Expansion": 0.2}, return_dtype=pl.Float64)
    score = -1.35 + 0.8 * facts["has_budget"].cast(int) + 0.7 * facts["has_decision_maker"].cast(int)
    score = score + 0.3 * facts["has_decision_process"].cast(int) + channel + kind
    growth = facts["amount"].to_numpy() / facts["first_amount"].to_numpy()
    return 1 / (1 + np.exp(-(score.to_numpy() - 0.9 * np.log(growth))))


def _with_path(rng: np.random.Generator, facts: pl.DataFrame, last: int) -> Deals:
    count = len(facts)
    wins = (rng.random(count) < _win_probability(facts)) & facts["is_buyer"].to_numpy()
    stays = np.maximum(np.round(rng.gamma(1.6, MEAN_DAYS / 1.6, (count, 6))), 1).astype(np.int64)
    skipped = rng.random((count, 6)) < SKIPPED
    stays[skipped] = 0
    reached = np.where(wins, 5, rng.choice(6, count, p=LOST_AFTER))
    entered = facts["created"].to_numpy()[:, None] + np.concatenate(
        [np.zeros((count, 1), dtype=np.int64), np.cumsum(stays, axis=1)], axis=1
    )
    closes = entered[np.arange(count), reached + 1]
    visited = (np.arange(6) <= reached[:, None]) & ~skipped & (entered[:, :6] <= last)
    deal, place = np.nonzero(visited)
    open_path = pl.DataFrame({"deal": deal, "stage": np.array(STAGES)[place], "entered": entered[deal, place]})
    closed = closes <= last
    ends = pl.DataFrame(
        {"deal": np.flatnonzero(closed), "stage": np.where(wins, "won", "lost")[closed], "entered": closes[closed]}
    )
    path = pl.concat([open_path, ends]).sort("deal", "entered", maintain_order=True)
    outcome = np.where(~closed, "open", np.where(wins, "won", "lost"))
    guess = facts["created"].to_numpy() + np.round(PLANNED_CYCLE_DAYS * np.exp(rng.normal(0, 0.3, count))).astype(
        np.int64
    )
    later = closes + np.round(rng.normal(0, 14, count)).astype(np.int64)
    facts = facts.with_columns(
        pl.Series("outcome", outcome),
        pl.when(pl.Series(closed)).then(pl.Series(closes)).alias("closed"),
        pl.Series("first_expected", guess),
        pl.Series("expected", np.maximum(later, facts["created"].to_numpy() + 5)),
        pl.Series("proposed", np.where(visited[:, 4], entered[:, 4], NEVER)),
    )
    return Deals(facts, path)
