"""Chances of deals and leads: beside the chances that the world's own laws give, with hidden traits integrated out."""

from datetime import timedelta

import polars as pl

from pipelines.bench.questions.question import Question, Rows, Truth

ENTERED_TWICE = "a deal that one list has twice, with amounts a quarter apart, is two: with seed 7 1 of 264 open"
LEARNT = "the model learns the laws from some thousand deals; the oracle knows them"
TWICE_KEPT = "some deals that two systems keep share nothing that tells so"


def _open_chances(world: Truth) -> pl.DataFrame:
    """The true chances of the deals that are open on the day, without those that were deleted in the system."""
    gone = world["deals"].group_by("true_deal_id").agg(pl.col("is_deleted").all())
    today = world["deal_chances"].filter(pl.col("month_end") == world.as_of)
    return today.join(gone.filter(~pl.col("is_deleted")), on="true_deal_id", how="semi")


def _facts(world: Truth) -> pl.DataFrame:
    return _open_chances(world).join(world["deal_facts"], on="true_deal_id")


def _closed(world: Truth) -> pl.DataFrame:
    kept = world["deals"].filter(~pl.col("is_deleted"))
    facts = world["deal_facts"].join(kept, on="true_deal_id", how="semi")
    return facts.filter((pl.col("closed_on") <= world.as_of) & pl.col("outcome").is_in(["won", "lost"]))


def _mean_chance(world: Truth) -> float:
    return float(_open_chances(world)["p_won"].mean())  # type: ignore[arg-type]


def _won_soon(world: Truth) -> float:
    return float(_open_chances(world).select(pl.sum_horizontal("p_won_1", "p_won_2", "p_won_3").sum()).item())


def _bolder(world: Truth) -> Truth:
    chances = [name for name in world["deal_chances"].columns if name.startswith("p_won")]
    return world.with_table("deal_chances", world["deal_chances"].with_columns(pl.col(chances) * 1.3))


def _by_type(world: Truth) -> Rows:
    means = _facts(world).group_by("deal_type").agg(pl.col("p_won").mean()).sort("p_won")
    return means.rows()


def _types_swapped(world: Truth) -> Truth:
    kind = pl.col("deal_type")
    other = pl.when(kind == "New").then(pl.lit("Renewal")).when(kind == "Renewal").then(pl.lit("New")).otherwise(kind)
    return world.with_table("deal_facts", world["deal_facts"].with_columns(deal_type=other))


def _channel_gap(world: Truth) -> float:
    mean = dict(_facts(world).group_by("channel").agg(pl.col("p_won").mean()).rows())
    return float(mean["Partner"] - mean["Outbound"])


def _channels_alike(world: Truth) -> Truth:
    facts = world["deal_facts"]
    return world.with_table("deal_facts", facts.with_columns(channel=facts["channel"].shuffle(seed=1)))


def _newest_guess(world: Truth) -> pl.DataFrame:
    known = world["deal_guesses"].filter(pl.col("day") <= world.as_of).sort("day", maintain_order=True)
    return _open_chances(world).join(known.group_by("true_deal_id").last(), on="true_deal_id")


def _typed(world: Truth) -> float:
    return float(_newest_guess(world)["probability"].mean()) / 100  # type: ignore[arg-type]


def _typed_ratio(world: Truth) -> float:
    ratio = pl.col("probability").mean() / 100 / pl.col("p_won").mean()
    return float(_newest_guess(world).select(ratio).item())


def _guessed_higher(world: Truth) -> Truth:
    guesses = world["deal_guesses"].with_columns(pl.col("probability") + 12)
    return world.with_table("deal_guesses", guesses)


def _overdue(world: Truth) -> int:
    return _newest_guess(world).filter(pl.col("expected") < world.as_of).height


def _overdue_share(world: Truth) -> float:
    return _overdue(world) / _open_chances(world).height


def _expected_later(world: Truth) -> Truth:
    return world.with_table("deal_guesses", world["deal_guesses"].with_columns(pl.col("expected") + timedelta(days=30)))


def _settled_leads(world: Truth) -> pl.DataFrame:
    return world["leads"].filter(pl.col("created_on") <= world.as_of - timedelta(days=90))


def _settled_count(world: Truth) -> int:
    return _settled_leads(world).height


def _new_lead_chance(world: Truth) -> float:
    """Of all leads whose 90 days are over, the share that was a deal within them."""
    waited = pl.col("converted_on") - pl.col("created_on")
    return float(_settled_leads(world).select((waited <= timedelta(days=90)).fill_null(value=False).mean()).item())


def _fewer_leads(world: Truth) -> Truth:
    leads = world["leads"].filter(pl.col("converted_on").is_null() | (pl.col("channel") != "Website"))
    return world.with_table("leads", leads)


def _open_count(world: Truth) -> int:
    return _open_chances(world).height


def _rarely_won(world: Truth) -> float:
    return float((_open_chances(world)["p_won"] < 0.6).mean())  # type: ignore[arg-type]


def _some_deals_less(world: Truth) -> Truth:
    return world.with_table("deal_chances", world["deal_chances"].filter(pl.col("true_deal_id") % 20 > 0))


def _closed_counts(world: Truth) -> Rows:
    closed = _closed(world)
    return [(closed.height, closed.filter(pl.col("outcome") == "won").height)]


def _win_share(world: Truth) -> float:
    return float((_closed(world)["outcome"] == "won").mean())  # type: ignore[arg-type]


def _more_won(world: Truth) -> Truth:
    is_outbound = pl.col("channel") == "Outbound"
    outcome = pl.when(is_outbound & (pl.col("outcome") == "lost")).then(pl.lit("won")).otherwise("outcome")
    return world.with_table("deal_facts", world["deal_facts"].with_columns(outcome=outcome))


QUESTIONS = (
    Question(
        "C42", "How likely is the average open deal to be won?", "rate",
        "select avg(win_probability) from outlook.deal_chances",
        _mean_chance, _bolder, tolerance=0.06, because=LEARNT,
    ),
    Question(
        "C42", "How many of the open deals will be won in the next three months?", "amount",
        "select sum(won_probability) from forecast.deal_periods where horizon <= 3",
        _won_soon, _bolder, tolerance=0.12, because=LEARNT + "; and it moves wins to the ends of quarters",
    ),
    Question(
        "C43", "Which kind of deal is won more easily, and by how much?", "rate",
        """
        select deal_type, avg(won_probability) as p from forecast.deal_scores
        inner join marts.opportunities using (opportunity_id)
        where deal_type <> 'unmapped' group by all order by p
        """,
        _by_type, _types_swapped, tolerance=0.08, because=LEARNT,
    ),
    Question(
        "C43", "How much likelier does a partner make a deal than a cold call?", "rate",
        """
        select avg(won_probability) filter (where channel = 'Partner')
            - avg(won_probability) filter (where channel = 'Outbound')
        from forecast.deal_scores inner join marts.opportunities using (opportunity_id)
        """,
        _channel_gap, _channels_alike, tolerance=0.35, because="33 deals; slopes are shrunk to 0 until rows insist",
    ),
    Question(
        "C44", "What chance do reps give their open deals?", "rate",
        "select avg(typed_probability) from outlook.deal_chances",
        _typed, _guessed_higher, tolerance=0.02, because="two deals are known from a list without a chance",
    ),
    Question(
        "C44", "How high are reps' chances beside the objective ones?", "rate",
        "select avg(typed_probability) / avg(win_probability) from outlook.deal_chances",
        _typed_ratio, _guessed_higher, tolerance=0.05, because=LEARNT,
    ),
    Question(
        "C45", "How many open deals are past the day they were expected to close?", "count",
        "select count(*) from outlook.deal_risk where rule = 'overdue_close_date'",
        _overdue, _expected_later,
    ),
    Question(
        "C45", "Which share of the open deals is that?", "rate",
        """
        select (select count(*) from outlook.deal_risk where rule = 'overdue_close_date') / count(*)
        from outlook.deal_chances
        """,
        _overdue_share, _expected_later, tolerance=0.01, because=ENTERED_TWICE,
    ),
    Question(
        "C46", "From how many leads with a known end are the chances learnt?", "count",
        "select max(n_leads) from forecast.lead_scores",
        _settled_count, _fewer_leads,
    ),
    Question(
        "C46", "How likely is a lead to become a deal on the day it comes in?", "rate",
        "select max(base_probability) from forecast.lead_scores",
        _new_lead_chance, _fewer_leads, tolerance=0.01, because="the rate of an age leans on that of all by 20 leads",
    ),
    Question(
        "C47", "On how many deals should somebody ask for a new date first?", "count",
        "select count(*) from outlook.deal_next_steps where rule = 'overdue_close_date'",
        _overdue, _expected_later,
    ),
    Question(
        "C47", "Which share of all open deals is that?", "rate",
        """
        select (select count(*) from outlook.deal_next_steps where rule = 'overdue_close_date') / count(*)
        from outlook.deal_chances
        """,
        _overdue_share, _expected_later, tolerance=0.01, because=ENTERED_TWICE,
    ),
    Question(
        "C24", "How many open deals have a grade?", "count",
        "select count(*) from outlook.deal_chances where grade in ('A', 'B', 'C', 'D')",
        _open_count, _some_deals_less, tolerance=0.01, because=ENTERED_TWICE,
    ),
    Question(
        "C24", "Which share of open deals falls short of an A by its chance?", "rate",
        "select avg(cast(win_probability < 0.6 as integer)) from outlook.deal_chances",
        _rarely_won, _bolder, tolerance=0.12, because=LEARNT,
    ),
    Question(
        "C50", "How many wins do the open deals promise within a year?", "amount",
        "select sum(existing) from forecast.pipeline where unique_id = 'won_deals|total||MS'",
        lambda world: float(_open_chances(world)["p_won"].sum()), _bolder, tolerance=0.06, because=LEARNT,
    ),
    Question(
        "C50", "From how many open deals is the pipeline forecast?", "count",
        "select max(n_open_deals) from forecast.pipeline where unique_id = 'bookings|total||MS'",
        _open_count, _some_deals_less, tolerance=0.01, because=ENTERED_TWICE,
    ),
    Question(
        "C71", "From how many closed and won deals is the model of chances trained?", "count",
        "select n_closed_deals, n_won_deals from forecast.model_registry where model = 'win_model'",
        _closed_counts, _more_won, tolerance=0.001, because=TWICE_KEPT,
    ),
    Question(
        "C71", "Which share of them was won?", "rate",
        "select n_won_deals / n_closed_deals from forecast.model_registry where is_served and model <> 'lead_model'",
        _win_share, _more_won, tolerance=0.001, because=TWICE_KEPT,
    ),
)  # fmt: skip
