"""Reading and writing of files that are forecast: what counts as a value, what is refused, what is left behind."""

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from forecasts import config, files
from forecasts.errors import ForecastError
from forecasts.files import days_of, forecast_file, read_forecasts, read_long, series_of
from forecasts.output.schemas import FILE_COLUMNS
from forecasts.panel.frequency import Frequency

pytestmark = pytest.mark.fast


def csv(folder: Path, text: str) -> Path:
    path = folder / "sales.csv"
    path.write_text(text, encoding="utf-8")
    return path


def parquet(folder: Path, **columns: Sequence[object]) -> Path:
    path = folder / "sales.parquet"
    pl.DataFrame(columns).write_parquet(path)
    return path


def test_text_is_read_as_ids_dates_and_numbers_and_words_for_nothing_are_unknown(tmp_path: Path) -> None:
    told = read_long(csv(tmp_path, "unique_id,ds,y\n007,2024-01-05,1.5\na,2024/02/01T09:00, NA \na,2024-03-01,nan\n"))
    assert told.rows() == [
        ("007", date(2024, 1, 5), 1.5), ("a", date(2024, 2, 1), None), ("a", date(2024, 3, 1), None),
    ]  # fmt: skip


def test_a_file_without_ids_is_one_series(tmp_path: Path) -> None:
    path = csv(tmp_path, "ds,y\n2024-01-01,1\n2024-01-01,2\n")
    assert read_long(path)["unique_id"].to_list() == ["series"] * 2
    assert days_of(path).tolist() == [date(2024, 1, 1)]


def test_stamps_count_on_their_local_day_and_a_number_that_is_none_is_unknown(tmp_path: Path) -> None:
    stamp = datetime(2024, 1, 31, 23, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert read_long(parquet(tmp_path, unique_id=["a"], ds=[stamp], y=[2])).rows() == [("a", date(2024, 1, 31), 2.0)]
    typed = parquet(tmp_path, unique_id=["a"], ds=[date(2024, 1, 1)], y=[float("nan")])
    assert read_long(typed)["y"].to_list() == [None]


def test_typed_tables_are_read_where_they_lie_and_others_from_a_copy(tmp_path: Path) -> None:
    typed = parquet(tmp_path, unique_id=["a", "b", "a"], ds=[date(2024, 1, 1)] * 3, y=[1, 2, 3])
    with files._as_parquet(typed) as path:
        assert path == typed and series_of(path) == 2
    for other in (pl.col("unique_id").cast(pl.Categorical), pl.col("ds").cast(pl.String), pl.col("y").cast(pl.String)):
        copied = tmp_path / "other.parquet"
        pl.read_parquet(typed).with_columns(other).write_parquet(copied)
        with files._as_parquet(copied) as path:
            assert path != copied and pl.read_parquet(path).schema["ds"] == pl.Date
        assert not path.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unique_id,day,y\na,2024-01-01,1\n", "no column ds: found unique_id, day, y"),
        ("unique_id,ds\na,2024-01-01\n", "no column y: found unique_id, ds"),
        ("unique_id,ds,y\n,2024-01-01,1\n,2024-02-01,1\n", "column 'unique_id' has 2 empty cells"),
        ("unique_id,ds,y\na,,1\n", "column 'ds' has 1 empty cells"),
        ("unique_id,ds,y\na,2024-01-01,inf\n", "column 'y' has 1 infinite values"),
        ("unique_id,ds,y\na,01.02.2024,1\n", "ds must be dates and y numbers"),
        ("unique_id,ds,y\na,2024-01-01,many\n", "ds must be dates and y numbers"),
        ("", "cannot be read"),
    ],
)
def test_what_is_no_table_of_dates_and_numbers_is_refused_with_its_name(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ForecastError, match=rf"sales\.csv: .*{told}"), files._as_parquet(csv(tmp_path, text)):
        pass


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ForecastError, match=r"there is no such file"), files._as_parquet(tmp_path / "none.csv"):
        pass


def test_a_target_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    rows = pl.DataFrame({"unique_id": ["a"], "yhat": [1.0]})
    for name in ("deep/out.parquet", "out.csv"):
        target = tmp_path / name
        with files._parquet_target(target) as partial_path:
            rows.write_parquet(partial_path)
            assert not target.exists()
        assert (pl.read_csv(target) if name.endswith("csv") else pl.read_parquet(target)).rows() == rows.rows()
        with pytest.raises(ValueError, match=r"half"), files._parquet_target(target) as partial_path:
            rows.clear().write_parquet(partial_path)
            raise ValueError("half")
        assert target.read_bytes() and [path for path in target.parent.iterdir() if path.name.startswith(".")] == []


def test_a_limit_is_kept_by_every_number_and_refuses_a_history_above_it(tmp_path: Path) -> None:
    path = parquet(tmp_path, y=[1.0, 2.0, None])
    files._refuse_above(path, 2.0)
    files._refuse_above(path, None)
    with pytest.raises(ForecastError, match=r"the history has 2, above --max 1.5"):
        files._refuse_above(path, 1.5)
    files._refuse_above(parquet(tmp_path, y=[None]), 1.5)
    rows = pl.DataFrame({name: [2.0, 0.5] for name in ("yhat", "lo_80", "hi_80", "lo_95", "hi_95", "n")})
    assert files._limited(rows, None) is rows
    assert files._limited(rows, 1.0).row(0) == (1, 1, 1, 1, 1, 2) and files._limited(rows, 1.0).row(1) == (0.5,) * 6


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"horizon": 0}, "horizon must be 1 or more periods, not 0"),
        ({"freq": "2W"}, "frequency '2W' is unknown"),
        ({"engine": "moon"}, "moon"),
        ({"target": "sales.csv"}, "would overwrite its own history"),
    ],
)
def test_what_cannot_be_forecast_is_refused_before_anything_is_read(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    asked = {"horizon": 1, "freq": "MS", "target": "out.csv"} | change
    target = tmp_path / str(asked.pop("target"))
    source = csv(tmp_path, "ds,y\n2024-01-01,1\n")
    with pytest.raises(ForecastError, match=told):
        forecast_file(source, target, config.for_tier("default"), **asked)  # type: ignore[arg-type]


def test_tier_prophet_has_no_festivals_and_the_others_have(tmp_path: Path) -> None:
    calendar = config.Calendar("GB", ("easter",))
    source = csv(tmp_path, "ds,y\n2024-01-01,1\n")
    with pytest.raises(ForecastError, match=r"tier prophet has no festivals on a file"):
        forecast_file(source, tmp_path / "out.csv", config.for_tier("prophet", calendar), horizon=1, freq="MS")


def test_series_without_a_value_have_rows_without_a_forecast() -> None:
    months = [date(2024, 2, 1), date(2024, 3, 1), date(2024, 1, 1)]
    table = pl.DataFrame({"unique_id": ["none", "none", "some"], "ds": months, "y": [None, None, 1.0]})
    rows = pl.DataFrame({"unique_id": ["some"]})
    told = files._without_values(table, rows, 2, Frequency("MS"))
    assert told.columns == list(FILE_COLUMNS) and told["fallback_reason"].unique().to_list() == ["0 values of history"]
    assert told.select("unique_id", "ds", "yhat").rows() == [
        ("none", date(2024, 4, 1), None), ("none", date(2024, 5, 1), None),
    ]  # fmt: skip
    assert files._without_values(table, table, 2, Frequency("MS")).is_empty()


def test_progress_of_a_block_is_told_in_series_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SERIES_PER_BLOCK", 10)
    told: list[tuple[int, int]] = []
    for start in (10, 20):
        tick = files._whole_file_progress(lambda done, total: told.append((done, total)), start, 25)
        assert tick is not None
        tick(1, 2), tick(2, 2), tick(0, 0)
    assert told == [(15, 25), (20, 25), (10, 25), (22, 25), (25, 25), (20, 25)]
    assert files._whole_file_progress(None, 0, 25) is None


def test_files_are_forecast_in_blocks_of_twenty_thousand_series(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert files.SERIES_PER_BLOCK == 20_000
    blocks: list[list[str]] = []

    def block(rows: pl.DataFrame, *_: object) -> pl.DataFrame:
        blocks.append(sorted(set(rows["unique_id"])))
        out = rows.select("unique_id", "ds").unique("unique_id")
        return files.schemas.conform(out.with_columns(yhat=pl.lit(5.0)), FILE_COLUMNS)

    monkeypatch.setattr(files, "SERIES_PER_BLOCK", 2)
    monkeypatch.setattr(files, "_block", block)
    days = [date(2024, 1, 1)] * 5
    source = parquet(tmp_path, unique_id=[*"ebadc"], ds=days, y=[1.0] * 5)
    plan = config.for_tier("default")
    assert forecast_file(source, tmp_path / "out.csv", plan, horizon=1, freq="MS", limit=4.0) == 5
    assert blocks == [["a", "b"], ["c", "d"], ["e"]]
    told = read_forecasts(tmp_path / "out.csv")
    assert told["unique_id"].to_list() == [*"abcde"] and told["yhat"].to_list() == [4.0] * 5
    forecast_file(source, tmp_path / "out.parquet", plan, horizon=1, freq="MS")
    assert read_forecasts(tmp_path / "out.parquet")["yhat"].to_list() == [5.0] * 5
    assert np.array_equal(days_of(source), np.array(days[:1], dtype="datetime64[D]"))
