"""A deal that has ended is repeated by every later list; leaving the repeats out changes no forecast."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import jinja2
import polars as pl
import pytest
from deal_histories import STAGES, made_deals
from polars.testing import assert_frame_equal

from forecasts.deal_origins import DealForecasts, forecast_deals
from forecasts.deals.settings import Settings
from pipelines.home.settings import DBT_PROJECT

pytestmark = pytest.mark.fast

SQL = DBT_PROJECT / "models" / "intermediate" / "int_forecast_observations.sql"
ONE_VALUE = DBT_PROJECT / "macros" / "is_one_value.sql"
LISTS = [date(2024 + month // 12, month % 12 + 1, 1) - timedelta(days=1) for month in range(25)]
AS_OF, CUTOFFS = LISTS[-1], [LISTS[-1 - back] for back in (1, 2, 5, 9)]
LATE = timedelta(days=75)  # of a closing day that is still to come when the deal is first seen to have ended
UNTOLD = {"channel": "cold", "deal_type": "new", "product_line": "drives", "team": "east", "rep_id": "r1"}
Row = dict[str, Any]


def dated(deal: Row, ended_on: date | None) -> Row:
    """The deal as the newest list has it: some close on a day that is to come, some were opened again."""
    number = int(deal["deal_id"][1:])
    is_back = number % 7 == 0 and ended_on is not None and ended_on + LATE <= AS_OF
    is_open = ended_on is None or (is_back and not (number % 14 == 0 and ended_on + 2 * LATE <= AS_OF))
    closed_on = None if is_open else ended_on + LATE * (number % 6 == 0)  # type: ignore[operator]
    return {"opportunity_id": deal["deal_id"], "created_on": deal["created_on"], "closed_on": closed_on}


def listed(deal: Row, states: list[Row], day: date) -> Row | None:
    """What the list of a day shows of a deal, with what people do to deals that have ended."""
    known = [state for state in states if state["known_on"] <= day]
    if not known:
        return None
    last, number = known[-1], int(deal["deal_id"][1:])
    stage, amount = last["stage_code"] or last["status_code"], last["amount"]
    ended_on = last["known_on"] if last["stage_code"] is None else None
    if ended_on and number % 7 == 0 and day >= ended_on + LATE:
        stage = "lost" if number % 14 == 0 and day >= ended_on + 2 * LATE else "talk"  # opened again, and lost again
    if ended_on and number % 5 == 0 and day >= ended_on + LATE:
        amount *= 1.5
    return {"stage_code": stage, "amount": amount if number % 11 else None, "expected_close_on": day}


def world(seed: int) -> dict[str, pl.DataFrame]:
    """The tables that the model reads, of a company that lists all its deals at 25 month ends."""
    deals, seen = made_deals(seed, months=24, per_month=30)
    states = {key[0]: rows.to_dicts() for key, rows in seen.partition_by("deal_id", as_dict=True).items()}
    observed, now = [], []
    for deal in deals.iter_rows(named=True):
        rows = [(day, row) for day in LISTS if (row := listed(deal, states[deal["deal_id"]], day))]
        stay = 0
        for number, (day, row) in enumerate(rows):
            stay += number == 0 or row["stage_code"] != rows[number - 1][1]["stage_code"]
            key = {"opportunity_id": deal["deal_id"], "observed_on": day, "observation_number": number + 1}
            observed.append(key | row | {"stage_number": stay})
        if rows:
            now.append(dated(deal, deal["closed_on"]) | UNTOLD | {"region": deal["region"]})
    kinds = [*((name, "open", place) for place, name in enumerate(STAGES)), ("won", "won", 8), ("lost", "lost", 9)]
    opportunities = pl.DataFrame(now, schema_overrides={"closed_on": pl.Date})
    judged = {
        "opportunity_id": pl.String,
        "observed_on": pl.Date,
        "probability": pl.Float64,
        "forecast_category": pl.String,
    }
    return {
        "int_opportunity_observations": pl.DataFrame(observed),
        "int_opportunities": opportunities.select("opportunity_id", "created_on", "closed_on", base_rate=pl.lit(1.0)),
        "int_opportunity_dimensions": opportunities.drop("created_on", "closed_on"),
        "int_opportunity_judgements": pl.DataFrame(schema=judged),
        "forecast_category_words": pl.DataFrame(schema={"word": pl.String, "category_code": pl.String}),
        "stages": pl.DataFrame(kinds, schema=["stage_code", "stage_type", "stage_order"], orient="row"),
    }


def made_of(rows: list[tuple], closings: dict[str, date | None]) -> dict[str, pl.DataFrame]:
    """The tables of these observations, and of deals that closed on these days."""
    names = {"stage_code": pl.String, "amount": pl.Float64, "expected_close_on": pl.Date, "stage_number": pl.Int64}
    key = {"opportunity_id": pl.String, "observed_on": pl.Date, "observation_number": pl.Int64}
    deals = pl.DataFrame(
        [(deal, LISTS[0], day, 1.0) for deal, day in closings.items()],
        orient="row",
        schema=["opportunity_id", "created_on", "closed_on", "base_rate"],
    )
    return {
        "int_opportunity_observations": pl.DataFrame(rows, schema=key | names, orient="row"),
        "int_opportunities": deals,
        "int_opportunity_dimensions": pl.DataFrame(
            [{"opportunity_id": deal} | UNTOLD | {"region": "north"} for deal in closings]
        ),
    }


def observations(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The rows of the model itself."""
    macros = jinja2.Template(ONE_VALUE.read_text(encoding="utf-8")).module
    sql = jinja2.Template(SQL.read_text(encoding="utf-8")).render(
        ref=str, same_word="{} = {}".format, is_one_value=macros.is_one_value
    )
    with duckdb.connect() as connection:
        for name, frame in tables.items():
            connection.register(name, frame.to_arrow())
        return connection.execute(f"select * from ({sql}) order by deal_id, known_on").pl()


def with_repeats(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The same with every repeat: of a deal without a closing day nothing is left out."""
    undated = tables["int_opportunities"].with_columns(closed_on=pl.lit(None, pl.Date))
    return observations({**tables, "int_opportunities": undated})


def forecast(tables: dict[str, pl.DataFrame], seen: pl.DataFrame) -> DealForecasts:
    last = seen.group_by("deal_id").agg(
        pl.col("status_code", "amount").last(), first_known_on=pl.col("known_on").first()
    )
    deals = tables["int_opportunities"].join(tables["int_opportunity_dimensions"], on="opportunity_id")
    deals = deals.rename({"opportunity_id": "deal_id", "rep_id": "rep"}).join(last, on="deal_id")
    deals = deals.with_columns(
        basis=pl.lit("dated_exports"),
        customer_id=pl.col("region"),
        closed_on=pl.max_horizontal(pl.min_horizontal("closed_on", pl.lit(AS_OF)), "created_on"),
        outcome=pl.when(pl.col("status_code") != "open").then("status_code"),
    ).with_columns(closed_on=pl.when(pl.col("outcome").is_not_null()).then("closed_on"))
    made = forecast_deals(
        deals.sort("deal_id"), seen, {"region": "region"}, as_of=AS_OF, cutoffs=CUTOFFS,
        settings=Settings(periods=4, draws=50), seeds={"talk": 0.2},
    )  # fmt: skip
    assert made is not None
    return made


@pytest.mark.parametrize("seed", range(4))
def test_a_forecast_without_what_lists_repeat_of_ended_deals_is_the_same(seed: int) -> None:
    tables = world(seed)
    every, told = with_repeats(tables), observations(tables)
    assert told.height < 0.5 * every.height
    assert told.join(
        every, on=every.columns, how="anti", nulls_equal=True
    ).is_empty()  # rows are left out, none is changed
    with_all, without = forecast(tables, every), forecast(tables, told)
    assert_frame_equal(with_all.rows, without.rows, check_exact=True)
    assert_frame_equal(with_all.past, without.past, check_exact=True)
    assert with_all.scores and without.scores
    for name in (
        "deals",
        "periods",
        "reasons",
        "registry",
    ):  # versions are told apart by how many rows a model has read
        both = (getattr(made.scores, name).drop("model_version", strict=False) for made in (with_all, without))
        assert_frame_equal(*both, check_exact=True)


def test_what_tells_more_than_the_first_look_at_an_ending_is_kept() -> None:
    """Stage and amount of six deals at four month ends, the day on which each closed, and the lists that are kept."""
    won, lost, talk = ("won", 5), ("lost", 5), ("talk", 5)
    deals = {
        "ended": ([talk, won, won, won], LISTS[1], [0, 1]),
        "changed": ([talk, won, won, ("won", 6)], LISTS[1], [0, 1, 3]),
        "still to come": ([talk, won, won, won], LISTS[2], [0, 1, 2, 3]),
        "back": ([lost, lost, talk, talk], None, [0, 1, 2, 3]),
        "back and lost": ([lost, talk, lost, lost], LISTS[0], [0, 1, 2]),
        "without an amount": ([talk, ("lost", None), ("lost", None), ("lost", None)], LISTS[1], [0, 1]),
    }
    rows: list[tuple] = []
    for deal, (states, _, _) in deals.items():
        stays = [1 + sum(a[0] != b[0] for a, b in pairwise(states[: n + 1])) for n in range(len(states))]
        for n, ((stage, amount), stay) in enumerate(zip(states, stays, strict=True)):
            rows.append((deal, LISTS[n], n + 1, stage, None if amount is None else float(amount), LISTS[n], stay))
    closings = {deal: day for deal, (_, day, _) in deals.items()}
    kept = dict(observations(world(0) | made_of(rows, closings)).group_by("deal_id").agg("known_on").iter_rows())
    assert {deal: sorted(LISTS.index(day) for day in days) for deal, days in kept.items()} == {
        deal: numbers for deal, (_, _, numbers) in deals.items()
    }


def test_what_is_left_out_does_not_depend_on_what_later_lists_show() -> None:
    """So that a forecast of a past day reads the same rows today as in the run that replays it."""
    tables, day = world(2), LISTS[18]
    number = pl.col("opportunity_id").str.slice(1).cast(pl.Int64)
    tables = {
        name: rows.filter(number % 7 != 0) if "opportunity_id" in rows.columns else rows
        for name, rows in tables.items()
    }
    seen = tables["int_opportunity_observations"].filter(pl.col("observed_on") <= day)
    ended = seen.group_by("opportunity_id").agg(pl.col("stage_code").last().is_in(["won", "lost"]))
    then = tables["int_opportunities"].join(ended, on="opportunity_id")
    then = then.with_columns(closed_on=pl.when("stage_code").then("closed_on")).drop("stage_code")
    own = {"int_opportunity_observations": seen, "int_opportunities": then}
    assert_frame_equal(observations(tables | own), observations(tables).filter(pl.col("known_on") <= day))


def test_a_look_that_is_numbered_before_an_ending_and_dated_after_it_keeps_every_row() -> None:
    days = [("talk", LISTS[2], 1), ("won", LISTS[0], 2), ("won", LISTS[3], 2)]  # a history that is newer than its list
    rows = [("d", day, n + 1, stage, 5.0, day, stay) for n, (stage, day, stay) in enumerate(days)]
    seen = observations(world(0) | made_of(rows, {"d": LISTS[0]}))
    assert seen["known_on"].to_list() == [LISTS[0], LISTS[2], LISTS[3]]
