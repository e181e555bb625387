"""The batch Prophet engine as its callers see it: long frame in, long frame out."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from prophet_map_series import panel, sales

from forecasts.prophet_map import Regressor, Seasonality, Specification, SpecificationError, fit, fit_predict
from forecasts.prophet_map.design import thin_svd
from forecasts.prophet_map.parquet import forecast_parquet

pytestmark = pytest.mark.fast


def test_every_series_gets_every_period_with_ordered_bounds() -> None:
    forecast = fit_predict(panel(7), None, 12, "MS")
    assert forecast.columns == ["unique_id", "ds", "yhat", "lo_80", "hi_80", "lo_95", "hi_95", "engine"]
    assert forecast.height == 7 * 12
    assert forecast["unique_id"].unique(maintain_order=True).to_list() == [f"s{i:03d}" for i in range(7)]
    assert forecast.schema["ds"] == pl.Date
    ordered = (
        (pl.col("lo_95") < pl.col("lo_80")) & (pl.col("lo_80") < pl.col("yhat")) & (pl.col("yhat") < pl.col("hi_80"))
    )
    assert forecast.select((ordered & (pl.col("hi_80") < pl.col("hi_95"))).all()).item()
    assert set(forecast["engine"]) == {"prophet_map"}


def test_a_series_alone_gets_the_same_numbers_as_in_a_batch() -> None:
    history = panel(9)
    forecast = fit_predict(history, None, 6, "MS")
    for key in ("s000", "s004", "s006"):
        alone = fit_predict(history.filter(unique_id=key), None, 6, "MS")
        assert_frame_equal(alone, forecast.filter(unique_id=key), check_exact=True)


def test_the_order_of_rows_does_not_matter() -> None:
    history = panel(6)
    shuffled = history.sample(fraction=1.0, shuffle=True, seed=3)
    assert_frame_equal(fit_predict(shuffled, None, 6, "MS"), fit_predict(history, None, 6, "MS"), check_exact=True)


def test_a_noiseless_line_is_continued_and_its_slope_reported() -> None:
    history = sales(48).with_columns(y=pl.col("ds").cast(pl.Int32) * 2.0 + 7)
    forecast = fit_predict(history, None, 12, "MS")
    truth = forecast["ds"].cast(pl.Int32) * 2.0 + 7
    assert np.allclose(forecast["yhat"], truth, rtol=1e-5)
    assert fit(history).parameters()["slope_per_day"].item() == pytest.approx(2.0, rel=1e-4)


def test_a_seasonal_truth_is_found_under_noise() -> None:
    history = sales(120, seed=4)
    turn = history["ds"].cast(pl.Int32) / 365.25 * 2 * np.pi
    truth = 50 + 10 * turn.sin()
    noisy = history.with_columns(y=truth + pl.Series(np.random.default_rng(0).normal(0, 1, 120)))
    fitted = fit(noisy).fitted()
    assert (fitted["fitted"] - truth).pow(2).mean() ** 0.5 < 0.6
    assert fit(noisy).parameters()["sigma"].item() * noisy["y"].max() == pytest.approx(1.0, rel=0.2)


def test_components_add_up_to_the_forecast() -> None:
    spec = Specification(
        seasonalities=(Seasonality("quarterly", 91.3, 2, mode="multiplicative"),),
        regressors=(Regressor("working_days"),),
    )
    history = sales(60).with_columns(working_days=pl.col("ds").dt.month() % 4 + 19.0)
    future_frame = pl.DataFrame({"ds": pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 6, 1), "1mo", eager=True)})
    future_frame = future_frame.with_columns(working_days=21.0)
    forecast = fit_predict(history, spec, 6, "MS", future=future_frame, components=True)
    total = forecast["trend"] * (1 + forecast["multiplicative_terms"]) + forecast["additive_terms"]
    assert np.allclose(total, forecast["yhat"])
    assert np.allclose(forecast["yearly"] + forecast["working_days"], forecast["additive_terms"])
    assert np.allclose(forecast["quarterly"], forecast["multiplicative_terms"])


def test_a_regressor_that_explains_a_jump_carries_it_into_the_future() -> None:
    rng = np.random.default_rng(1)
    campaign = pl.Series((rng.random(72) < 0.3) * 1.0)
    history = sales(72).with_columns(campaign=campaign, y=100 + 40 * campaign + pl.Series(rng.normal(0, 1, 72)))
    spec = Specification(yearly_seasonality=False, regressors=(Regressor("campaign"),))
    future_frame = (
        fit_predict(history, None, 4, "MS").select("unique_id", "ds").with_columns(campaign=pl.Series([0.0, 1, 0, 1]))
    )
    forecast = fit_predict(history, spec, 4, "MS", future=future_frame)
    assert np.allclose(forecast["yhat"], [100, 140, 100, 140], atol=2.0)


def test_a_missing_future_regressor_is_refused_by_name() -> None:
    spec = Specification(regressors=(Regressor("price"),))
    history = sales(40).with_columns(price=pl.lit(2.0))
    with pytest.raises(SpecificationError, match="price"):
        fit_predict(history, spec, 3, "MS")
    half = pl.DataFrame({"ds": ["2018-05-01", "2018-06-01"], "price": [2.0, 2.0]})
    with pytest.raises(SpecificationError, match="series 's' on 2018-07-01"):
        fit_predict(history, spec, 3, "MS", future=half)


def test_parquet_to_parquet_equals_the_frame_in_memory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("forecasts.prophet_map.parquet.ROWS_PER_READ", 130)
    history = panel(11)
    history.write_parquet(tmp_path / "in.parquet")
    progress_calls: list[int] = []
    done = forecast_parquet(
        tmp_path / "in.parquet", tmp_path / "out.parquet", None, 6, "MS", progress=progress_calls.append
    )
    assert done == 11
    assert progress_calls[-1] == 11 and len(progress_calls) > 3
    assert_frame_equal(pl.read_parquet(tmp_path / "out.parquet"), fit_predict(history, None, 6, "MS"), check_exact=True)


def test_parquet_with_series_mixed_up_gives_the_same_rows(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("forecasts.prophet_map.parquet.ROWS_PER_READ", 130)
    history = panel(11)
    history.sort("ds").write_parquet(tmp_path / "in.parquet")
    forecast_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", None, 6, "MS")
    found = pl.read_parquet(tmp_path / "out.parquet").sort("unique_id", "ds")
    assert_frame_equal(found, fit_predict(history, None, 6, "MS"), check_exact=True)
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet", "out.parquet"] or len(
        list(tmp_path.iterdir())
    ) == 2


def test_a_failed_parquet_run_leaves_nothing_behind(tmp_path) -> None:
    panel(2).with_columns(y=pl.lit(float("inf"))).write_parquet(tmp_path / "in.parquet")
    with pytest.raises(SpecificationError, match="infinite"):
        forecast_parquet(tmp_path / "in.parquet", tmp_path / "out.parquet", None, 6, "MS")
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_the_number_of_threads_changes_nothing(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("forecasts.prophet_map.parquet.ROWS_PER_READ", 130)
    panel(12).write_parquet(tmp_path / "in.parquet")
    for threads in (1, 3):
        forecast_parquet(tmp_path / "in.parquet", tmp_path / f"{threads}.parquet", None, 6, "MS", threads=threads)
    assert_frame_equal(
        pl.read_parquet(tmp_path / "1.parquet"), pl.read_parquet(tmp_path / "3.parquet"), check_exact=True
    )


def test_series_may_be_named_by_numbers() -> None:
    history = panel(3).with_columns(unique_id=pl.col("unique_id").str.slice(1).cast(pl.Int64))
    assert fit_predict(history, None, 2, "MS")["unique_id"].to_list() == [0, 0, 1, 1, 2, 2]


def test_kernels_are_kept_in_the_first_folder_that_can_be_written(tmp_path, monkeypatch) -> None:
    from forecasts.prophet_map import compiled

    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(compiled, "PACKAGE_CACHE", tmp_path / "beside")
    assert compiled.cache_folder().parent == tmp_path / "beside"


def test_default_model_never_imports_prophet() -> None:
    code = (
        "import sys, polars as pl, datetime as d; from forecasts.prophet_map import fit_predict;"
        "days = pl.date_range(d.date(2020, 1, 1), d.date(2022, 1, 1), '1mo', eager=True);"
        "fit_predict(pl.DataFrame({'unique_id': 'a', 'ds': days, 'y': range(25)}), None, 3, 'MS');"
        "sys.exit('prophet' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("spread", [1.0, 1e-7], ids=["well conditioned", "nearly dependent columns"])
def test_the_cheap_decomposition_is_the_one_of_lapack(spread: float) -> None:
    B = np.random.default_rng(5).normal(size=(3, 40, 6))
    B[1, :, 5] = B[1, :, 4] + spread * B[1, :, 5]
    U, sv, Vt = thin_svd(B)
    assert np.allclose(U * sv[:, None, :] @ Vt, B, rtol=0, atol=1e-12)
    assert np.allclose(np.swapaxes(U, 1, 2) @ U, np.eye(6), rtol=0, atol=1e-8)
    exact = np.linalg.svd(B, compute_uv=False)
    assert np.allclose(np.sort(sv, axis=1)[:, ::-1], exact, rtol=1e-8, atol=0)


def test_fewer_points_than_columns_still_have_a_decomposition() -> None:
    B = np.random.default_rng(6).normal(size=(2, 4, 9))
    U, sv, Vt = thin_svd(B)
    assert sv.shape == (2, 4) and np.allclose(U * sv[:, None, :] @ Vt, B)
