"""Leads and ages: what was known on which day, which rate serves whom, and what is written down of it."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from forecasts.deals import leads
from forecasts.deals.features import Recipe
from forecasts.deals.leads import score_leads

pytestmark = pytest.mark.fast

TODAY = date(2025, 12, 31)
DAY = timedelta(days=1)


def ago(days: int | None) -> date | None:
    return None if days is None else TODAY - days * DAY


def leads_of(*ages: tuple[int, int | None, int | None]) -> pl.DataFrame:
    """Of each lead how many days ago it came in, was given to somebody, and became a deal."""
    frame = {
        "lead_id": [f"l{number}" for number in range(len(ages))],
        "created_on": [ago(created) for created, _, _ in ages],
        "assigned_on": [ago(assigned) for _, assigned, _ in ages],
        "converted_on": [ago(converted) for _, _, converted in ages],
    }
    return pl.DataFrame(frame, schema_overrides={"assigned_on": pl.Date, "converted_on": pl.Date})


def test_a_lead_is_a_row_at_every_age_that_it_reached_without_becoming_a_deal() -> None:
    """Reached 100 days ago: ages 0 to 30 of one that came 130 days ago; the second became a deal at the age of 7."""
    rows = leads._panel(
        leads_of((130, None, None), (130, None, 123), (130, None, 33), (101, None, 50)), TODAY - 100 * DAY
    )
    ages = {lead: rows.filter(pl.col("lead_id") == lead)["age"].to_list() for lead in ("l0", "l1", "l2", "l3")}
    assert ages == {"l0": [0, 3, 7, 14, 30], "l1": [0, 3], "l2": [0, 3, 7, 14, 30], "l3": [0]}
    third = rows.filter(pl.col("lead_id") == "l2")["became"].to_list()
    assert third == [False, False, True, True, True], "97 days after it came, 90 days after its seventh"
    assert rows.filter(pl.col("lead_id") == "l1")["became"].all()
    assert not rows.filter(pl.col("lead_id") == "l0")["became"].any()


def test_sixty_and_ninety_days_are_the_last_ages() -> None:
    assert leads._panel(leads_of((400, None, None)), TODAY)["age"].to_list() == [0, 3, 7, 14, 30, 60, 90]


@pytest.mark.parametrize(
    ("assigned", "has_owner", "waited"), [(None, 0, 10), (12, 1, 8), (10, 1, 10), (9, 0, 10), (25, 1, 0)]
)
def test_a_lead_waits_until_it_is_given_to_somebody_or_until_the_day(
    assigned: int | None, has_owner: float, waited: int
) -> None:
    """It came 20 days ago; the day is 10 days ago."""
    known = leads._at(leads_of((20, assigned, None)), pl.lit(ago(10)))
    assert known["has_owner"].to_list() == [has_owner]
    assert known["unassigned_days"].to_list() == pytest.approx([np.log(waited + 1)])


def test_the_rate_of_an_age_leans_on_that_of_all_and_serves_until_the_next_age() -> None:
    """Of ten rows of age 0 six became a deal, of ten of age 7 two; over all eight of twenty."""
    past = pl.DataFrame({"age": [0] * 10 + [7] * 10, "became": [True] * 6 + [False] * 4 + [True] * 2 + [False] * 8})
    rates = leads._rates(past)
    assert rates == {0: pytest.approx(14 / 30), 7: pytest.approx(10 / 30)}
    asked = leads._rate(pl.DataFrame({"age": [-1, 0, 6, 7, 8, 99]}), {0: 0.5, 7: 0.25})
    assert asked.tolist() == [0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_the_features_of_a_lead_are_its_columns_and_the_log_odds_of_its_rate() -> None:
    rows = leads_of((20, 12, None)).with_columns(age=pl.lit(20), became=pl.lit(True), score=pl.lit(3))
    told = leads._raw(rows, {0: 0.2})
    assert told.row(0, named=True) == {"score": 3, "share_of_this_age_probability": pytest.approx(np.log(0.25))}
    sure = leads._raw(rows, {0: 1.0})["share_of_this_age_probability"][0]
    assert sure == pytest.approx(np.log(1e6), rel=1e-3)


def test_figures_are_means_over_what_was_asked() -> None:
    chance, became = np.array([0.8, 0.6, 0.3, 0.1]), np.array([True, False, True, False])
    told = leads._figures("one", chance, became)
    assert told["n_tested_rows"] == 4 and told["auc"] == pytest.approx(0.75)
    assert told["brier"] == pytest.approx((0.04 + 0.36 + 0.49 + 0.01) / 4)
    assert told["log_loss"] == pytest.approx(-np.log([0.8, 0.4, 0.3, 0.9]).mean())
    for same in (np.ones(4, bool), np.zeros(4, bool)):
        assert leads._figures("one", chance, same) == {"model": "one", "n_tested_rows": 0}
    assert leads._figures("one", None, None) == {"model": "one", "n_tested_rows": 0}


def test_a_chance_that_was_wrong_for_sure_costs_what_one_in_a_million_does() -> None:
    np.testing.assert_allclose(leads._log_likelihood(np.array([0.0, 1.0]), np.array([True, True])), [np.log(1e-6), 0])


def yearly(converting: int, size: int) -> pl.DataFrame:
    """One lead a day, the oldest `size` days old; of ten in a row `converting` became a deal after five days."""
    days = range(size, 0, -1)
    return leads_of(*((day, day - 1, day - 5 if day % 10 < converting and day > 5 else None) for day in days))


def test_the_newest_leads_are_scored_by_the_rate_where_too_few_became_a_deal() -> None:
    made = score_leads(yearly(1, 400), TODAY)
    assert set(made.rows["model"]) == {"lead_rate"}
    assert made.rows["fallback_reason"][0] == (
        "9 leads and ages became a deal before the test, 50 are needed for the model"
    )
    entry = made.registry.row(0, named=True)
    assert (entry["model"], entry["is_served"], entry["n_tested_rows"]) == ("lead_rate", True, 0)
    assert (
        entry["model_version"] == "lead_rate-2025-12-31" and entry["choice_reason"] == made.rows["fallback_reason"][0]
    )
    assert (entry["n_closed_deals"], entry["n_won_deals"]) == (311, 32) and entry["n_rows"] == len(past_rows(400))
    assert (entry["trained_from"], entry["trained_to"]) == (ago(400), ago(90))
    assert set(made.rows["n_leads"]) == {311}


def past_rows(size: int) -> pl.DataFrame:
    return leads._panel(yearly(1, size), TODAY - 90 * DAY)


def test_leads_that_are_deals_or_older_than_half_a_year_are_not_scored() -> None:
    """Ages end with 90 days, and what becomes of a lead is looked at for 90 more: 179 days old is the oldest."""
    asked = leads_of(
        (181, None, None), (180, None, None), (179, None, None), (5, None, 3), (5, None, -3), (-2, None, None)
    )
    scored = score_leads(asked, TODAY).rows
    assert scored["lead_id"].to_list() == ["l2", "l4"]
    assert scored["created_on"].to_list() == [ago(179), ago(5)]


def test_what_happens_after_the_day_of_the_forecast_is_not_known() -> None:
    later = score_leads(leads_of((200, None, None), (5, -1, -3), (5, 0, 0)), TODAY).rows
    assert later["lead_id"].to_list() == ["l1"]


def traits(size: int, since: int) -> pl.DataFrame:
    """Leads of a fair become a deal within the week, others never; the oldest is `since` days old."""
    frame = leads_of(*((since - number, None, since - number - 5 if number % 2 else None) for number in range(size)))
    return frame.with_columns(channel=pl.Series(["other", "fair"] * (size // 2)))


def test_where_a_trait_decides_the_model_is_proven_and_both_are_written_down() -> None:
    made = score_leads(traits(600, 601), TODAY)
    assert set(made.rows["model"]) == {"lead_model"} and made.rows["fallback_reason"].null_count() == len(made.rows)
    told = {entry["model"]: entry for entry in made.registry.iter_rows(named=True)}
    assert (told["lead_model"]["is_served"], told["lead_rate"]["is_served"]) == (True, False)
    assert told["lead_model"]["choice_reason"] == "better than the rate by age out of time"
    assert told["lead_rate"]["choice_reason"] == "the lead model is better"
    assert told["lead_model"]["auc"] > 0.95 > told["lead_rate"]["auc"]
    fair = made.rows.join(traits(600, 601), on="lead_id").filter(pl.col("channel") == "fair")
    assert len(fair) and (fair["probability"] > fair["base_probability"]).all()
    assert fair["reasons"].str.contains("channel: fair, which raises it").all()


@pytest.mark.parametrize(("converted", "is_tried"), [(49, False), (50, True)])
def test_a_model_is_tried_from_fifty_rows_on_that_became_a_deal(converted: int, is_tried: bool) -> None:
    """Each row of age 0 came long before the test, and its window ends on the last day before that."""
    cut = TODAY - 270 * DAY
    before = [{"lead_id": f"b{number}", "created_on": cut - 90 * DAY, "age": 0, "became": number < converted,
               "score": float(number < converted)} for number in range(120)]  # fmt: skip
    unused = [{"lead_id": f"u{number}", "created_on": cut - 89 * DAY, "age": 0, "became": True, "score": 1.0}
              for number in range(9)]  # fmt: skip
    later = [{"lead_id": f"n{number}", "created_on": cut + DAY, "age": 0, "became": number % 2 == 0,
              "score": float(number % 2 == 0)} for number in range(40)]  # fmt: skip
    refused, figures = leads._refused(pl.DataFrame(before + unused + later), cut)
    assert [one["model"] for one in figures] == (["lead_model", "lead_rate"] if is_tried else ["lead_rate"])
    assert (refused is None) == is_tried
    nobody, _ = leads._refused(pl.DataFrame(before + unused), cut)
    assert nobody is not None and nobody.startswith(f"{converted} leads")


def test_a_young_list_of_leads_is_not_scored() -> None:
    assert score_leads(leads_of((9, None, None)), TODAY).rows.is_empty()
    assert score_leads(leads_of((300, None, None)), TODAY).rows.is_empty()


def test_log_odds_are_chances_of_one_to_their_exponential() -> None:
    np.testing.assert_allclose(leads._chance(np.array([0.0, np.log(3)])), [0.5, 0.75])


def test_a_model_that_gains_nothing_is_no_proof_and_both_are_judged() -> None:
    """Every second lead becomes a deal, whatever its score."""
    rows = [{"lead_id": f"l{number}", "created_on": TODAY - number * DAY, "age": 0, "became": number % 2 == 0,
             "score": float(number % 3)} for number in range(600)]  # fmt: skip
    refused, figures = leads._refused(pl.DataFrame(rows), TODAY - 300 * DAY)
    assert refused is not None and refused.startswith("the lead model gained -0.0") and refused.endswith("no proof")
    assert [one["n_tested_rows"] for one in figures] == [300, 300]


def test_reasons_of_a_lead_are_its_columns_times_their_slopes_summed_by_feature() -> None:
    """Score 2 sd above the mean: 2 x .3; the channel's two columns .4 x .5 - .6 x .25; the age 0."""
    recipe = Recipe(
        {"score": (1.0, 2.0)}, {"channel": ("fair", "cold")}, (), {"channel = fair": 0.6, "channel = cold": 0.6}
    )
    model = leads._Model({0: 0.5}, recipe, np.array([0.3, 0.5, 0.25, -1.0]))
    rows = leads_of((5, None, None)).with_columns(age=pl.lit(5), score=pl.lit(5.0), channel=pl.lit("fair"))
    assert model.log_odds(rows)[0] == pytest.approx(0.6 + 0.2 - 0.15 - 1)
    assert leads._reasons(model, rows, TODAY).rows() == [
        ("l0", "score of the lead: 5.0, which raises it (+0.6); channel: fair, which raises it (+0.05)"),
    ]  # fmt: skip
    assert leads._reasons(None, rows, TODAY).is_empty()
