"""The true deals: when they were born, who they belong to, what they are about, and the life that came of it.

Days are integers since 1970-01-01. A stage that was skipped or never reached has no row in the path.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.demo import ids, laws, words
from pipelines.demo.cast import NEVER, Cast, Life
from pipelines.demo.dirt import Moves
from pipelines.demo.laws import Laws
from pipelines.demo.life import live
from pipelines.demo.rates import LEVELS
from pipelines.demo.seasons import day_weights
from pipelines.demo.steps import Clock, clock
from pipelines.demo.traits import Traits, true_traits

WARM_UP_DAYS = 730
BUYER_WEIGHT = 8  # companies that never buy have few deals, and lose them all


@dataclass(frozen=True)
class Hidden:
    """What no system shows: for the truth alone. Deals stand here in the order of all that ever were.

    kept: place here of each deal that the world keeps.
    """

    cast: Cast
    traits: Traits
    life: Life
    rules: Laws
    clock: Clock
    kept: NDArray[np.int64]


@dataclass(frozen=True)
class Deals:
    """Deals and their path.

    facts: one row per deal: deal, customer, rep, product, created, outcome (won, lost, open), closed (null while open),
        amount and first_amount (cents), proposed (the day on which one became the other), channel, deal_type, and the
        days budget_on, process_on, decider_on on which each became true. Days that never came are NEVER.
    path: one row per deal and stage entered: deal, stage, entered; a lost deal that was opened again goes on after it.
    guesses: one row per deal and change of what its rep typed in: deal, day, expected (day), probability (percent).
    touches: one row per call, mail, visit and meeting: deal, kind, occurred.
    """

    facts: pl.DataFrame
    path: pl.DataFrame
    guesses: pl.DataFrame
    touches: pl.DataFrame
    hidden: Hidden


def number_of_deals(customers: int) -> int:
    """Ten per customer up to 20,000; beyond that one more per fifty customers, so that matching scales alone."""
    return min(10 * customers, 20_000 + customers // 50)


def deal_weights(customers: pl.DataFrame) -> NDArray[np.float64]:
    """How many deals each customer has, relative to the others."""
    buys = customers["is_buyer"].to_numpy()
    return np.asarray(np.sqrt(customers["size"].to_numpy()) * np.where(buys, BUYER_WEIGHT, 1))


def true_deals(
    seed: int, customers: pl.DataFrame, reps: pl.DataFrame, products: pl.DataFrame, rates: Moves, first: int, last: int
) -> Deals:
    """Deals born up to the last day, as they stand at its end.

    They begin two years before the first day, so that a company with customers and open deals starts there and not an
    empty one; `since` leaves out what was over by then.
    """
    rng = ids.rng_for(seed, "deals")
    early = first - WARM_UP_DAYS
    demand = day_weights(early, last, chinese=True)
    count = round(number_of_deals(len(customers)) * demand.sum() / demand[WARM_UP_DAYS:].sum())
    weight = deal_weights(customers)
    owner = customers[np.sort(rng.choice(len(customers), count, p=weight / weight.sum()))]
    created = _birthdays(rng, owner["is_chinese"].to_numpy(), early, last)
    facts = owner.select("customer", "currency", "region", "is_chinese", "is_buyer").with_columns(
        pl.Series("created", created),
        _rep(rng, owner["region"], created, reps),
        pl.Series("product", _products(rng, count, products)),
        pl.Series("channel", rng.choice(np.array(words.CHANNELS), count, p=words.CHANNEL_WEIGHTS)),
        pl.Series("deal_type", rng.choice(np.array(["New", "Renewal", "Expansion"]), count, p=[0.6, 0.18, 0.22])),
        pl.Series("loss_reason", rng.choice(np.array(words.LOSS_REASONS), count)),
    )
    facts = (
        facts.sort("created", maintain_order=True).with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
    )
    facts = facts.with_columns(_first_amount(rng, facts, products))
    return _alive(seed, facts, customers, reps, products, rates, first - WARM_UP_DAYS, last)


def since(deals: Deals, first: int) -> Deals:
    """The deals that were open on the first day or born later, numbered anew without gaps."""
    kept = deals.facts.filter(pl.col("closed").is_null() | (pl.col("closed") >= first))
    number = kept.select(old="deal").with_row_index("deal").with_columns(pl.col("deal").cast(pl.Int64))
    path, guesses, touches = (
        number.join(frame, left_on="old", right_on="deal", how="inner", maintain_order="left_right").drop("old")
        for frame in (deals.path, deals.guesses, deals.touches)
    )
    hidden = replace(deals.hidden, kept=kept["deal"].to_numpy())
    return Deals(kept.with_columns(number["deal"]), path, guesses, touches, hidden)


def _alive(
    seed: int,
    facts: pl.DataFrame,
    customers: pl.DataFrame,
    reps: pl.DataFrame,
    products: pl.DataFrame,
    rates: Moves,
    first: int,
    last: int,
) -> Deals:
    """The deals with the lives they led up to the last day."""
    traits = true_traits(seed, facts, customers, reps, products)
    owners = facts.select("rep").join(reps, on="rep", how="left", maintain_order="left")
    cast = Cast(
        created=facts["created"].to_numpy(),
        china=facts["is_chinese"].to_numpy(),
        level=traits.level,
        habit=owners["habit"].to_numpy(),
        bias=owners["bias"].to_numpy(),
        optimism=owners["optimism"].to_numpy(),
        care=owners["care"].to_numpy(),
        left=owners["left"].fill_null(NEVER).to_numpy(),
    )
    rules, steps = laws.laws(rates), clock(first, last)
    life = live(ids.rng_for(seed, "lives"), cast, rules, steps, last)
    hidden = Hidden(cast, traits, life, rules, steps, np.arange(len(facts)))
    return Deals(_told(facts, life, last), life.path, life.guesses, life.touches, hidden)


def _told(facts: pl.DataFrame, life: Life, last: int) -> pl.DataFrame:
    """The facts with what their lives made of them by the last day: outcome, days and the amount proposed."""
    ends = life.path.group_by("deal", maintain_order=True).agg(pl.col("stage", "entered").last())
    facts = facts.join(ends, on="deal", how="left", maintain_order="left")
    is_over = pl.col("stage").is_in(["won", "lost"])
    grown = np.where(life.proposed <= last, laws.GROWTH[life.growth], 1.0)
    amount = np.maximum(np.round(facts["first_amount"].to_numpy() * grown / 10_000), 3) * 10_000
    days = {f"{flag}_on": life.flag_on[place] for place, flag in enumerate(laws.FLAGS)} | {"proposed": life.proposed}
    return facts.with_columns(
        outcome=pl.when(is_over).then("stage").otherwise(pl.lit("open")),
        closed=pl.when(is_over).then("entered"),
        amount=pl.Series(amount.astype(np.int64)),
        **{name: pl.Series(np.where(values <= last, values, NEVER)) for name, values in days.items()},
    ).drop("stage", "entered")


def _birthdays(rng: np.random.Generator, chinese: NDArray[np.bool_], first: int, last: int) -> NDArray[np.int64]:
    created = np.empty(len(chinese), dtype=np.int64)
    for side in (True, False):
        here = chinese == side
        weights = day_weights(first, last, chinese=side)
        created[here] = first + rng.choice(len(weights), int(here.sum()), p=weights / weights.sum())
    return created


def _rep(rng: np.random.Generator, regions: pl.Series, created: NDArray[np.int64], reps: pl.DataFrame) -> pl.Series:
    """One of the region's reps; who has left gets no new deals."""
    team = {region: reps.filter(pl.col("region") == region)["rep"].to_numpy() for region in words.REGIONS}
    chosen = np.zeros(len(regions), dtype=np.int64)
    for region, members in team.items():
        here = (regions == region).to_numpy()
        chosen[here] = rng.choice(members, int(here.sum()))
        for rep, left in (
            reps.filter((pl.col("region") == region) & pl.col("left").is_not_null()).select("rep", "left").rows()
        ):
            gone = here & (chosen == rep) & (created > left)
            chosen[gone] = rng.choice(members[members != rep], int(gone.sum()))
    return pl.Series("rep", chosen)


def _products(rng: np.random.Generator, count: int, products: pl.DataFrame) -> NDArray[np.int64]:
    lines = list(words.PRODUCTS)
    share = dict(zip(lines, words.LINE_WEIGHTS, strict=True))
    size = {line: len(products) for line, products in words.PRODUCTS.items()}
    weight = np.array([share[line] / size[line] for line in products["product_line"]])
    return rng.choice(len(products), count, p=weight / weight.sum())


def _first_amount(rng: np.random.Generator, facts: pl.DataFrame, products: pl.DataFrame) -> pl.Series:
    """The rep's first guess in cents, whole hundreds."""
    price = products["price"].to_numpy()[facts["product"].to_numpy()] / 100
    typical = 24_000 * (price / 5_000) ** 0.25
    level = facts["currency"].replace_strict({"CNY": 1.0, **LEVELS}, return_dtype=pl.Float64).to_numpy()
    amount = typical * np.exp(rng.normal(0.6, 0.8, len(facts))) / level
    return pl.Series("first_amount", (np.maximum(np.round(amount / 100), 3) * 10_000).astype(np.int64))
