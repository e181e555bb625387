"""Before and after a dated event: nothing in the sample company moves anything, so no effect may be found."""

from datetime import date, timedelta
from statistics import NormalDist, fmean

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

WINDOW, FEWEST, FALSE_ALARMS = 91, 30, 0.05
TWICE = "of a deal that two systems keep one record counts, whose closing day differs by up to six"


def _closed(world: Truth) -> pl.DataFrame:
    kept = world["deals"].filter(~pl.col("is_deleted"))
    deals = (
        world["deal_facts"].join(kept, on="true_deal_id", how="semi").join(world["deal_segments"], on="true_deal_id")
    )
    return deals.filter(pl.col("closed_on") <= world.as_of).with_columns(
        is_won=(pl.col("outcome") == "won").cast(pl.Float64),
        days=(pl.col("closed_on") - pl.col("created_on")).dt.total_days().cast(pl.Float64),
    )


def _windows(event: dict[str, date | None], as_of: date) -> list[tuple[date, date]]:
    first, last = event["started"], event["ended"]
    assert first is not None
    end = min(last or as_of, as_of, first + timedelta(days=WINDOW - 1))
    return [(first - timedelta(days=WINDOW), first - timedelta(days=1)), (first, end)]


def _process_event(world: Truth) -> dict[str, date | None]:
    return world["events"].filter(pl.col("event_id") == "EV-001").row(0, named=True)


def _before_and_after(world: Truth, value: str) -> Rows:
    deals = _closed(world)
    deals = deals if value == "is_won" else deals.filter(pl.col("is_won") == 1)
    halves = [
        deals.filter(pl.col("closed_on").is_between(*days)) for days in _windows(_process_event(world), world.as_of)
    ]
    return [tuple(float(half.select(pl.col(value).mean()).item()) for half in halves)]


def _came_back(world: Truth) -> Rows:
    """Of the customers that bought in the quarter before each half, the share that bought in it too."""
    sales = world["sales_lines"].filter(pl.col("amount_base_e4") > 0)
    shares = []
    for start, end in _windows(_process_event(world), world.as_of):
        bought = {
            span: set(sales.filter(pl.col("invoiced_on").is_between(*span))["customer"])
            for span in ((start - timedelta(days=WINDOW), start - timedelta(days=1)), (start, end))
        }
        earlier, now = bought.values()
        shares.append(len(earlier & now) / len(earlier))
    return [tuple(shares)]


def _all_come_back(world: Truth) -> Truth:
    """Who ever bought bought on the first day of the event too."""
    sales = world["sales_lines"]
    first = sales.unique("customer", maintain_order=True).with_columns(
        invoiced_on=pl.lit(_process_event(world)["started"]), amount_base_e4=pl.lit(1, sales.schema["amount_base_e4"])
    )
    return world.with_table("sales_lines", pl.concat([sales, first]))


def _per_head(world: Truth) -> float:
    """Revenue of a week per head after the event, as a multiple of that before it; whole weeks."""
    (first, _), (start, last) = _windows(_process_event(world), world.as_of)
    sales = world["sales_lines"].filter(pl.col("invoiced_on").is_between(first, last))
    week = (pl.col("invoiced_on") - start).dt.total_days().floordiv(7)
    sums = dict(sales.group_by(week=week).agg(pl.col("amount_base_e4").cast(pl.Float64).sum()).rows())
    heads = dict(world["headcount"].group_by("month").agg(pl.col("heads").sum()).rows())
    weeks = range(-(WINDOW // 7), ((last - start).days + 1) // 7)
    told = {at: sums.get(at, 0.0) / heads[(start + timedelta(days=7 * at)).replace(day=1)] for at in weeks}
    after, before = ([told[at] for at in weeks if (at >= 0) is is_after] for is_after in (True, False))
    return fmean(after) / fmean(before)


def _twice_the_heads(world: Truth) -> Truth:
    heads = world["headcount"]
    grown = pl.when(pl.col("month") >= _process_event(world)["started"]).then(pl.col("heads") * 2).otherwise("heads")
    return world.with_table("headcount", heads.with_columns(heads=grown))


def _effects_found(world: Truth) -> int:
    """Effects on the win rate by a test over the true deals, corrected for the number of events."""
    chances = sorted(
        chance for event in world["events"].iter_rows(named=True) if (chance := _chance(world, event)) >= 0
    )
    steps = [chance * len(chances) / (place + 1) for place, chance in enumerate(chances)]
    return max((place + 1 for place, step in enumerate(steps) if step <= FALSE_ALARMS), default=0)


def _chance(world: Truth, event: dict[str, date | None]) -> float:
    """Two-sided chance of the difference in differences of win rates; -1 where it cannot be compared."""
    if event["started"] is None or event["started"] > world.as_of:
        return -1
    deals, level = _closed(world), str(event["level"])
    is_part = level in ("region", "product_line")
    change, variance = 0.0, 0.0
    for is_affected in (True, False):
        group = deals.filter((pl.col(level) == event["member"]) == is_affected) if is_part else deals
        shift = timedelta(days=0 if is_part or is_affected else 364)
        for is_after, (start, end) in enumerate(_windows(event, world.as_of)):
            won = group.filter(pl.col("closed_on").is_between(start - shift, end - shift))["is_won"].to_list()
            if len(won) < FEWEST:
                return -1
            rate = sum(won) / len(won)
            change += rate if is_affected == bool(is_after) else -rate
            variance += rate * (1 - rate) / (len(won) - 1)
    return 2 * (1 - NormalDist().cdf(abs(change) / variance**0.5))


def _all_won_after(world: Truth) -> Truth:
    facts = world["deal_facts"]
    after = pl.col("closed_on").is_between(*_windows(_process_event(world), world.as_of)[1])
    won = pl.when(after).then(pl.lit("won")).otherwise("outcome")
    slow = pl.when(after).then(pl.col("created_on") - pl.duration(days=90)).otherwise("created_on")
    return world.with_table("deal_facts", facts.with_columns(outcome=won, created_on=slow))


QUESTIONS = (
    Question(
        "C40", "Which share of closed deals was won in the quarter before and after the new stage gates?", "rate",
        """
        select before_value, after_value from marts.event_effects
        where event_id like '%EV-001' and metric = 'win_rate'
        """,
        lambda world: _before_and_after(world, "is_won"), _all_won_after,
        tolerance=0.03, because=TWICE,
    ),
    Question(
        "C40", "How many days did won deals take before and after the new stage gates?", "duration",
        """
        select before_value, after_value from marts.event_effects
        where event_id like '%EV-001' and metric = 'sales_cycle'
        """,
        lambda world: _before_and_after(world, "days"), _all_won_after,
        tolerance=0.03, because=TWICE,
    ),
    Question(
        "C40", "Which share of a quarter's buyers bought again, before and after the new stage gates?", "rate",
        """
        select before_value, after_value from marts.event_effects
        where event_id like '%EV-001' and metric = 'retention'
        """,
        _came_back, _all_come_back,
        tolerance=0.01, because="two customers in a thousand share nothing that tells that they are one",
    ),
    Question(
        "C40", "What did a head bring in a week after the new stage gates, as a multiple of before?", "rate",
        """
        select after_value from marts.event_effects where event_id like '%EV-001' and metric = 'revenue_per_head'
        """,
        _per_head, _twice_the_heads,
    ),
    Question(
        "C40", "On how many of the dated events did the win rate change by more than chance?", "count",
        """
        select count(*) from marts.event_effects where metric = 'win_rate' and verdict_code = 'effect_found'
        """,
        _effects_found, _all_won_after,
    ),
)  # fmt: skip
