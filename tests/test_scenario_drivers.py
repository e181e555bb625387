"""Scenarios on win rate, new deals and prices move what deals bring, part by part, and say what is done about it."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from forecasts.config import Config, Scenario, SeriesSet, load
from forecasts.errors import ForecastError
from forecasts.output import schemas
from forecasts.output.drivers import with_drivers
from pipelines.ledger import scenario_rows

pytestmark = pytest.mark.fast

MONTH = date(2026, 11, 1)
NAMES = ["bookings|total||MS", "bookings|region|E|MS", "bookings|region|W|MS"]
SERIES = pl.DataFrame({"unique_id": NAMES, "metric": "bookings", "level": ["total", "region", "region"], "freq": "MS"})
PARTS = [(10.0, 60.0, 30.0), (10.0, 40.0, 10.0), (0.0, 20.0, 20.0)]  # booked, existing, new
PIPELINE = schemas.conform(
    pl.DataFrame(PARTS, schema=["booked", "existing", "new"], orient="row").with_columns(
        pl.Series("unique_id", NAMES), period_start=pl.lit(MONTH), mean=pl.sum_horizontal("booked", "existing", "new")
    ),
    schemas.PIPELINE,
)


def values(scenario: str) -> pl.DataFrame:
    """The pool serves 90, 54 and 36: somewhat less than the pipeline's means."""
    numbers = {name: [90.0, 54.0, 36.0] for name in ("yhat", "lo_95", "lo_80", "hi_80", "hi_95")}
    frame = pl.DataFrame({"unique_id": NAMES, **numbers}).with_columns(
        period_start=pl.lit(MONTH), scenario=pl.lit(scenario), model=pl.lit("pool"), is_served=pl.lit(value=True)
    )
    return schemas.conform(frame, schemas.VALUES)


def moved(**drivers: float) -> list[float]:
    both = pl.concat([values("base"), values("slump")])
    out = with_drivers(both, SERIES, PIPELINE, [Scenario("slump", "what if", drivers=drivers)])
    assert out.filter(scenario="base")["yhat"].to_list() == [90.0, 54.0, 36.0]
    slump = out.filter(scenario="slump").join(pl.DataFrame({"unique_id": NAMES}), on="unique_id")
    return dict(slump.select("unique_id", "yhat").rows())  # type: ignore[return-value]


def test_fewer_wins_leave_what_is_booked() -> None:
    assert moved(win_rate=0.5)[NAMES[0]] == pytest.approx(90 * (10 + 45) / 100)  # type: ignore[call-overload]


def test_fewer_new_deals_move_only_what_is_new_and_price_moves_both() -> None:
    assert moved(creation_rate=0.0)[NAMES[0]] == pytest.approx(90 * 0.7)  # type: ignore[call-overload]
    assert moved(price=0.9, creation_rate=0.5)[NAMES[0]] == pytest.approx(90 * (10 + 54 + 13.5) / 100)  # type: ignore[call-overload]


def test_regions_move_by_their_own_parts_and_add_up() -> None:
    out = moved(win_rate=0.5)
    east, west = out[NAMES[1]], out[NAMES[2]]  # type: ignore[call-overload]
    assert east + west == pytest.approx(out[NAMES[0]])  # type: ignore[call-overload]
    assert east / west == pytest.approx(54 * (10 + 25) / 60 / (36 * 0.5))


def test_a_scenario_without_drivers_stays_as_it_is() -> None:
    both = values("slump")
    assert with_drivers(both, SERIES, PIPELINE, [Scenario("slump", "what if")]) is both


@pytest.mark.parametrize(
    ("drivers", "message"),
    [({"winrate": 0.5}, "driver 'winrate' is unknown .*'win_rate'"), ({"price": -1.0}, "factor of 0 or more")],
)
def test_an_unknown_driver_or_a_negative_factor_is_refused(drivers: dict[str, float], message: str) -> None:
    with pytest.raises(ForecastError, match=message):
        Config(series=(SeriesSet("bookings", ("total",)),), scenarios=(Scenario("s", "x", drivers=drivers),))


def test_the_response_is_read_from_the_file_and_served(tmp_path: Path) -> None:
    path = tmp_path / "forecasts.yml"
    path.write_text(
        "series: [{metric: bookings, levels: [total]}]\n"
        "scenarios:\n"
        "  - {name: slump, because: fear, drivers: {win_rate: 0.8},\n"
        "     response: {action: freeze hiring, owner: director, trigger: win rate below a third}}\n"
        "  - {name: boom, because: hope}\n"
    )
    assert scenario_rows(load(path)).rows() == [
        ("slump", "fear", "freeze hiring", "director", "win rate below a third"),
        ("boom", "hope", None, None, None),
    ]
