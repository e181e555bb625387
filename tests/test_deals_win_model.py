"""The win model: it serves where it sees more than the table, says why, and reads nothing of later days."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from deal_histories import made_deals

from forecasts.deals.competing_logit import Cells, fit_logit
from forecasts.deals.contributions import in_words
from forecasts.deals.features import learn_recipe, raw_features
from forecasts.deals.history import History
from forecasts.deals.judging import auc, slope
from forecasts.deals.panel import Panel, panel, past_origins
from forecasts.deals.scores import Scores, score_deals
from forecasts.deals.settings import Settings
from forecasts.deals.win_model import calibration, hazards
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

AS_OF = date(2025, 9, 30)
FEW = Settings(draws=100)


@pytest.fixture(scope="module")
def made() -> tuple[pl.DataFrame, pl.DataFrame]:
    return made_deals(3, months=40, per_month=40, signal=2.0)


@pytest.fixture(scope="module")
def scores(made: tuple[pl.DataFrame, pl.DataFrame]) -> Scores:
    return score_deals(History(AS_OF, *made), FEW)


def test_the_model_serves_where_a_trait_decides_and_names_it(scores: Scores) -> None:
    assert set(scores.deals["model"]) == {"win_model"} and scores.deals["fallback_reason"].null_count() == len(
        scores.deals
    )
    served = scores.registry.filter("is_served").row(0, named=True)
    assert served["model"] == "win_model" and served["auc"] > scores.registry.filter(~pl.col("is_served"))["auc"][0]
    assert served["tested_row_count"] > 250 and 0.7 < served["calibration_slope"] < 1.3
    assert "channel" in scores.drivers["feature"][:2].to_list()
    assert scores.deals["reasons"].str.contains("channel: (referral|cold), which (raises|lowers) it").mean() > 0.9


def test_the_model_finds_the_chances_of_the_law(scores: Scores) -> None:
    """Ever won: by referral deal .24 / .27, offer and talk x .10 / .125; cold .12 / .18, x .10 / .15."""
    others = [(seed, *made_deals(seed, months=40, per_month=40, signal=2.0)) for seed in (5, 6)]
    parts = [score_deals(History(AS_OF, deals, seen), FEW) for _, deals, seen in others]
    rows = pl.concat([_by_channel(one) for one in (scores, *parts)])
    rows = rows.group_by("channel", "stage_code").agg(pl.col("won_probability").mean())
    chance = {(channel, stage): mean for channel, stage, mean in rows.iter_rows()}
    law = {("referral", "deal"): 0.24 / 0.27, ("referral", "talk"): 0.24 / 0.27 * 0.8**2}
    law |= {("cold", "deal"): 0.12 / 0.18, ("cold", "talk"): 0.12 / 0.18 / 1.5**2}
    for cell, expected in law.items():
        assert chance[cell] == pytest.approx(expected, abs=0.06), cell


def _by_channel(scores: Scores) -> pl.DataFrame:
    channel = scores.open_deals.rows.select("deal_id", "channel")
    return scores.deals.join(channel, on="deal_id").select("channel", "stage_code", "won_probability")


def test_contributions_sum_to_the_log_odds(scores: Scores) -> None:
    sums = scores.reasons.group_by("deal_id").agg(pl.col("contribution").sum())
    rows = sums.join(scores.deals, on="deal_id")
    chance = rows["won_probability"].to_numpy()
    assert len(rows) == len(scores.deals)
    assert np.abs(rows["contribution"].to_numpy() - np.log(chance / (1 - chance))).max() < 1e-9


def test_without_a_signal_the_table_serves_and_no_driver_is_named() -> None:
    flat = score_deals(History(AS_OF, *made_deals(4, months=40, per_month=40)), FEW)
    assert set(flat.deals["model"]) == {"stage_table"} and len(flat.drivers) == 0
    assert "no proof" in flat.deals["fallback_reason"][0]
    assert set(flat.registry["model"]) == {"win_model", "stage_table"}


def test_too_few_won_deals_leave_the_table_and_say_the_number(made: tuple) -> None:
    young = History(date(2023, 6, 30), *made)
    assert young.closed_deal_count > 30 and young.won_deal_count < 100
    assert f"{young.won_deal_count} won deals, 100" in score_deals(young, FEW).deals["fallback_reason"][0]


def test_one_row_alone_is_scored_as_in_a_batch(made: tuple) -> None:
    history = History(AS_OF, *made)
    rows = panel(history, Frequency("MS"), past_origins(Frequency("MS"), AS_OF, 30), 12).rows
    raw = raw_features(history, rows)
    recipe = learn_recipe(raw)
    whole = recipe.matrix(raw)
    for number in range(0, len(rows), 97):
        alone = raw_features(history, rows[number : number + 1])
        assert np.allclose(recipe.matrix(alone), whole[number])


def test_nothing_after_as_of_changes_a_score_of_the_model(made: tuple, scores: Scores) -> None:
    deals, seen = made
    later = pl.col("known_on") > AS_OF
    other = seen.with_columns(
        channel=pl.when(later).then(pl.lit("cold")).otherwise("channel"),
        region=pl.when(later).then(pl.lit("north")).otherwise("region"),
        amount=pl.when(later).then(1e8).otherwise("amount"),
    )
    is_later = (pl.col("closed_on") > AS_OF).fill_null(value=False)
    flipped = deals.with_columns(
        outcome=pl.when(is_later).then(pl.lit("lost")).otherwise("outcome"),
        amount=pl.when(is_later).then(1e8).otherwise("amount"),
    )
    again = score_deals(History(AS_OF, flipped, other), FEW)
    assert again.deals.equals(scores.deals) and again.reasons.equals(scores.reasons)
    assert again.registry.equals(scores.registry)


def test_the_logit_is_the_maximum_of_its_penalised_likelihood() -> None:
    """Two windows of the same rows: slopes are shared, the second window has a level of its own."""
    from scipy.optimize import minimize

    rng = np.random.default_rng(2)
    columns, place = rng.normal(size=(400, 3)), np.repeat([0, 1], 400)
    row, outcome = np.tile(np.arange(400), 2), rng.choice(3, 800, p=[0.6, 0.25, 0.15])
    design = np.column_stack([columns[row], np.ones(800), place])
    precision = np.array([5.0, 5.0, 5.0, 1e-4, 4.0])

    def loss(parts: np.ndarray) -> float:
        odds = np.column_stack([np.zeros(800), design @ parts[:5], design @ parts[5:]])
        chosen = odds[np.arange(800), outcome]
        return float((np.log(np.exp(odds).sum(axis=1)) - chosen).sum() + (np.tile(precision, 2) * parts**2).sum() / 2)

    best = minimize(loss, np.zeros(10), method="BFGS", options={"gtol": 1e-6}).x
    ours = fit_logit(Cells(columns, row, place, outcome, 2), 5.0, np.zeros((2, 3)))
    assert np.allclose(ours.ravel(), best, atol=1e-3)


def test_auc_and_slope_are_those_of_scikit_learn_and_of_the_law() -> None:
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(3)
    log_odds = rng.normal(0, 1.5, 4000)
    won = rng.random(4000) < 1 / (1 + np.exp(-log_odds))
    chance = 1 / (1 + np.exp(-2 * log_odds))
    assert auc(chance.round(2), won) == pytest.approx(roc_auc_score(won, chance.round(2)))
    assert slope(chance, won) == pytest.approx(0.5, abs=0.04)  # twice too bold


def test_reasons_are_clauses_that_people_say() -> None:
    features = {
        "customer_never_bought": "yes",
        "has_budget": "no",
        "is_repeat": "yes",
        "stage_code": "needs",
        "season": None,
    }
    rows = pl.DataFrame(
        {
            "deal_id": [*"abcde"],
            "rank": 1,
            "feature": [*features],
            "value": [*features.values()],
            "contribution": -0.456,
        }
    )
    assert in_words(rows)["reasons"].str.replace(", which lowers it (-0.46)", "", literal=True).to_list() == [
        *("the customer has never bought", "has no budget", "is repeat", "stage: needs", "the season")
    ]


def test_a_level_that_the_model_has_learnt_is_not_moved_again() -> None:
    """Wins rose in the newest year: the model that had not seen it lacks .5 of log-odds, the one that serves none."""
    rng, count = np.random.default_rng(3), 20_000
    odds = rng.normal(-1.5, 0.8, (count, 1)), rng.normal(-1.2, 0.8, (count, 1))
    won, lost = hazards(*odds)
    draw = rng.random((count, 1))
    outcome = np.where(draw < won, 1, np.where(draw < won + lost, 2, 0))[:, 0]
    rows = Panel(pl.DataFrame(), (outcome > 0).astype(int), outcome, np.ones(count, dtype=int), {})
    unseen = odds[0] - 0.5, odds[1]
    assert np.allclose(calibration(unseen, odds, rows), [[0, 1, 0, 1]], atol=0.06)
    assert np.allclose(calibration(unseen, unseen, rows), [[0.5, 1, 0, 1]], atol=0.08)
