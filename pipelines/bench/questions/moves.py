"""Whether deals are moved as the process asks: skipped, backward and same-day moves, adherence, what was known."""

import polars as pl

from pipelines.bench.questions.funnel import alone
from pipelines.bench.questions.question import Question, Rows, Truth

LADDER = ["lead", "qualified", "needs", "decision_makers", "proposal", "negotiation"]
BACK = [("negotiation", "proposal"), ("proposal", "decision_makers")]
ASKING = ["decision_makers", "proposal", "negotiation"]
ONLY_SALESFORCE = "deals.source_system = 'salesforce' and deals.record_count = 1"
PAIRS = "a pair of deals that is taken for one, or one for a pair, has another history"


def _moves(world: Truth) -> pl.DataFrame:
    moves = world["deal_moves"].filter(pl.col("entered_on") <= world.as_of)
    return moves.join(alone(world, "salesforce"), on="true_deal_id", how="semi")


def _kinds(world: Truth) -> Rows:
    odd = _moves(world).filter(pl.col("kind").is_in(["skipped", "backward", "reopened"]))
    return odd.group_by("kind").len().sort("kind").rows()


def _same_day(world: Truth) -> float:
    later = _moves(world).filter(pl.col("previous_stage").is_not_null())
    return float(later.select(pl.col("is_same_day").mean()).item())


def _adherence(world: Truth) -> Rows:
    later = _moves(world).filter(pl.col("previous_stage").is_not_null())
    kept = [_is_kept(before, after) for before, after in later.select("previous_stage", "stage").iter_rows()]
    later = later.with_columns(kept=pl.Series(kept))
    return later.group_by("stage").agg(pl.len(), pl.col("kept").mean()).sort("stage").rows()


def _is_kept(before: str, after: str) -> bool:
    """Whether the company's process allows a move."""
    if before == "lost":
        return False
    if after == "lost" or (before, after) in BACK:
        return True
    if after == "won":
        return before in ("proposal", "negotiation")
    return LADDER.index(after) == LADDER.index(before) + 1


def _worst(world: Truth) -> Rows:
    return [row for row in _adherence(world) if float(str(row[2])) < 1]


def _asked(world: Truth) -> Rows:
    entered = _moves(world).filter(pl.col("stage").is_in(ASKING))
    return entered.group_by("stage").len().sort("stage").rows()


def _signed(world: Truth) -> float:
    """Of the won deals of Salesforce with an envelope or none, the share that was signed."""
    won = world["deal_facts"].filter((pl.col("outcome") == "won") & (pl.col("closed_on").dt.year() == 2026))
    won = won.join(alone(world, "salesforce"), on="true_deal_id", how="semi")
    signed = won.join(world["signatures"].drop_nulls("signed_on"), on="true_deal_id", how="semi")
    contracts = world["contracts"].filter(pl.col("previous_source_id").is_null() & (pl.col("signed_on") <= world.as_of))
    either = pl.concat([signed["true_deal_id"], won.join(contracts, on="true_deal_id", how="semi")["true_deal_id"]])
    return either.n_unique() / len(won)


def _deciders(world: Truth) -> Rows:
    """Open deals of Salesforce by stage: how many, and the share whose decision maker is known on the deal."""
    newest = _moves(world).sort("true_deal_id", "entered_on", maintain_order=True)
    newest = newest.group_by("true_deal_id", maintain_order=True).agg(pl.col("stage").last())
    still = world["deal_facts"].filter(pl.col("outcome") == "open").join(newest, on="true_deal_id")
    is_known = (pl.col("decider_on") <= world.as_of).fill_null(value=False)
    return still.group_by("stage").agg(pl.len(), is_known.mean()).sort("stage").rows()


def _below_floor(world: Truth) -> int:
    """Won deals whose last quote was below the price floor."""
    last = world["quotes"].filter(pl.col("is_newest") & (pl.col("discount") > 0.25) & (pl.col("outcome") == "won"))
    return last["true_deal_id"].n_unique()


def _cheaper(world: Truth) -> Truth:
    quotes = world["quotes"]
    deeper = pl.when(pl.col("discount") > 0.2).then(0.3).otherwise("discount")
    return world.with_table("quotes", quotes.with_columns(discount=deeper))


def _one_more_skip(world: Truth) -> Truth:
    moves = world["deal_moves"]
    kind = pl.when(pl.col("is_same_day")).then(pl.lit("skipped")).otherwise("kind")
    before = pl.when(pl.col("stage") == "proposal").then(pl.lit("lead")).otherwise("previous_stage")
    return world.with_table(
        "deal_moves", moves.with_columns(kind=kind, previous_stage=before, is_same_day=~pl.col("is_same_day"))
    )


def _never_offered(world: Truth) -> Truth:
    return world.with_table("deal_moves", world["deal_moves"].filter(pl.col("stage") != "proposal"))


def _unsigned(world: Truth) -> Truth:
    return world.with_table("signatures", world["signatures"].head(20))


def _all_known(world: Truth) -> Truth:
    facts = world["deal_facts"]
    return world.with_table("deal_facts", facts.with_columns(decider_on=pl.col("created_on")))


QUESTIONS = (
    Question(
        "C21", "How many entries into stages that ask for something were judged, by stage (Salesforce alone)?", "count",
        f"""
        select moves.to_stage_code, count(*) from marts.stage_moves as moves
        inner join marts.opportunities as deals using (opportunity_id)
        where {ONLY_SALESFORCE} and moves.preparation_code <> 'not_required' group by all order by 1
        """,
        _asked, _never_offered,
        tolerance=0.01, because=PAIRS,
    ),
    Question(
        "C21", "Which share of the deals won in 2026 (Salesforce alone) has a signature?", "rate",
        f"""
        select avg(cast(cash.signing_link_code = 'linked' as integer)) from marts.lead_to_cash as cash
        inner join marts.opportunities as deals using (opportunity_id)
        where {ONLY_SALESFORCE} and deals.is_won and deals.closed_on >= date '2026-01-01'
        """,
        _signed, _unsigned,
        tolerance=0.02, because=PAIRS,
    ),
    Question(
        "C21", "How many deals were won below the price floor?", "count",
        """
        select count(*) from marts.quotes inner join marts.opportunities using (opportunity_id)
        where is_newest and is_below_floor and is_won
        """,
        _below_floor, _cheaper,
    ),
    Question(
        "C22", "How many moves skipped a stage, went back or opened a lost deal again (Salesforce alone)?", "count",
        f"""
        select moves.move_code, count(*) from marts.stage_moves as moves
        inner join marts.opportunities as deals using (opportunity_id)
        where {ONLY_SALESFORCE} and moves.move_code in ('skipped', 'backward', 'reopened') group by all order by 1
        """,
        _kinds, _one_more_skip,
        tolerance=0.01, because=PAIRS,
    ),
    Question(
        "C22", "Which share of moves came on the day of the move before (Salesforce alone)?", "rate",
        f"""
        select avg(cast(moves.is_same_day as integer)) from marts.stage_moves as moves
        inner join marts.opportunities as deals using (opportunity_id)
        where {ONLY_SALESFORCE} and moves.is_recorded and moves.from_stage_code is not null
        """,
        _same_day, _one_more_skip,
        tolerance=0.01, because=PAIRS,
    ),
    Question(
        "C23", "Which share of moves into each stage keeps to the process (Salesforce alone)?", "rate",
        f"""
        select moves.to_stage_code, count(*), avg(cast(moves.is_allowed as integer)) from marts.stage_moves as moves
        inner join marts.opportunities as deals using (opportunity_id)
        where {ONLY_SALESFORCE} and moves.is_recorded and moves.from_stage_code is not null group by all order by 1
        """,
        _adherence, _one_more_skip,
        tolerance=0.01, because=PAIRS,
    ),
    Question(
        "C23", "Into which stages was a deal ever moved against the process (Salesforce alone)?", "list",
        f"""
        select moves.to_stage_code, count(*), avg(cast(moves.is_allowed as integer)) as kept
        from marts.stage_moves as moves inner join marts.opportunities as deals using (opportunity_id)
        where {ONLY_SALESFORCE} and moves.is_recorded and moves.from_stage_code is not null
        group by all having kept < 1 order by 1
        """,
        _worst, _one_more_skip,
        tolerance=0.01, because=PAIRS,
    ),
    Question(
        "C25", "Of open deals that Salesforce alone keeps, on which share is a decision maker known, by stage?", "rate",
        f"""
        select deals.stage_code, count(*), avg(cast(deals.decision_maker_code in ('deal_flag', 'deal_role') as integer))
        from marts.opportunities as deals where {ONLY_SALESFORCE} and deals.is_open group by all order by 1
        """,
        _deciders, _all_known,
    ),
)  # fmt: skip
