"""What the rules about deals at risk are worth: replayed by other code, and beside the true chances of the deals."""

from datetime import date, timedelta
from statistics import fmean

import duckdb
import polars as pl
import pytest
from conftest import Built

from pipelines.demo import AS_OF

Tables = dict[str, pl.DataFrame]
SILENT_DAYS = 30  # as in the seed deal_risk_rules


def read(built: Built) -> Tables:
    marts = ("opportunities", "opportunity_crosswalk", "stage_probabilities")
    outlook = ("deal_risk", "deal_risk_precision", "deal_risk_sightings")
    with duckdb.connect(str(built.served), read_only=True) as connection:
        found = {name: connection.execute(f"from marts.{name}").pl() for name in marts}
        found |= {name: connection.execute(f"from outlook.{name}").pl() for name in outlook}
    truth = built.settings.home / "truth"
    return found | {
        name: pl.read_parquet(truth / f"{name}.parquet") for name in ("activities", "deals", "deal_chances")
    }


@pytest.fixture(scope="module")
def tables(built: Built) -> Tables:
    return read(built)


def true_deals(tables: Tables) -> dict[str, int]:
    """opportunity_id -> true_deal_id of the deals found exactly."""
    records = tables["opportunity_crosswalk"].join(tables["deals"], on=["source_system", "source_id"])
    pairs = records.select("opportunity_id", "true_deal_id").unique()
    for key in ("opportunity_id", "true_deal_id"):
        pairs = pairs.filter(pl.len().over(key) == 1)
    return dict(pairs.iter_rows())


def test_silence_is_replayed_by_the_activities_of_that_day(tables: Tables) -> None:
    true_deal, calls = true_deals(tables), dict[int, list[date]]()
    for deal, day in tables["activities"].select("true_deal_id", "occurred_on").iter_rows():
        calls.setdefault(deal, []).append(day)
    created = dict(tables["opportunities"].select("opportunity_id", "created_on").iter_rows())
    rows = tables["deal_risk_sightings"].filter(pl.col("rule") == "no_recent_contact")
    compared = 0
    for deal, day, flagged in rows.select("opportunity_id", "seen_on", "is_flagged").iter_rows():
        if deal in true_deal:
            last = max((call for call in calls.get(true_deal[deal], []) if call <= day), default=created[deal])
            assert flagged == ((day - last).days >= SILENT_DAYS), (deal, day)
            compared += 1
    assert compared > 300


def test_the_precision_of_a_rule_is_recounted_deal_by_deal(tables: Tables) -> None:
    settling = dict(tables["stage_probabilities"].select("stage_code", "settling_days").iter_rows())
    deals = {row["opportunity_id"]: row for row in tables["opportunities"].iter_rows(named=True)}
    flagged: dict[str, dict[str, tuple]] = {}
    peers: dict[tuple, dict[str, bool]] = {}
    for row in tables["deal_risk_sightings"].sort("seen_on").iter_rows(named=True):
        deal, days = deals[row["opportunity_id"]], timedelta(days=settling[row["stage_code"]])
        closed = deal["closed_on"]
        if row["seen_on"] + days > AS_OF or not (deal["is_open"] or row["seen_on"] <= closed <= AS_OF):
            continue
        cell = (row["rule"], row["stage_code"], row["age_band"])
        if row["is_flagged"]:
            flagged.setdefault(row["rule"], {}).setdefault(row["opportunity_id"], (cell, deal))
        elif not deal["is_open"]:
            peers.setdefault(cell, {})[row["opportunity_id"]] = deal["is_lost"]
    served = {row["rule"]: row for row in tables["deal_risk_precision"].iter_rows(named=True)}
    for rule, found in flagged.items():
        ended = [(cell, deal["is_lost"]) for cell, deal in found.values() if not deal["is_open"]]
        assert served[rule]["flagged_count"] == len(ended)
        if ended:
            assert served[rule]["loss_rate"] == pytest.approx(fmean(lost for _, lost in ended))
        rates = [fmean(peers[cell].values()) for cell, _ in ended if cell in peers]
        if rates:
            assert served[rule]["peer_loss_rate"] == pytest.approx(fmean(rates))
    assert len(flagged) >= 5


def test_a_rule_that_is_said_to_predict_marks_deals_with_lower_true_chances(tables: Tables) -> None:
    """Within a stage: a rule about late stages marks deals that are likelier to be won than most."""
    true_deal = true_deals(tables)
    chances = {(deal, day): chance for deal, day, chance in
               tables["deal_chances"].select("true_deal_id", "month_end", "p_won").iter_rows()}  # fmt: skip
    verdicts = dict(tables["deal_risk_precision"].select("rule", "verdict_code").iter_rows())
    seen: dict[tuple, list[float]] = {}
    for row in tables["deal_risk_sightings"].iter_rows(named=True):
        chance = chances.get((true_deal.get(row["opportunity_id"], -1), row["seen_on"]))
        if chance is not None:
            seen.setdefault((row["rule"], row["stage_code"], row["is_flagged"]), []).append(chance)
    for rule in (rule for rule, verdict in verdicts.items() if verdict == "predicts_loss"):
        of_stages = [(seen[r, stage, True], seen[r, stage, False]) for r, stage, flag in seen
                     if r == rule and flag and (r, stage, False) in seen]  # fmt: skip
        lower = sum(len(flags) * (fmean(peers) - fmean(flags)) for flags, peers in of_stages)
        assert lower / sum(len(flags) for flags, _ in of_stages) > 0.02, rule
    assert {"does_not_predict", "not_replayed"} & {*verdicts.values()}


def test_a_flag_of_today_says_since_when_and_what_its_rule_is_worth(tables: Tables) -> None:
    worth = {row["rule"]: row for row in tables["deal_risk_precision"].iter_rows(named=True)}
    seen = tables["deal_risk_sightings"].filter("is_flagged")
    first = {(deal, rule): day for deal, rule, day in seen.group_by("opportunity_id", "rule").agg(
        pl.col("seen_on").min()).iter_rows()}  # fmt: skip
    for row in tables["deal_risk"].iter_rows(named=True):
        assert row["first_flagged_on"] == first.get((row["opportunity_id"], row["rule"]), AS_OF)
        assert row["rule_loss_rate"] == worth[row["rule"]]["loss_rate"]
        assert row["rule_verdict_code"] == worth[row["rule"]]["verdict_code"]
    assert tables["deal_risk"].filter(pl.col("first_flagged_on") < AS_OF).height > 2
