"""Public series with a holdout, loaded from the folder of data sets (ALMANAC_DATASETS)."""

import calendar
import os
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.home.settings import REPOSITORY

MONTHS = {name: number for number, name in enumerate(calendar.month_name) if name}


@dataclass(frozen=True)
class Holdout:
    """A panel cut in two. train, test: `unique_id, ds, y`; test holds `horizon` periods of every series."""

    name: str
    freq: str
    horizon: int
    train: pl.DataFrame
    test: pl.DataFrame

    def every(self, step: int) -> "Holdout":
        """Every step-th series by name: a deterministic sample."""
        ids = self.test["unique_id"].unique().sort().gather_every(step)
        keep = pl.col("unique_id").is_in(ids.implode())
        return Holdout(self.name, self.freq, self.horizon, self.train.filter(keep), self.test.filter(keep))


def load(name: str) -> Holdout:
    """m3_monthly, m4_weekly260, tourism (bottom series of the hierarchy), or carparts."""
    folder = folder_of()
    if name in ("m3_monthly", "m4_weekly260"):
        train, test = (pl.read_parquet(folder / f"{name}_{part}.parquet") for part in ("train", "test"))
        freq = "MS" if name == "m3_monthly" else "W-SUN"
        return Holdout(name, freq, test.group_by("unique_id").len()["len"].max(), train, test)  # type: ignore[arg-type]
    if name == "tourism":
        return cut(name, tourism(folder), 24)
    if name == "carparts":
        return cut(name, pl.read_parquet(folder / "carparts.parquet").drop_nulls("y"), 6)
    raise AlmanacError(f"data set {name!r} is none of m3_monthly, m4_weekly260, tourism, carparts")


def company(home: Path) -> Holdout:
    """The monthly series of a home's last published run with a year to hold out and two seasons before it."""
    source = home / "published" / "parquet" / "latest" / "marts" / "series_history.parquet"
    if not source.is_file():
        raise AlmanacError(f"{source} is not there: run the home first, or name another with --set home=DIR")
    rows = pl.read_parquet(source).filter(pl.col("freq") == "MS").select("unique_id", "ds", "y")
    rows = rows.filter(pl.len().over("unique_id") >= 36)
    return cut("company", rows, 12)


def folder_of() -> Path:
    """Where the public series are."""
    folder = Path(os.environ.get("ALMANAC_DATASETS", REPOSITORY.parent / "shared" / "datasets")) / "forecast"
    if not folder.is_dir():
        raise AlmanacError(f"public data sets are not at {folder}: set ALMANAC_DATASETS")
    return folder


def cut(name: str, rows: pl.DataFrame, horizon: int) -> Holdout:
    """Monthly rows with the last `horizon` periods of every series held out."""
    rows = rows.sort("unique_id", "ds")
    late = pl.int_range(pl.len()).over("unique_id") >= pl.len().over("unique_id") - horizon
    return Holdout(name, "MS", horizon, rows.filter(~late), rows.filter(late))


def tourism(folder: Path) -> pl.DataFrame:
    """Visitor nights per state, region and purpose (`state|region|purpose`): a table with three header rows."""
    raw = pl.read_csv(folder / "tourism_hier_monthly.csv", has_header=False, infer_schema=False)
    header = raw.head(3).transpose()
    states, regions = (header.get_column(f"column_{row}").forward_fill().to_list() for row in (0, 1))
    purposes = header.get_column("column_2").to_list()
    columns = zip(states[2:], regions[2:], purposes[2:], strict=True)
    names = ["year", "month", *("|".join(column) for column in columns)]
    body = raw.slice(3).rename(dict(zip(raw.columns, names, strict=True))).with_columns(pl.col("year").forward_fill())
    body = body.drop_nulls("month").filter(pl.col("month").is_in(list(MONTHS)))
    first = pl.date(pl.col("year").cast(pl.Int32), pl.col("month").replace_strict(MONTHS, return_dtype=pl.Int8), 1)
    long = (
        body.with_columns(ds=first).drop("year", "month").unpivot(index="ds", variable_name="unique_id", value_name="y")
    )
    return long.with_columns(pl.col("y").cast(pl.Float64, strict=False)).drop_nulls("y")
