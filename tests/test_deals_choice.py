"""Which model serves with how many deals, what is written down of it, and what the scores say of each deal."""

from dataclasses import FrozenInstanceError, fields
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from deal_histories import deal_rows

from forecasts.deals import choice as choices
from forecasts.deals import scores as scored
from forecasts.deals.amounts import Ratios
from forecasts.deals.calendar_effects import fit_effects
from forecasts.deals.choice import Choice, choose
from forecasts.deals.competing_logit import Cells
from forecasts.deals.features import Recipe, learn_recipe
from forecasts.deals.history import History
from forecasts.deals.inflow import fit_inflow
from forecasts.deals.invoicing import fit_invoicing
from forecasts.deals.judging import Verdict, judged
from forecasts.deals.leads import score_leads
from forecasts.deals.panel import Panel, Windows, panel, past_origins
from forecasts.deals.pipeline import forecast_pipeline
from forecasts.deals.schema import conform
from forecasts.deals.scores import score_deals
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances, fit_table
from forecasts.deals.win_model import WinModel, fit_win_model
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = Frequency("MS")
TODAY = date(2025, 6, 30)
FEW = Settings(periods=2, origins=3, fewest_closed=3, fewest_won=2, draws=5, festivals=())
NONE_OPEN = Panel(pl.DataFrame({"stage_code": ["talk", None, "new"]}), np.zeros(3), np.zeros(3), np.zeros(3), {})


def history(won: int, lost: int, still_open: int = 2) -> History:
    """Deals of January in talk; those that ended did so in May."""
    ended = [{"closed_on": date(2025, 5, 5), "outcome": outcome} for outcome in ["won"] * won + ["lost"] * lost]
    return looked_at_once(deal_rows(*ended, *[{}] * still_open, created_on=date(2025, 1, 2), amount=10.0))


def looked_at_once(deals: pl.DataFrame, **more: pl.Expr) -> History:
    """Each deal was seen on the day it came."""
    columns = {"status_code": pl.lit("open"), "stage_code": pl.lit("talk")} | more
    return History(TODAY, deals, deals.select("deal_id", "amount", known_on="created_on", **columns))


def chosen(known: History, settings: Settings = FEW) -> Choice:
    past = panel(known, MONTHS, past_origins(MONTHS, TODAY, settings.origins), settings.periods)
    now = panel(known, MONTHS, [TODAY], settings.periods)
    return choose(known, past, now, settings, {"talk": 0.4})


def test_the_assumed_chance_of_a_stage_is_spread_at_a_quarter_of_the_deals_a_period() -> None:
    """Of .4: .1, then of the three quarters that are left as much again; unknown stages have the usual .25."""
    chances = choices._seeded(NONE_OPEN.rows, Settings(periods=2), {"talk": 0.4, "unknown": 0.8})
    np.testing.assert_allclose(chances.won, [[0.1, 0.075], [0.2, 0.15], [0.0625, 0.25 * 0.25 * 0.75]])
    np.testing.assert_allclose(chances.lost, [[0.15, 0.1125], [0.05, 0.0375], [0.1875, 0.75 * 0.25 * 0.75]])
    assert chances.n.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("won", "lost", "name", "why"),
    [
        (1, 1, "seed", "2 closed deals, 3 are needed: the probabilities assumed by stage serve"),
        (1, 2, "stage_table", "1 won deals, 2 are needed for the win model"),
        (2, 1, "stage_table", "the win model needs 25 past periods: to learn from, and to be judged on"),
    ],
)
def test_a_model_serves_from_as_many_deals_on_as_it_needs(won: int, lost: int, name: str, why: str) -> None:
    made = chosen(history(won, lost))
    assert (made.name, made.why) == (name, why) and made.model is None
    assert made.version.startswith(f"{name}-2025-06-30-") and len(made.version.rsplit("-", 1)[1]) == 8
    entry = made.registry.row(0, named=True)
    assert (entry["model"], entry["is_served"], entry["reason"], len(made.registry)) == (name, True, why, 1)
    assert (entry["closed_deal_count"], entry["won_deal_count"]) == (won + lost, won)
    assert entry["row_count"] == 2 * (won + lost) + 6, "open at the ends of March and April; two also of May"
    assert (entry["tested_row_count"], entry["null_share"], entry["features_hash"]) == (0, 0, None)
    assert (entry["trained_from"], entry["trained_to"]) == (date(2025, 3, 31), date(2025, 5, 31))


def test_without_a_deal_of_the_past_the_seed_serves() -> None:
    known = history(3, 3)
    now = panel(known, MONTHS, [TODAY], 2)
    nothing = panel(known, MONTHS, [date(2024, 1, 31)], 2)
    made = choose(known, nothing, now, FEW, {"talk": 0.4})
    assert made.name == "seed" and made.chances.won[0].tolist() == pytest.approx([0.1, 0.075])


def one_after_the_other() -> History:
    """Of 120 deals of one day every sixth day one is decided, won and lost in turn; ten are open today."""
    first = date(2023, 6, 2)
    ended: list[dict[str, object]] = [
        {"closed_on": first + timedelta(days=6 * n), "outcome": ("won", "lost")[n % 2]} for n in range(110)
    ]
    deals = deal_rows(*ended, *[{}] * 10, created_on=date(2023, 1, 1), amount=10.0)
    return looked_at_once(deals, score=(pl.int_range(pl.len()) % 3).cast(pl.Float64))


@pytest.mark.parametrize(
    ("origins", "gained", "why"),
    [
        (24, (9.0, 0.1), "the win model needs 25 past periods: to learn from, and to be judged on"),
        (
            25,
            (0.1, 0.1),
            "the win model gained 0.100 +- 0.100 nats a deal on the table over the last 12 periods: no proof",
        ),
        (25, (0.2, 0.1), None),
    ],
)
def test_a_win_model_serves_where_it_gained_more_than_chance_in_the_last_year(
    origins: int, gained: tuple[float, float], why: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choices, "gain", lambda *_: gained)
    known = one_after_the_other()
    made = chosen(known, Settings(periods=2, origins=origins, festivals=(), fewest_won=55))
    assert (made.name, made.why) == ("win_model" if why is None else "stage_table", why)
    told = {entry["model"]: entry for entry in made.registry.iter_rows(named=True)}
    assert told.keys() == ({"stage_table"} if origins == 24 else {"stage_table", "win_model"})
    assert [name for name, entry in told.items() if entry["is_served"]] == [made.name]
    assert told["stage_table"]["reason"] == (why or "the win model is better")
    if origins > 24:
        assert told["win_model"]["reason"] == (why or "better than the table out of time")
        asked = panel(known, MONTHS, past_origins(MONTHS, TODAY, 12), 2).rows
        assert told["win_model"]["tested_row_count"] == told["stage_table"]["tested_row_count"] == len(asked)
        assert (told["win_model"]["null_share"], len(told["win_model"]["features_hash"])) == (0, 16)
        assert told["stage_table"]["features_hash"] is None
    if why is None:
        assert made.model is not None and len(made.raw) == len(made.columns) == len(made.season) == 10
        served = made.model.predict(made.columns, made.season)
        np.testing.assert_allclose(made.chances.won, served.won)
        assert made.season.shape == (10, 2) and np.abs(made.season).max() < 1


def test_the_registry_tells_figures_of_every_candidate_and_which_serves() -> None:
    known = history(2, 1)
    past = panel(known, MONTHS, past_origins(MONTHS, TODAY, 3), 2)
    verdict = Verdict(9, 0.7, 0.1, 0.5, 0.9)
    told = choices._registry(known, past, {"a": (verdict, "poor", "f1", 0.25), "b": (None, None, None, 0.0)}, "b")
    assert told["is_served"].to_list() == [False, True] and told["as_of"].to_list() == [TODAY] * 2
    figures = ("tested_row_count", "auc", "brier", "log_loss", "calibration_slope", "null_share")
    assert told.select(figures).rows() == [(9, 0.7, 0.1, 0.5, 0.9, 0.25), (0, None, None, None, None, 0.0)]
    assert told["model_version"][0] != told["model_version"][1].replace("b-", "a-")


def test_scores_of_a_deal_are_sums_over_its_windows() -> None:
    known = history(1, 0, still_open=2)
    now = panel(known, MONTHS, [TODAY], 2)
    chances = Chances(np.array([[0.2, 0.3], [0.0, 0.1]]), np.array([[0.1, 0.1], [0.0, 0.0]]), np.array([5, 6]))
    made = Choice("stage_table", "why", chances, pl.DataFrame(), "v1")
    ratios = Ratios({"talk": 0}, np.array([0.5, 1.0]), [np.ones(1), np.ones(1)], 7.0)
    first = (TODAY - date(1970, 1, 1)).days
    ahead = Windows(first, np.array([first, first + 31, first + 62]), np.array([first + 1, first + 32]))
    rows = scored._deal_rows(known, now, ratios, ahead, made)
    columns = (
        "won_probability",
        "lost_probability",
        "open_probability",
        "expected_amount",
        "expected_booking_amount",
        "n",
    )
    np.testing.assert_allclose(
        rows.select(columns).rows(), [(0.5, 0.2, 0.3, 5, 2.5, 5), (0.1, 0, 0.9, 5, 0.5, 6)], atol=1e-9
    )
    assert rows.select("model", "model_version", "fallback_reason").unique().rows() == [("stage_table", "v1", "why")]
    over = Choice("seed", None, Chances(np.array([[0.7, 0.4]] * 2), chances.lost, chances.n), pl.DataFrame(), "v1")
    assert scored._deal_rows(known, now, ratios, ahead, over)["open_probability"].to_list() == [0, 0]
    periods = scored._period_rows(known, now, chances, ahead)
    assert periods.select("deal_id", "period_start", "horizon", "won_probability", "lost_probability").rows() == [
        ("d1", date(2025, 7, 1), 1, 0.2, 0.1), ("d1", date(2025, 8, 1), 2, 0.3, 0.1),
        ("d2", date(2025, 7, 1), 1, 0.0, 0.0), ("d2", date(2025, 8, 1), 2, 0.1, 0.0),
    ]  # fmt: skip


def test_a_company_is_scored_by_its_seed_without_reasons() -> None:
    made = score_deals(history(1, 0), FEW, {"talk": 0.4})
    assert made.deals["won_probability"].to_list() == pytest.approx([0.175] * 2)
    assert made.deals["expected_amount"].to_list() == pytest.approx([10.0] * 2), "won for what was entered"
    assert made.reasons.is_empty() and made.drivers.is_empty() and made.deals["reasons"].null_count() == 2
    assert made.not_exported == {} and len(made.history_panel.rows) == 8 and len(made.open_deals.rows) == 2
    assert made.deals["median_close_on"].null_count() == 2


def test_a_frame_is_given_the_columns_of_its_schema_and_no_others() -> None:
    made = conform(pl.DataFrame({"more": [1], "n": [2], "model": ["m"]}), {"model": pl.String(), "n": pl.Float64()})
    assert made.rows() == [("m", 2.0)] and made.columns == ["model", "n"]


def test_strengths_are_means_of_absolute_parts_and_equal_ones_stand_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    known = history(1, 0, still_open=2)
    now = panel(known, MONTHS, [TODAY], 2)
    model = WinModel(Recipe({}, {}, (), {}), np.zeros((2, 0)), np.zeros((2, 0)), np.zeros(2), np.zeros(2), 5)
    parts = np.array([[0.5, -3.0, 1.0], [-1.5, 1.0, -1.0]])
    monkeypatch.setattr(scored, "contributions", lambda *_: (["b", "c", "a"], parts, -1.0))
    chances = Chances(np.zeros((2, 2)), np.zeros((2, 2)), np.ones(2))
    raw = pl.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0], "c": [5.0, 6.0]})
    reasons, drivers = scored._explained(known, now, Choice("win_model", None, chances, raw, "v1", model, raw))
    assert drivers.rows() == [("win_model", "c", 2.0, 2), ("win_model", "a", 1.0, 2), ("win_model", "b", 1.0, 2)]
    assert reasons.filter(rank=1).select("deal_id", "feature").rows() == [("d1", "c"), ("d2", "b")]
    nobody = now.take(np.zeros(2, bool))
    assert all(
        frame.is_empty() for frame in scored._explained(known, nobody, Choice("w", None, chances, raw, "v", model))
    )


def test_what_one_step_hands_to_the_next_cannot_be_changed_by_it() -> None:
    known = history(2, 2)
    made = score_deals(known, FEW)
    past, nothing, recipe = made.history_panel, np.ones((1, 2)), learn_recipe(pl.DataFrame())
    table = fit_table(past, MONTHS, FEW)
    no_leads = pl.DataFrame(schema=dict.fromkeys(("lead_id", "created_on", "assigned_on", "converted_on"), pl.Date))
    records = [
        FEW, known, made, made.ratios, made.chances, made.open_deals, made.ahead, chosen(known), table, recipe,
        choices._trial(known, past, table, FEW), fit_win_model(np.zeros((8, 0)), recipe, past, 2),
        forecast_pipeline(known, made, {}, FEW), fit_inflow(known, MONTHS, 666, 1.0, FEW),
        fit_effects(MONTHS, np.arange(2), nothing[0], nothing[0], ()), judged(made.chances, made.open_deals),
        fit_invoicing(np.ones(30), np.ones(30), np.arange(30) % 12, 12), Cells.of_rows(nothing, np.zeros(1, int)),
        score_leads(no_leads, TODAY),
    ]  # fmt: skip
    for record in records:
        with pytest.raises(FrozenInstanceError):
            setattr(record, fields(record)[0].name, None)  # type: ignore[arg-type]
