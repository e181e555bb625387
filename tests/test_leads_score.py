"""The chance of a lead: better than the rate by age where something tells leads apart, else that rate."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from forecasts.deals.leads import LEAD_MODEL, LEAD_RATE, score_leads

pytestmark = pytest.mark.fast

AS_OF = date(2025, 12, 31)


def made_leads(seed: int, signal: float) -> pl.DataFrame:
    """Two years of leads; those from a referral become a deal `signal` times as often in log-odds, 10 to 60 days on."""
    rng, count = np.random.default_rng(seed), 1500
    created = np.array([date(2024, 1, 1) + timedelta(days=int(day)) for day in np.sort(rng.integers(0, 730, count))])
    is_referral = rng.random(count) < 0.4
    became = rng.random(count) < 1 / (1 + np.exp(1.5 - signal * is_referral))
    wait = rng.integers(10, 60, count)
    converted = [day + timedelta(days=int(days)) if is_deal else None
                 for day, days, is_deal in zip(created, wait, became, strict=True)]  # fmt: skip
    return pl.DataFrame(
        {
            "lead_id": [f"l{number}" for number in range(count)],
            "channel": np.where(is_referral, "Referral", "Fair").tolist(),
            "score": rng.normal(50, 10, count),
            "created_on": created.tolist(),
            "assigned_on": [day + timedelta(days=3) for day in created],
            "converted_on": converted,
        },
        schema_overrides={"converted_on": pl.Date},
    )


def test_a_channel_that_converts_more_raises_the_chance_and_is_the_reason() -> None:
    scores = score_leads(made_leads(1, 2.0), AS_OF)
    young = scores.rows.filter(pl.col("created_on") > AS_OF - timedelta(days=10))
    channels = made_leads(1, 2.0).select("lead_id", "channel")
    means = dict(young.join(channels, on="lead_id").group_by("channel").agg(pl.col("probability").mean()).rows())
    assert scores.rows["model"].unique().to_list() == [LEAD_MODEL]
    assert means["Referral"] == pytest.approx(1 / (1 + np.exp(-0.5)), abs=0.1)  # the law of made_leads
    assert means["Fair"] == pytest.approx(1 / (1 + np.exp(1.5)), abs=0.08)
    assert young["reasons"].str.contains("channel: (Referral, which raises|Fair, which lowers)").mean() > 0.9
    figures = {row["model"]: row for row in scores.registry.iter_rows(named=True)}
    assert figures[LEAD_MODEL]["brier"] < figures[LEAD_RATE]["brier"] and figures[LEAD_MODEL]["auc"] > 0.7


def test_where_nothing_tells_leads_apart_the_rate_by_age_serves_and_says_so() -> None:
    scores = score_leads(made_leads(2, 0.0), AS_OF)
    assert scores.rows["model"].unique().to_list() == [LEAD_RATE]
    assert scores.rows["fallback_reason"].str.contains("no proof").all() and scores.rows["reasons"].is_null().all()
    new = scores.rows.filter(pl.col("created_on") > AS_OF - timedelta(days=3))
    assert new["probability"].to_list() == pytest.approx([1 / (1 + np.exp(1.5))] * len(new), abs=0.04)


def test_a_lead_that_has_waited_long_hardly_becomes_a_deal() -> None:
    rows = score_leads(made_leads(1, 2.0), AS_OF).rows
    is_old = pl.col("created_on") < AS_OF - timedelta(days=90)
    is_new = pl.col("created_on") > AS_OF - timedelta(days=10)
    means = rows.select(
        old=pl.col("probability").filter(is_old).mean(), new=pl.col("probability").filter(is_new).mean()
    )
    assert means["old"][0] < 0.1 * means["new"][0]


def test_what_happens_later_changes_no_score() -> None:
    leads = made_leads(3, 2.0)
    day = date(2025, 6, 30)
    by_then = leads.filter(pl.col("created_on") <= day).with_columns(
        converted_on=pl.when(pl.col("converted_on") <= day).then("converted_on")
    )
    assert_frame_equal(score_leads(leads, day).rows, score_leads(by_then, day).rows)


def test_no_leads_have_no_scores() -> None:
    scores = score_leads(made_leads(1, 1.0).clear(), AS_OF)
    assert scores.rows.is_empty() and scores.registry.is_empty()
