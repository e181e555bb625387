"""Moves of deals between stages, and what was known at entry, against the path that each true deal took."""

from datetime import date

import duckdb
import polars as pl
import pytest
from conftest import Built

from pipelines.demo import AS_OF

Tables = dict[str, pl.DataFrame]
LADDER = ["lead", "qualified", "needs", "decision_makers", "proposal", "negotiation"]
BACK = {("negotiation", "proposal"), ("proposal", "decision_makers")}  # as in the seed stage_graph
NEEDED = {"confirmed budget": "budget_on", "known decision process": "process_on", "decision maker": "decider_on"}
ASKS = {"decision_makers": ["decider_on"], "proposal": [*NEEDED.values()], "negotiation": [*NEEDED.values()]}


def read(built: Built) -> Tables:
    with duckdb.connect(str(built.served), read_only=True) as connection:
        names = ("stage_moves", "process_adherence", "opportunity_crosswalk", "opportunities")
        found = {name: connection.execute(f"from marts.{name}").pl() for name in names}
    truth = built.settings.home / "truth"
    return found | {name: pl.read_parquet(truth / f"{name}.parquet") for name in ("deals", "deal_moves", "deal_facts")}


@pytest.fixture(scope="module")
def tables(built: Built) -> Tables:
    return read(built)


def exact_deals(tables: Tables, system: str | None = None) -> pl.DataFrame:
    """opportunity_id, true_deal_id of the deals found exactly, of one system only where one is named."""
    records = tables["opportunity_crosswalk"].join(tables["deals"], on=["source_system", "source_id"])
    pairs = records.select("opportunity_id", "true_deal_id").unique()
    for key in ("opportunity_id", "true_deal_id"):
        pairs = pairs.filter(pl.len().over(key) == 1)
    served = tables["opportunities"].select("opportunity_id", "source_system")
    pairs = pairs.join(served, on="opportunity_id")
    return pairs if system is None else pairs.filter(pl.col("source_system") == system)


def true_paths(tables: Tables) -> dict[int, list[dict]]:
    paths: dict[int, list[dict]] = {}
    for move in tables["deal_moves"].filter(pl.col("entered_on") <= AS_OF).iter_rows(named=True):
        paths.setdefault(move["true_deal_id"], []).append(move)
    return paths


def test_a_recorded_move_is_the_true_one_with_its_day_and_kind(tables: Tables) -> None:
    paths = true_paths(tables)
    ids = dict(exact_deals(tables, "salesforce").select("opportunity_id", "true_deal_id").iter_rows())
    served: dict[int, list[tuple]] = {}
    for row in tables["stage_moves"].sort("opportunity_id", "move_number").iter_rows(named=True):
        if row["opportunity_id"] in ids:
            found = tuple(row[name] for name in ("to_stage_code", "moved_on", "move_code", "is_same_day"))
            served.setdefault(ids[row["opportunity_id"]], []).append(found)
    keys = ("stage", "entered_on", "kind", "is_same_day")
    wanted = {deal: [tuple(move[key] for key in keys) for move in paths[deal]] for deal in served}
    assert served == wanted
    kinds = {kind for moves in served.values() for _, _, kind, _ in moves}
    assert kinds == {"created", "next", "skipped", "backward", "reopened", "won", "lost"} and len(served) > 300


def test_a_move_that_only_exports_show_lies_between_its_two_days(tables: Tables) -> None:
    """Of the days on which the deal truly entered that stage one lies between them."""
    paths = true_paths(tables)
    rows = tables["stage_moves"].filter(~pl.col("is_exact") & pl.col("earliest_on").is_not_null())
    rows = rows.join(exact_deals(tables), on="opportunity_id")
    wrong = []
    for row in rows.iter_rows(named=True):
        days = [m["entered_on"] for m in paths[row["true_deal_id"]] if m["stage"] == row["to_stage_code"]]
        if not any(row["earliest_on"] <= day <= row["latest_on"] for day in days):
            wrong.append((row["opportunity_id"], row["to_stage_code"], row["earliest_on"], row["latest_on"], days))
    # A second record of a deal is entered up to six days after the first, with days of its own.
    assert len(wrong) <= 0.03 * rows.height, wrong[:10]
    assert rows.height > 150


def is_kept(move: dict) -> bool:
    """Whether the company's process allows a true move, told by its places on the ladder."""
    before, after = move["previous_stage"], move["stage"]
    if before == "lost":
        return False
    if after == "lost" or (before, after) in BACK:
        return True
    if after == "won":
        return before in ("proposal", "negotiation")
    return LADDER.index(after) == LADDER.index(before) + 1


def test_adherence_is_the_share_of_true_moves_that_keep_to_the_process(tables: Tables) -> None:
    """Compared on the deals of Salesforce, whose history shows every stage."""
    moves = tables["stage_moves"].filter(pl.col("is_recorded") & pl.col("from_stage_code").is_not_null())
    moves = moves.join(exact_deals(tables, "salesforce"), on="opportunity_id")
    served = (moves["is_allowed"].sum(), moves.height)
    ids = {*moves["true_deal_id"]}
    truth = [m for deal, path in true_paths(tables).items() if deal in ids for m in path if m["previous_stage"]]
    assert served == (sum(map(is_kept, truth)), len(truth))
    total = tables["process_adherence"].filter((pl.col("level") == "total") & (pl.col("period") == "all_time"))
    recorded = tables["stage_moves"].filter(pl.col("is_recorded") & pl.col("from_stage_code").is_not_null())
    assert total["judged_count"].item() == recorded.height
    assert total["adherence_rate"].item() == pytest.approx(recorded["is_allowed"].sum() / recorded.height)


def known_by(facts: dict, flag: str, day: date) -> bool:
    return facts[flag] is not None and facts[flag] <= day


def test_what_was_known_at_entry_was_so_in_the_world_and_unknown_is_said(tables: Tables) -> None:
    facts = {row["true_deal_id"]: row for row in tables["deal_facts"].iter_rows(named=True)}
    rows = tables["stage_moves"].filter(pl.col("preparation_code").is_in(["prepared", "unprepared"]))
    rows = rows.filter("is_exact").join(exact_deals(tables, "salesforce"), on="opportunity_id")
    for row in rows.iter_rows(named=True):
        deal, day, asked = facts[row["true_deal_id"]], row["moved_on"], ASKS[row["to_stage_code"]]
        missing = [name for name, flag in NEEDED.items() if flag in asked and not known_by(deal, flag, day)]
        told = (row["missing_at_entry"] or "").split(", ") if row["preparation_code"] == "unprepared" else []
        assert {*told} <= {*missing}, row
        assert row["preparation_code"] == "unprepared" or not missing, row
    assert {*rows["preparation_code"]} == {"prepared", "unprepared"} and rows.height > 20


def test_the_true_share_of_unprepared_entries_lies_between_the_two_that_are_served(tables: Tables) -> None:
    facts = {row["true_deal_id"]: row for row in tables["deal_facts"].iter_rows(named=True)}
    moves = tables["stage_moves"].filter(pl.col("preparation_code").is_in(["prepared", "unprepared", "unknown"]))
    moves = moves.filter("is_exact").join(exact_deals(tables, "salesforce"), on="opportunity_id")
    unprepared = [
        not all(known_by(facts[row["true_deal_id"]], flag, row["moved_on"]) for flag in ASKS[row["to_stage_code"]])
        for row in moves.iter_rows(named=True)
    ]
    codes = moves["preparation_code"]
    low, unknown = (codes == "unprepared").sum(), (codes == "unknown").sum()
    assert low <= sum(unprepared) <= low + unknown
