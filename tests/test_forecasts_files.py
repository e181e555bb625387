"""`almanac forecast-file`: any long table in, one file of forecasts out."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts import config
from forecasts.errors import ForecastError
from forecasts.files import forecast_file
from forecasts.output.schemas import FILE_COLUMNS
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast

MONTHS = pl.date_range(date(2020, 1, 1), date(2024, 6, 1), "1mo", eager=True)


def table(names: list[str]) -> pl.DataFrame:
    steps = np.arange(len(MONTHS))
    wave = 100 + 10 * np.sin(2 * np.pi * steps / 12)
    noise = np.random.default_rng(1)
    parts = [
        pl.DataFrame({"unique_id": name, "ds": MONTHS, "y": wave + noise.normal(0, 1, len(steps))}) for name in names
    ]
    return pl.concat(parts)


@pytest.mark.parametrize("tier", ["prophet", "default"])
def test_every_series_is_forecast_whatever_the_order_of_the_rows(tmp_path: Path, tier: str) -> None:
    rows = table(["b", "a", "短"])
    forecasts = []
    for name, frame in {"sorted": rows, "mixed": rows.sample(fraction=1, shuffle=True, seed=3)}.items():
        source, target = tmp_path / f"{name}.parquet", tmp_path / f"{name}_out.parquet"
        frame.write_parquet(source)
        assert forecast_file(source, target, config.for_tier(tier), horizon=6, freq="MS") == 3
        forecasts.append(pl.read_parquet(target).sort("unique_id", "ds"))
    assert forecasts[0].columns == list(FILE_COLUMNS) and forecasts[0].height == 18
    assert forecasts[0]["ds"].min() == date(2024, 7, 1)
    np.testing.assert_allclose(forecasts[0]["yhat"], forecasts[1]["yhat"], rtol=1e-6)
    np.testing.assert_allclose(forecasts[0]["yhat"], 100, atol=15)


def test_csv_with_one_series_and_no_id_is_forecast_into_csv(tmp_path: Path) -> None:
    source, target = tmp_path / "sales.csv", tmp_path / "out.csv"
    table(["only"]).drop("unique_id").write_csv(source)
    forecast_file(source, target, config.for_tier("prophet"), horizon=2, freq="MS")
    assert pl.read_csv(target)["unique_id"].to_list() == ["series", "series"]


def test_missing_column_and_missing_file_are_one_sentence(tmp_path: Path) -> None:
    source = tmp_path / "sales.csv"
    table(["a"]).rename({"y": "amount"}).write_csv(source)
    prophet_tier = config.for_tier("prophet")
    with pytest.raises(ForecastError, match=r"sales\.csv: no column y: found unique_id, ds, amount"):
        forecast_file(source, tmp_path / "out.csv", prophet_tier, horizon=2, freq="MS")
    with pytest.raises(ForecastError, match="there is no such file"):
        forecast_file(tmp_path / "none.csv", tmp_path / "out.csv", prophet_tier, horizon=2, freq="MS")


def test_failed_run_leaves_no_half_written_target(tmp_path: Path) -> None:
    source, target = tmp_path / "sales.parquet", tmp_path / "out.parquet"
    twice = pl.concat([table(["a"]), table(["a"])])
    twice.write_parquet(source)
    with pytest.raises(ForecastError):
        forecast_file(source, target, config.for_tier("default"), horizon=2, freq="MS")
    assert [path.name for path in tmp_path.iterdir()] == ["sales.parquet"]


def test_pictures_show_history_and_forecast(tmp_path: Path) -> None:
    from forecasts.output.pictures import draw

    source, target = tmp_path / "sales.csv", tmp_path / "out.csv"
    table(["a/b", "c"]).write_csv(source)
    forecast_file(source, target, config.for_tier("prophet"), horizon=3, freq="MS")
    assert draw(source, target, tmp_path / "charts") == 2
    page = (tmp_path / "charts" / "000_a_b.html").read_text(encoding="utf-8")
    assert "lo_95" in page and "2024-07-01" in page
    assert "<svg" in page and "src=" not in page, "a page needs no network"


def forecast_of(folder: Path, rows: pl.DataFrame, tier: str, freq: str, horizon: int = 12) -> pl.DataFrame:
    source, target = folder / "in.parquet", folder / "out.parquet"
    rows.write_parquet(source)
    forecast_file(source, target, config.for_tier(tier), horizon=horizon, freq=freq)
    return pl.read_parquet(target)


@pytest.mark.parametrize("tier", ["prophet", "default"])
@pytest.mark.parametrize("freq", ["ME", "445-JAN", "QS-FEB", "B"])
def test_periods_keep_the_names_that_the_file_gives_them(tmp_path: Path, tier: str, freq: str) -> None:
    frequency = Frequency(freq)
    steps = np.arange(600, 660)
    y = 100.0 + 900.0 * (steps % frequency.season == 600 % frequency.season)
    rows = pl.DataFrame({"unique_id": "a", "ds": pl.Series(frequency.dates(steps)).cast(pl.Date), "y": y})
    forecasts = forecast_of(tmp_path, rows, tier, freq)
    assert forecasts["ds"].to_list() == frequency.dates(np.arange(660, 672)).tolist()
    high = forecasts.filter(pl.col("yhat") > 500)["ds"].to_list()
    assert high == frequency.dates(np.array([step for step in range(660, 672) if y[(step - 600) % 60] > 500])).tolist()


@pytest.mark.parametrize("tier", ["prophet", "default"])
def test_ids_are_the_text_that_the_file_holds(tmp_path: Path, tier: str) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    lines = [f"{name},{day},{n}" for name in ("007", "7", "NA", "1.10", "1.1") for n, day in enumerate(MONTHS)]
    source.write_text("unique_id,ds,y\n" + "\n".join(lines) + "\n", encoding="utf-8")
    forecast_file(source, target, config.for_tier(tier), horizon=1, freq="MS")
    ids = {line.split(",")[0] for line in target.read_text(encoding="utf-8").splitlines()[1:]}
    assert ids == {"007", "7", "NA", "1.10", "1.1"}


def test_a_stamp_counts_on_the_day_where_it_was_made(tmp_path: Path) -> None:
    stamps = MONTHS.cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai")
    rows = pl.DataFrame({"unique_id": "a", "ds": stamps, "y": np.arange(len(MONTHS), dtype=float)})
    assert forecast_of(tmp_path, rows, "prophet", "MS")["ds"][0] == date(2024, 7, 1)


@pytest.mark.parametrize("tier", ["prophet", "default"])
def test_a_forecast_starts_after_the_last_value_and_a_series_without_one_has_its_rows(
    tmp_path: Path, tier: str
) -> None:
    rows = table(["a", "none"])
    known = (pl.col("unique_id") == "a") & (pl.col("ds") < date(2024, 1, 1))
    forecasts = forecast_of(tmp_path, rows.with_columns(pl.when(known).then("y")), tier, "MS", horizon=2)
    assert forecasts.filter(unique_id="a")["ds"].to_list() == [date(2024, 1, 1), date(2024, 2, 1)]
    none = forecasts.filter(unique_id="none")
    assert none["yhat"].to_list() == [None, None] and none["fallback_reason"][0] == "0 values of history"


def test_prophet_says_where_two_seasons_are_not_known(tmp_path: Path) -> None:
    rows = pl.DataFrame({"unique_id": "a", "ds": MONTHS[:11], "y": 110.0 + np.arange(11) % 3})
    forecasts = forecast_of(tmp_path, rows, "prophet", "MS")
    assert forecasts["fallback_reason"].unique().to_list() == ["11 periods of history: no seasonal pattern"]
    np.testing.assert_allclose(forecasts["yhat"], 111, atol=5)


@pytest.mark.parametrize("tier", ["prophet", "default"])
@pytest.mark.parametrize(
    ("change", "freq", "message"),
    [
        (pl.col("y"), "QS", "two rows fall into one period"),
        (pl.lit(None, pl.Date).alias("ds"), "MS", "column 'ds' has 54 empty cells"),
        (pl.lit(None, pl.String).alias("unique_id"), "MS", "column 'unique_id' has 54 empty cells"),
        (pl.lit(float("inf")).alias("y"), "MS", "column 'y' has 54 infinite values"),
    ],
)
def test_every_tier_refuses_what_no_tier_understands(
    tmp_path: Path, tier: str, change: pl.Expr, freq: str, message: str
) -> None:
    with pytest.raises(ForecastError, match=message):
        forecast_of(tmp_path, table(["a"]).with_columns(change), tier, freq)


@pytest.mark.parametrize("tier", ["prophet", "default"])
def test_an_empty_file_is_an_empty_forecast(tmp_path: Path, tier: str) -> None:
    assert forecast_of(tmp_path, table(["a"]).clear(), tier, "MS").schema == FILE_COLUMNS


def test_a_forecast_never_takes_the_place_of_its_history(tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    table(["a"]).write_parquet(source)
    with pytest.raises(ForecastError, match="overwrite its own history"):
        forecast_file(source, source, config.for_tier("prophet"), horizon=2, freq="MS")
    with pytest.raises(ForecastError, match="engine 'nonsense' is unknown"):
        forecast_file(source, tmp_path / "o.csv", config.for_tier("prophet"), horizon=2, freq="MS", engine="nonsense")


def test_tier_prophet_forecasts_nothing_below_zero_and_no_trend_of_two_values(tmp_path: Path) -> None:
    fall = pl.DataFrame({"unique_id": "fall", "ds": MONTHS, "y": np.maximum(0, 530.0 - 10 * np.arange(len(MONTHS)))})
    two = pl.DataFrame({"unique_id": "two", "ds": MONTHS[-2:], "y": [50.0, 70.0]})
    net = pl.DataFrame({"unique_id": "net", "ds": MONTHS, "y": -100.0 - np.arange(len(MONTHS))})
    forecasts = forecast_of(tmp_path, pl.concat([two, fall, net]), "prophet", "MS")
    assert forecasts["unique_id"].unique(maintain_order=True).to_list() == ["two", "fall", "net"]
    by_id = {name: rows for (name,), rows in forecasts.partition_by("unique_id", as_dict=True).items()}
    assert by_id["fall"].select("yhat", "lo_80", "lo_95").min().row(0) == (0.0, 0.0, 0.0)
    assert by_id["two"]["yhat"].unique().to_list() == [70.0] and by_id["two"]["model"][0] == "naive"
    assert (by_id["two"]["hi_80"] - by_id["two"]["yhat"]).min() >= 20.0
    assert by_id["net"]["yhat"].max() < -150


@pytest.mark.parametrize("tier", ["prophet", "default"])
def test_no_forecast_exceeds_what_no_value_can(tmp_path: Path, tier: str) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    share = pl.DataFrame({"unique_id": "share", "ds": MONTHS, "y": 0.9 + 0.0018 * np.arange(len(MONTHS))})
    share.write_parquet(source)
    forecast_file(source, target, config.for_tier(tier), horizon=12, freq="MS", limit=1.0)
    assert pl.read_parquet(target).select("yhat", "hi_80", "hi_95").max().row(0) == (1.0, 1.0, 1.0)
    with pytest.raises(ForecastError, match=r"the history has 0\.9954, above --max 0\.95"):
        forecast_file(source, target, config.for_tier(tier), horizon=12, freq="MS", limit=0.95)


def test_a_demand_of_one_in_ten_days_is_forecast_as_its_mean_and_not_as_zero(tmp_path: Path) -> None:
    days = pl.date_range(date(2023, 1, 1), date(2024, 6, 30), eager=True)
    y = 10.0 * (np.random.default_rng(5).random(len(days)) < 0.1)
    forecasts = forecast_of(tmp_path, pl.DataFrame({"unique_id": "a", "ds": days, "y": y}), "default", "D", horizon=7)
    assert 0.4 < forecasts["yhat"].mean() < 2.5 and forecasts["hi_95"].min() > 9


def test_a_short_history_of_few_sales_is_forecast_as_their_mean(tmp_path: Path) -> None:
    rows = months_of(np.array([0.0, 0, 4, 0, 0, 0, 3, 0, 0, 5, 0, 0]))
    forecasts = forecast_of(tmp_path, rows, "default", "MS", horizon=2)
    assert forecasts["yhat"].to_list() == [1.0, 1.0] and forecasts["model"].unique().to_list() == ["season_mean"]


def test_a_history_one_period_longer_than_two_seasons_is_forecast(tmp_path: Path) -> None:
    weeks = pl.date_range(date(2022, 1, 3), interval="1w", end=date(2024, 1, 1), eager=True)
    rows = pl.DataFrame({"unique_id": "a", "ds": weeks, "y": 100.0 + np.arange(len(weeks)) % 7})
    forecasts = forecast_of(tmp_path, rows, "default", "W-MON", horizon=3)
    assert len(weeks) == 105 and (forecasts["lo_80"] < forecasts["yhat"]).all()
    assert (forecasts["yhat"] < forecasts["hi_80"]).all()


def months_of(values: np.ndarray) -> pl.DataFrame:
    return pl.DataFrame({"unique_id": "a", "ds": MONTHS[: len(values)], "y": values})


@pytest.mark.parametrize("new", [40, 700])
def test_bounds_after_a_new_level_stay_near_what_has_been_seen(tmp_path: Path, new: int) -> None:
    values = np.concatenate([100 + np.arange(44) % 3, new + np.arange(8) % 3]).astype(float)
    forecasts = forecast_of(tmp_path, months_of(values), "default", "MS")
    assert forecasts["hi_95"].max() < 4 * max(new, 100)


def test_the_upper_bound_of_a_launch_is_not_below_what_it_sells(tmp_path: Path) -> None:
    values = np.concatenate([np.zeros(36), 300 + 2.0 * np.arange(14)])
    forecasts = forecast_of(tmp_path, months_of(values), "default", "MS")
    assert forecasts["hi_95"].min() > values[36:].min() and forecasts["yhat"].mean() > 280


def test_the_festivals_of_a_country_move_the_forecast(tmp_path: Path) -> None:
    from forecasts.panel.batch import batch_of
    from forecasts.panel.calendar import calendar_of, festival_share

    rows = pl.DataFrame({"unique_id": "a", "ds": pl.date_range(date(2017, 1, 1), date(2024, 12, 1), "1mo", eager=True)})
    frequency = Frequency("MS")
    batch = batch_of(rows.with_columns(y=pl.lit(1.0)), frequency)
    share = festival_share("spring_festival", frequency, np.arange(batch.last[0] - 95, batch.last[0] + 3))
    truth = 1000 - 450 * share + np.random.default_rng(2).normal(0, 8, len(share))
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    rows.with_columns(y=pl.Series(truth[:96])).write_parquet(source)
    forecast_file(source, target, config.for_tier("default", calendar_of("cn")), horizon=2, freq="MS")
    np.testing.assert_allclose(pl.read_parquet(target)["yhat"], truth[96:], rtol=0.05)
    with pytest.raises(ForecastError, match="no country with known holidays"):
        calendar_of("Atlantis")
