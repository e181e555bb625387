"""Files larger than memory, a block of whole series at a time; what the engine is asked for; where kernels are kept."""

import hashlib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from forecasts.prophet_map import __main__ as warming
from forecasts.prophet_map import compiled, engine, parquet
from forecasts.prophet_map.specification import Regressor, Specification, SpecificationError

pytestmark = pytest.mark.fast


def series(ids: str) -> pl.DataFrame:
    """One row per letter, numbered from 0, with a date that goes backwards."""
    days = [date(2024, 12, 31) - timedelta(days=number) for number in range(len(ids))]
    return pl.DataFrame(
        {"unique_id": list(ids), "ds": days, "y": np.arange(float(len(ids)))}, schema_overrides={"unique_id": pl.String}
    )


@pytest.fixture(autouse=True)
def _small_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_PER_READ", 3)


def blocks(tmp_path: Path, ids: str) -> list[str]:
    series(ids).write_parquet(tmp_path / "in.parquet")
    return ["".join(block["unique_id"]) for block in parquet._in_file_order(tmp_path / "in.parquet", ["unique_id"])]


@pytest.mark.parametrize(
    ("ids", "cut"),
    [
        ("aabbc", ["aa", "bb", "c"]),
        ("aaaab", ["aaaa", "b"]),
        ("aaaaaaa", ["aaaaaaa"]),
        ("abcdef", ["ab", "cde", "f"]),
        ("", [""]),
    ],
)
def test_blocks_hold_whole_series(ids: str, cut: list[str], tmp_path: Path) -> None:
    """Three rows a read; the last series of a read waits for the next one."""
    assert blocks(tmp_path, ids) == cut


def doubled(block: pl.DataFrame) -> pl.DataFrame:
    return block.select("unique_id", "ds", y=pl.col("y") * 2, engine=pl.lit("made"))


def test_every_block_is_written_once_and_progress_is_told(tmp_path: Path) -> None:
    source, target, told = tmp_path / "in.parquet", tmp_path / "out.parquet", list[int]()
    series("aabbc").write_parquet(source)
    assert parquet.stream(source, target, doubled, None, progress=told.append) == 3
    assert told == [1, 2, 3] and pl.read_parquet(target)["y"].to_list() == [0, 2, 4, 6, 8]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.parquet", "out.parquet"]


def test_series_that_are_mixed_up_are_read_again_in_buckets_and_sorted(tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    series("abcabcab").write_parquet(source)
    asked: list[str] = []

    def noted(block: pl.DataFrame) -> pl.DataFrame:
        asked.append("".join(block["unique_id"]))
        return doubled(block)

    assert parquet.stream(source, target, noted, ["unique_id", "ds", "y"], threads=1) == 3
    found = pl.read_parquet(target)
    assert {name: group["y"].to_list() for (name,), group in found.group_by("unique_id")} == {
        "a": [12, 6, 0], "b": [14, 8, 2], "c": [10, 4],
    }  # fmt: skip
    whole = [name for name in asked if len(set(name)) < len(name)]
    assert sorted("".join(whole)) == sorted("abcabcab"), "the second time in whole series"


def test_buckets_part_the_series_and_leave_none_out(tmp_path: Path) -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    series(letters * 2).write_parquet(tmp_path / "in.parquet")
    parts = list(parquet._in_buckets(tmp_path / "in.parquet", ["unique_id", "ds"]))
    assert 8 < len(parts) <= 16 and parts[0].columns == ["unique_id", "ds"]
    names = [name for part in parts for name in part["unique_id"].unique()]
    assert sorted(names) == sorted(letters)
    assert all(part["unique_id"].is_sorted() and part.height % 2 == 0 for part in parts)
    assert next(parquet._in_buckets(tmp_path / "in.parquet", None)).columns == ["unique_id", "ds", "y"]


def test_a_failed_run_leaves_the_old_target_and_no_part_of_a_new_one(tmp_path: Path) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    series("aabbc").write_parquet(source)
    target.write_text("old")

    def fails(block: pl.DataFrame) -> pl.DataFrame:
        if block["unique_id"][0] == "c":
            raise ValueError("no")
        return doubled(block)

    with pytest.raises(ValueError, match="no"):
        parquet.stream(source, target, fails, None)
    assert target.read_text() == "old" and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("threads", [1, 3])
def test_no_more_than_one_block_per_thread_waits(threads: int) -> None:
    """Blocks are taken as results are asked for; results keep their order."""
    taken: list[int] = []

    def source() -> Iterator[pl.DataFrame]:
        for number in range(8):
            taken.append(number)
            yield pl.DataFrame({"x": [number]})

    results = parquet._in_order(source(), lambda block: block, threads)
    assert next(results)["x"].item() == 0 and len(taken) == threads + 1
    assert [result["x"].item() for result in results] == [1, 2, 3, 4, 5, 6, 7]


def stock(**change: object) -> Any:
    plain = {"growth": "linear", "mcmc_samples": 0, "extra_regressors": {}}
    return SimpleNamespace(**plain | change)


def test_only_columns_that_the_model_reads_are_read() -> None:
    assert parquet._columns(None) == parquet._columns(Specification()) == ["unique_id", "ds", "y"]
    assert parquet._columns(Specification(regressors=(Regressor("x"),))) == ["unique_id", "ds", "y", "x"]
    assert parquet._columns(stock(growth="logistic")) is None


def test_a_model_that_is_not_solved_in_batch_is_refused_by_fit() -> None:
    plain = Specification(n_changepoints=3)
    assert engine.batch_specification(plain) is plain and engine.batch_specification(None) == Specification()
    with pytest.raises(
        SpecificationError, match="growth=logistic is not solved in batch; fit_predict sends it to stock"
    ):
        engine.batch_specification(stock(growth="logistic"))


def test_a_frame_is_forecast_in_blocks_and_what_is_not_solved_in_batch_by_stock_prophet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from forecasts.prophet_map import stock as stock_module

    asked: list[tuple[Any, ...]] = []

    class Fitted:
        def __init__(self, ids: list[str]) -> None:
            self.ids = ids

        def predict(self, horizon: int, freq: str, **rest: Any) -> pl.DataFrame:
            asked.append((self.ids, horizon, freq, rest))
            return pl.DataFrame({"unique_id": self.ids})

    monkeypatch.setattr(engine, "SERIES_PER_BLOCK", 2)
    monkeypatch.setattr(engine, "fit_panel", lambda panel, spec: Fitted(panel.ids.to_list()))
    frame = series("abc")
    assert engine.fit_predict(frame, None, 4, "MS")["unique_id"].to_list() == ["a", "b", "c"]
    usual = {"future": None, "levels": (80, 95), "components": False}
    assert asked == [(["a", "b"], 4, "MS", usual), (["c"], 4, "MS", usual)]

    def by_stock(*arguments: Any) -> pl.DataFrame:
        asked.append(arguments)
        return frame

    monkeypatch.setattr(stock_module, "stock_fit_predict", by_stock)
    model = stock(growth="logistic")
    assert engine.fit_predict(frame, model, 4, "MS", levels=(50,), components=True) is frame
    assert asked[-1] == (frame, model, 4, "MS", None, (50,), True)


def test_kernels_are_kept_where_they_may_be_written_in_a_folder_named_after_their_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = hashlib.sha256()
    for name in ("compiled.py", "lasso.py", "additive.py", "multiplicative.py", "predict.py"):
        digest.update((Path(compiled.__file__).parent / name).read_bytes())
    name = f"numba-{digest.hexdigest()[:12]}"
    assert compiled.source_hash() == digest.hexdigest()[:12] and compiled.CACHE_FOLDER.name == name
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setattr(compiled, "PACKAGE_CACHE", tmp_path / "beside")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(compiled.tempfile, "gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "own"))
    folders = [tmp_path / "own", tmp_path / "beside", tmp_path / "user" / "almanac", tmp_path / "temporary" / "almanac"]
    assert list(compiled._candidates()) == folders and compiled.cache_folder() == folders[0] / name
    assert compiled.cache_folder() == folders[0] / name, "a folder that is there already is taken"
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    assert list(compiled._candidates()) == folders[1:]
    monkeypatch.setattr(compiled, "_candidates", lambda: iter([blocked, blocked]))
    made = compiled.cache_folder()
    assert made.is_dir() and made.name.startswith(name)
    made.rmdir()


def test_warming_runs_both_forms_on_four_years_of_months(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, date, str, int, str]] = []

    def noted(frame: pl.DataFrame, spec: Specification, horizon: int, freq: str) -> None:
        asked.append((frame.height, frame["ds"][-1], spec.seasonality_mode, horizon, freq))
        assert frame["y"].n_unique() > 5

    monkeypatch.setattr(warming, "fit_predict", noted)
    warming.warm()
    assert asked == [(48, date(2023, 12, 1), mode, 2, "MS") for mode in ("additive", "multiplicative")]
