"""Names of series: one series has one spelling."""

import re

import polars as pl

from pipelines.errors import AlmanacError
from pipelines.ingest.formats.source import BLANKS

_BLANKS = re.compile(rf"[{BLANKS}]+")
SHOWN = 3


def named(path: str, table: pl.DataFrame, names: list[str]) -> tuple[pl.Series, list[str]]:
    """The name of each row's series, its columns joined by `/` without surplus blanks, and what was merged for it.

    Raises AlmanacError where two different series would get one name.
    """
    if not names:
        return pl.Series("unique_id", ["series"], dtype=pl.String).new_from_index(0, len(table)), []
    spellings = table.select(pl.col(name).fill_null("") for name in names)
    columns = [_without_blanks(spellings[name]) for name in names]
    clean = pl.DataFrame(columns)
    joined = clean.select(pl.concat_str(pl.all(), separator="/").alias("unique_id"))["unique_id"]
    if len(names) > 1:
        _refuse_shared_names(path, clean, names)
    return joined, _merged(spellings, joined)


def one_spelling(ids: pl.Series, days: pl.Series) -> tuple[pl.Series, list[str]]:
    """Names that differ by capitals alone: one series where they share no date, otherwise a note that they are two."""
    spelled = pl.DataFrame({"id": ids, "day": days, "folded": ids.str.to_lowercase()})
    groups = spelled.group_by("folded").agg(pl.col("id").unique().sort()).filter(pl.col("id").list.len() > 1)
    if groups.is_empty():
        return ids, []
    several = spelled.join(groups.select("folded"), on="folded", how="semi")
    shared = several.unique(["id", "day"]).group_by("folded", "day").len().filter(pl.col("len") > 1)["folded"].unique()
    is_one = ~groups["folded"].is_in(shared.implode())
    merged, kept = groups.filter(is_one), groups.filter(~is_one)
    target = {name: spellings[0] for spellings in merged["id"].to_list() for name in spellings}
    notes = []
    if len(merged):
        notes.append(f"spelled in several ways, forecast as one series: {_shown(merged['id'].to_list())}")
    if len(kept):
        notes.append(
            f"series whose names differ by capitals alone, each with its own values: {_shown(kept['id'].to_list())}"
        )
    return ids.replace(target) if target else ids, notes


def _without_blanks(texts: pl.Series) -> pl.Series:
    spellings = {text: _BLANKS.sub(" ", text.strip(BLANKS)) for text in texts.unique().to_list()}
    return texts.replace_strict(spellings, return_dtype=pl.String)


def _merged(spellings: pl.DataFrame, joined: pl.Series) -> list[str]:
    written = spellings.select(pl.concat_str(pl.all(), separator="/").alias("written")).with_columns(joined)
    several = (
        written.group_by("unique_id").agg(pl.col("written").unique().sort()).filter(pl.col("written").list.len() > 1)
    )
    if several.is_empty():
        return []
    return [f"names that differ by blanks alone are one series: {_shown(several['written'].to_list())}"]


def _shown(groups: list[list[str]]) -> str:
    more = f" and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
    return "; ".join(", ".join(map(repr, group)) for group in sorted(groups)[:SHOWN]) + more


def _refuse_shared_names(path: str, clean: pl.DataFrame, names: list[str]) -> None:
    """Raise AlmanacError where two series would get one name: A/B of C and A of B/C."""
    joined = clean.unique().select(pl.concat_str(pl.all(), separator="/")).to_series()
    if joined.n_unique() < len(joined):
        shared = joined.filter(joined.is_duplicated())[0]
        raise AlmanacError(f"{path}: {shared!r} would name two series: remove the / from {' or '.join(names)}")
