"""The pipeline forecast by node: whom a deal counts for, what is booked, and the bounds of its futures."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from forecasts.deals import pipeline
from forecasts.deals.amounts import Ratios
from forecasts.deals.history import History
from forecasts.deals.inflow import Inflow
from forecasts.deals.panel import Panel, Windows
from forecasts.deals.pipeline import forecast_pipeline
from forecasts.deals.scores import Scores
from forecasts.deals.settings import Settings
from forecasts.deals.table import Chances

pytestmark = pytest.mark.fast

TODAY = date(2025, 6, 10)
JUNE, JULY = date(2025, 6, 1), date(2025, 7, 1)
RATIOS = Ratios({}, np.array([0.5]), [np.ones(1)], 30.0)
NO_FRAME = pl.DataFrame()


def history() -> History:
    """Two open deals of the north, one of nobody; won: one this month in the south, older ones in north and west."""
    ids = ["open1", "open2", "open3", "booked", "old", "oldest", "without", "lost"]
    closed = [None, None, None, JUNE, TODAY - timedelta(days=729), TODAY - timedelta(days=730),
              date(2025, 5, 31), date(2025, 6, 2)]  # fmt: skip
    outcome = [None, None, None, "won", "won", "won", "won", "lost"]
    amount = [100.0, None, 60.0, 40.0, 20.0, 7.0, None, 9.0]
    region = ["north", "north", None, "south", "north", "west", "south", "east"]
    deals = pl.DataFrame({"deal_id": ids, "basis": "exact_history", "customer_id": None, "closed_on": closed,
                          "created_on": date(2023, 1, 1), "outcome": outcome, "amount": amount, "region": region},
                         schema_overrides={"customer_id": pl.String})  # fmt: skip
    looks = deals.select("deal_id", "amount", known_on="created_on", status_code=pl.lit("open"), stage_code=pl.lit("a"))
    return History(TODAY, deals, looks)


def scores(model: str = "stage_table") -> Scores:
    rows = pl.DataFrame({"deal_id": ["open3", "open1", "open2"], "stage_code": "a", "amount": [60.0, 100.0, None]})
    won = np.array([[0.1, 0.2], [0.5, 0.1], [0.3, 0.2]])
    nothing = np.zeros(3, int)
    panel = Panel(rows, nothing, nothing, nothing, {})
    first = (TODAY - date(1970, 1, 1)).days
    ahead = Windows(first, np.array([first, first + 20, first + 51]), np.array([first - 9, first + 21]))
    deals = pl.DataFrame({"model": [model] * 3})
    return Scores(
        deals, NO_FRAME, NO_FRAME, NO_FRAME, NO_FRAME, panel, Chances(won, won, nothing), RATIOS, panel, ahead
    )


def test_open_deals_stand_in_the_order_of_their_scores_and_booked_ones_are_of_this_period() -> None:
    open_deals, templates, booked = pipeline._sources(history(), scores())
    assert open_deals["deal_id"].to_list() == ["open3", "open1", "open2"]
    assert templates["deal_id"].to_list() == ["booked", "old"] and booked["deal_id"].to_list() == ["booked"]


def test_where_nothing_was_won_for_two_years_new_deals_look_like_the_older_ones() -> None:
    old = history().deals.filter(pl.col("deal_id").is_in(["oldest", "open1"]))
    known = History(TODAY, old, history().observations)
    assert pipeline._templates(known)["deal_id"].to_list() == ["oldest"]


def test_members_are_those_of_any_deal_that_counts_in_order_and_nobody_is_none() -> None:
    sources = pipeline._sources(history(), scores())
    names = pipeline._members(sources, "region")
    assert names == ["north", "south"] and pipeline._members(sources, None) == [""]
    assert pipeline._places(sources[0], "region", names).tolist() == [2, 0, 0]
    assert pipeline._places(sources[0], None, [""]).tolist() == [0, 0, 0]
    assert pipeline._places(sources[0], "region", ["south"]).tolist() == [1, 1, 1]


def nodes(names: list[str], column: str | None) -> pipeline._Nodes:
    sources = pipeline._sources(history(), scores())
    places = [pipeline._places(frame, column, names) for frame in sources]
    return pipeline._Nodes(scores(), np.array([2.0, 4.0]), sources, places, names)


def test_what_a_node_expects_is_booked_existing_and_new() -> None:
    """North: half of 100 entered, .5 and .1; what is typical, 30, at .3 and .2. One template of two is of the north
    and brought 20, one of the south brought 40: of the new wins, 2 and 4, a half each."""
    futures = np.zeros((40, 2, 2))
    futures[:, 0, 0] = np.arange(40)
    rows, totals = nodes(["north", "south"], "region").rows("bookings", futures)
    told = {(row["member"], row["horizon"]): row for row in rows.iter_rows(named=True)}
    north, later, south = told["north", 1], told["north", 2], told["south", 1]
    assert (north["booked"], north["existing"], north["new"], north["mean"]) == (
        0,
        pytest.approx(34),
        20,
        pytest.approx(54),
    )
    assert (later["booked"], later["existing"], later["new"]) == (0, pytest.approx(11), 40)
    assert (south["booked"], south["existing"], south["new"], south["mean"]) == (40, 0, 40, 80)
    assert told["south", 2]["booked"] == 0 and (north["open_deal_count"], north["n"]) == (2, 1)
    assert (south["open_deal_count"], south["n"]) == (0, 1)
    bounds = [north[name] for name in ("lo_95", "lo_80", "yhat", "hi_80", "hi_95")]
    np.testing.assert_allclose(bounds, 39 * np.array([0.025, 0.1, 0.5, 0.9, 0.975]))
    assert south["yhat"] == 40 and totals[:, 1, 0].tolist() == [40] * 40 and totals[:, 0, 0].tolist() == [*range(40)]


def test_won_deals_are_counted_each_as_one() -> None:
    rows, _ = nodes([""], None).rows("won_deals", np.zeros((3, 1, 2)))
    assert rows["booked"].to_list() == [1, 0] and rows["new"].to_list() == [2, 4]
    assert rows["existing"].to_list() == pytest.approx([0.9, 0.5]) and rows["open_deal_count"].to_list() == [3, 3]


def test_every_node_and_metric_has_a_row_per_period_and_its_futures() -> None:
    settings = Settings(periods=2, draws=30, festivals=())
    made = forecast_pipeline(history(), scores(), {"region": "region"}, settings)
    ids = [f"{metric}|{node}|MS" for node in ("total|", "region|north", "region|south")
           for metric in ("bookings", "won_deals")]  # fmt: skip
    assert made.draws.keys() == set(ids) and {draws.shape for draws in made.draws.values()} == {(30, 2)}
    assert sorted(made.rows["unique_id"].unique()) == sorted(ids) and len(made.rows) == 12
    one = made.rows.filter(unique_id="bookings|region|south|MS").sort("horizon")
    assert one.select("metric", "level", "member", "freq", "as_of").unique().rows() == [
        ("bookings", "region", "south", "MS", TODAY)
    ]
    assert one["period_start"].to_list() == [JUNE, JULY] and one["model"].to_list() == ["stage_table"] * 2
    assert one["yhat"].to_list() == np.median(made.draws["bookings|region|south|MS"], axis=0).tolist()
    totals = made.draws["bookings|total||MS"]
    parts = made.draws["bookings|region|north|MS"] + made.draws["bookings|region|south|MS"]
    assert (totals - parts).min() > -1e-9 and (totals > parts + 1).any(), "the deal of nobody is in the total alone"
    expected = made.rows.filter(unique_id="won_deals|total||MS")["existing"].to_list()
    assert expected == pytest.approx([0.9, 0.5])


def test_new_deals_count_in_the_period_in_which_they_are_won(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten come in the first period: one is won in it and four in the next."""
    ten = Inflow(np.array([10.0, 0]), np.array([0.1, 0.4]), 0.0, np.zeros(2), False, 10**9)
    monkeypatch.setattr(pipeline, "fit_inflow", lambda *_: ten)
    made = forecast_pipeline(history(), scores(), {"region": "region"}, Settings(periods=2, draws=400, festivals=()))
    won = made.rows.filter(unique_id="won_deals|total||MS").sort("horizon")
    assert won["new"].to_list() == [1, 4] and won["mean"].to_list() == pytest.approx([2.9, 4.5])
    np.testing.assert_allclose(made.draws["won_deals|total||MS"].mean(axis=0), won["mean"], rtol=0.15)
    north = made.rows.filter(unique_id="won_deals|region|north|MS").sort("horizon")
    assert north["new"].to_list() == [0.5, 2] and north["existing"].to_list() == pytest.approx([0.8, 0.3])
    np.testing.assert_allclose(made.draws["won_deals|region|north|MS"].mean(axis=0), north["mean"], rtol=0.2)


def test_without_open_deals_no_model_is_named() -> None:
    of = scores()
    object.__setattr__(of, "deals", of.deals.clear())
    rows, _ = nodes([""], None).rows("won_deals", np.zeros((3, 1, 2)))
    named = pipeline._named(rows, history(), of, "won_deals", "total", Settings())
    assert set(named["model"]) == {"no_open_deals"}
