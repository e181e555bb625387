"""`almanac forecast-file`: any long table in, one file of forecasts out."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from forecasts import config
from forecasts.errors import ForecastError
from forecasts.files import COLUMNS, forecast_file

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
    found = []
    for name, frame in {"sorted": rows, "mixed": rows.sample(fraction=1, shuffle=True, seed=3)}.items():
        source, target = tmp_path / f"{name}.parquet", tmp_path / f"{name}_out.parquet"
        frame.write_parquet(source)
        assert forecast_file(source, target, config.for_tier(tier), horizon=6, freq="MS") == 3
        found.append(pl.read_parquet(target).sort("unique_id", "ds"))
    assert found[0].columns == list(COLUMNS) and found[0].height == 18
    assert found[0]["ds"].min() == date(2024, 7, 1)
    np.testing.assert_allclose(found[0]["yhat"], found[1]["yhat"], rtol=1e-6)
    np.testing.assert_allclose(found[0]["yhat"], 100, atol=15)


def test_csv_with_one_series_and_no_id_is_forecast_into_csv(tmp_path: Path) -> None:
    source, target = tmp_path / "sales.csv", tmp_path / "out.csv"
    table(["only"]).drop("unique_id").write_csv(source)
    forecast_file(source, target, config.for_tier("prophet"), horizon=2, freq="MS")
    assert pl.read_csv(target)["unique_id"].to_list() == ["series", "series"]


def test_missing_column_and_missing_file_are_one_sentence(tmp_path: Path) -> None:
    source = tmp_path / "sales.csv"
    table(["a"]).rename({"y": "amount"}).write_csv(source)
    wanted = config.for_tier("prophet")
    with pytest.raises(ForecastError, match=r"sales\.csv: no column y: found unique_id, ds, amount"):
        forecast_file(source, tmp_path / "out.csv", wanted, horizon=2, freq="MS")
    with pytest.raises(ForecastError, match="there is no such file"):
        forecast_file(tmp_path / "none.csv", tmp_path / "out.csv", wanted, horizon=2, freq="MS")


def test_failed_run_leaves_no_half_written_target(tmp_path: Path) -> None:
    source, target = tmp_path / "sales.parquet", tmp_path / "out.parquet"
    twice = pl.concat([table(["a"]), table(["a"])])
    twice.write_parquet(source)
    with pytest.raises(ForecastError):
        forecast_file(source, target, config.for_tier("default"), horizon=2, freq="MS")
    assert [path.name for path in tmp_path.iterdir()] == ["sales.parquet"]


def test_pictures_show_history_and_forecast(tmp_path: Path) -> None:
    from forecasts.pictures import draw

    source, target = tmp_path / "sales.csv", tmp_path / "out.csv"
    table(["a/b", "c"]).write_csv(source)
    forecast_file(source, target, config.for_tier("prophet"), horizon=3, freq="MS")
    assert draw(source, target, tmp_path / "charts") == 2
    page = (tmp_path / "charts" / "000_a_b.html").read_text(encoding="utf-8")
    assert "lo_95" in page and "2024-07-01" in page
    assert "<svg" in page and "src=" not in page, "a page needs no network"
