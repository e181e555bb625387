"""The forecast from deals in the job: its inputs read from the working file, its tables, its place in the pool."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from pipelines.home import warehouse
from pipelines.home.settings import Settings

if TYPE_CHECKING:
    from forecasts.config import Config, SeriesSet
    from forecasts.deal_origins import DealForecasts
    from forecasts.deals.scores import Scores
    from forecasts.run import Forecasts

METRIC, REVENUE, PIPELINE = "bookings", "revenue", "pipeline"
FRAMES = ("pipeline", "deal_scores", "deal_periods", "deal_reasons", "lead_scores", "model_registry")
LEAD_FACTS = "channel, campaign_id, region, product_line, industry, score, created_on, assigned_on, converted_on"
TABLES = (
    *("intermediate.int_forecast_deals", "intermediate.int_forecast_observations", "staging.stg_leads"),
    *("policy.stages", "policy.model_approvals"),
)  # that `read_inputs` reads
LEVELS = ("region", "product_line", "team", "rep")


@dataclass(frozen=True)
class Inputs:
    """deals, observations: of intermediate.int_forecast_*. seeds: stage to the chance assumed of it.

    leads: of staging.stg_leads; None where they are not to be scored. approvals: schemas.MODEL_APPROVALS.
    """

    deals: pl.DataFrame
    observations: pl.DataFrame
    seeds: dict[str, float]
    leads: pl.DataFrame | None = None
    approvals: pl.DataFrame | None = None


def read_inputs(settings: Settings) -> Inputs:
    """What is known of deals and leads, from the working file."""
    with warehouse.read(settings) as connection:
        leads = connection.execute(
            f"select source_system || '|' || source_id as lead_id, source_system, {LEAD_FACTS} "
            "from staging.stg_leads where created_on is not null order by lead_id"
        ).pl()
        approvals = connection.execute("select * from policy.model_approvals order by all").pl()
        return replace(deals_in(connection), leads=leads, approvals=approvals)


def deals_in(connection: duckdb.DuckDBPyConnection) -> Inputs:
    """What is known of deals, from the tables of a connection."""
    deals = connection.execute("select * from intermediate.int_forecast_deals order by deal_id").pl()
    observations = connection.execute(
        "select * from intermediate.int_forecast_observations order by deal_id, known_on"
    ).pl()
    seeds = connection.execute(
        "select stage_code, default_probability from policy.stages where stage_type = 'open' order by all"
    ).fetchall()
    return Inputs(deals, observations, dict(seeds))


def with_deals(
    issued: "Forecasts", plan: "Config", inputs: Inputs, history: pl.DataFrame, as_of: date, *, scored: bool = True
) -> tuple["Forecasts", dict[str, pl.DataFrame]]:
    """The engine's result with the pipeline weighed into its bookings, and the frames of deals by their name.

    Bookings are forecast from deals for every kind of period that the configuration names for them. scored: whether the
    accuracy of what deals bring, and the scores of deals and leads, are wanted.
    """
    from forecasts import deal_origins
    from forecasts.deals.leads import score_leads
    from forecasts.deals.settings import Settings as DealSettings
    from forecasts.output import drivers
    from forecasts.output.model_approvals import with_approvals

    frames: dict[str, list[pl.DataFrame]] = {name: [] for name in FRAMES}
    behind: list[pl.DataFrame] = []
    booked = [entry for entry in plan.series if entry.metric == METRIC]
    for entry in booked:
        forecast = deal_origins.forecast_deals(
            inputs.deals,
            inputs.observations,
            {level: level for level in LEVELS},
            as_of=as_of,
            cutoffs=_cutoffs(issued, entry),
            settings=DealSettings(frequency=entry.freq, periods=entry.horizon),
            seeds=inputs.seeds,
            scored=scored,
        )
        if forecast is None:
            continue
        forecast = replace(forecast, rows=forecast.rows.filter(pl.col("level").is_in(_levels_of(entry, booked))))
        issued = _combined(issued, METRIC, forecast.rows, forecast.past, entry.levels, history, plan, scored=scored)
        issued, revenue = _with_revenue(issued, forecast, entry.freq, history, plan, as_of, scored=scored)
        frames["pipeline"].append(forecast.rows)
        behind += [forecast.rows.filter(metric=METRIC), *revenue]
        # Chances belong to a deal: those by month, or by the first kind of period.
        if forecast.scores and not frames["deal_scores"]:
            for name, frame in score_frames(forecast.scores).items():
                frames[name].append(frame)
    if scored and inputs.leads is not None:
        leads = score_leads(inputs.leads, as_of)
        frames["lead_scores"].append(leads.rows)
        frames["model_registry"].append(leads.registry)
    if behind and plan.scenarios:
        moved = drivers.carried(issued.values, issued.series, pl.concat(behind), plan.scenarios)
        issued = replace(issued, values=moved)
    stacked = _stacked(frames)
    registry = with_approvals(stacked["model_registry"], inputs.approvals, as_of)
    return issued, stacked | {"model_registry": registry}


def _levels_of(entry: "SeriesSet", booked: Sequence["SeriesSet"]) -> list[str]:
    """The levels that an entry of bookings tells of: its own, and those of none if it is the first of its frequency."""
    alike = [other for other in booked if other.freq == entry.freq]
    of_others = {level for other in alike if other is not entry for level in other.levels}
    rest = ["total", *LEVELS] if entry is alike[0] else []
    return [*entry.levels, *(level for level in rest if level not in of_others)]


def _cutoffs(issued: "Forecasts", entry: "SeriesSet") -> list[date]:
    is_own = (pl.col("metric") == entry.metric) & (pl.col("freq") == entry.freq)
    ids = issued.series.filter(is_own & pl.col("level").is_in(list(entry.levels)))["unique_id"]
    tested = issued.backtest.filter(pl.col("unique_id").is_in(ids.implode()) & (pl.col("purpose") == "evaluation"))
    return tested["cutoff"].unique().sort().to_list()


def _with_revenue(
    issued: "Forecasts",
    forecast: "DealForecasts",
    freq: str,
    history: pl.DataFrame,
    plan: "Config",
    as_of: date,
    *,
    scored: bool,
) -> tuple["Forecasts", list[pl.DataFrame]]:
    """Monthly revenue with what is booked, and will be, weighed in; as it is where the configuration has none.

    Each entry has it at its own levels, from the bookings that `forecast` has rows of. Also the rows of
    schemas.PIPELINE that were weighed in.
    """
    from forecasts.deal_revenue import MONTHLY, revenue_from_bookings

    sets = [entry for entry in plan.series if entry.metric == REVENUE and entry.freq == freq == MONTHLY]
    weighed, known = [], forecast.rows["level"].unique().to_list()
    for entry in sets:
        own = history.filter(pl.col("level").is_in([level for level in entry.levels if level in known]))
        cutoffs = _cutoffs(issued, entry)
        now, past = revenue_from_bookings(own, forecast.rows, forecast.past, as_of, cutoffs, entry.horizon)
        if len(now):
            issued = _combined(issued, REVENUE, now, past, entry.levels, history, plan, scored=scored)
            weighed.append(now)
    return issued, weighed


def _combined(
    issued: "Forecasts",
    metric: str,
    now: pl.DataFrame,
    past: pl.DataFrame,
    levels: Sequence[str],
    history: pl.DataFrame,
    plan: "Config",
    *,
    scored: bool,
) -> "Forecasts":
    from forecasts.output import drivers
    from forecasts.selection import combination

    now = now.filter((pl.col("metric") == metric) & pl.col("level").is_in(list(levels)))
    past = past.filter(pl.col("unique_id").is_in(now["unique_id"].unique().implode()))
    before = combination.Issued(issued.values, issued.backtest, issued.series, issued.choices, issued.skill)
    result = combination.combine(before, now, past, history, plan.backtest)
    ids = now["unique_id"].unique()
    accuracy = _accuracy(issued.accuracy, result.backtest, ids, history) if scored else issued.accuracy
    return replace(
        issued,
        accuracy=accuracy,
        values=drivers.with_drivers(result.values, result.series, now, plan.scenarios),
        backtest=result.backtest,
        series=result.series,
        choices=result.choices,
        skill=result.skill,
    )


def _accuracy(accuracy: pl.DataFrame, backtest: pl.DataFrame, ids: pl.Series, history: pl.DataFrame) -> pl.DataFrame:
    """With the combination, the pipeline and what is served now; the series' own pool under its name."""
    from forecasts.output.scored import accuracy_of
    from forecasts.selection.combination_skill import PIPELINE, POOL, as_series_pool

    is_one = pl.col("unique_id").is_in(ids.implode())
    own = accuracy.filter(~(is_one & (pl.col("model") == "served")))
    own = pl.concat([own.filter(~is_one), own.filter(is_one).with_columns(as_series_pool())])
    ours = backtest.filter(is_one)
    served = ours.filter("is_served").with_columns(model=pl.lit("served"))
    new = pl.concat([ours.filter(pl.col("model").is_in([PIPELINE, POOL])), served])
    return pl.concat([own, accuracy_of(new, history)])


def score_frames(scores: "Scores") -> dict[str, pl.DataFrame]:
    """The engine's frames of deals under the names and units that are served."""
    from forecasts.output import schemas

    money = {"amount": "entered_base", "expected_amount": "expected_win_base"}
    deals = scores.deals.rename({**money, "expected_booking_amount": "expected_booking_base"})
    counts = {name: f"n_{name.removesuffix('_count')}s" for name in scores.registry.columns if name.endswith("_count")}
    return {
        "deal_scores": schemas.conform(
            deals.rename({"deal_id": "opportunity_id", "n": "n_closed_deals"}), schemas.DEAL_SCORES
        ),
        "deal_periods": schemas.conform(scores.periods.rename({"deal_id": "opportunity_id"}), schemas.DEAL_PERIODS),
        "deal_reasons": schemas.conform(scores.reasons.rename({"deal_id": "opportunity_id"}), schemas.DEAL_REASONS),
        "model_registry": schemas.conform(
            scores.registry.rename({**counts, "reason": "choice_reason"}), schemas.MODEL_REGISTRY
        ),
    }


def _stacked(frames: dict[str, list[pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    from forecasts.output import schemas

    return {name: pl.concat([schemas.empty(getattr(schemas, name.upper())), *part]) for name, part in frames.items()}
