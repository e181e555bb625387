"""Conversion and mean days of one sample of deals that is known from dated exports.

A stay between two exports is not seen. Lost deals whose last export lies only days before the loss are: the stage in
that export is the one they were lost from, and export days do not depend on when deals are lost, so they are a random
sample of all lost deals. Days follow from Little's law, L = lambda W: deals seen in a stage, times the days that an
export stands for, are the days that deals spent in it. Nothing is assumed about how long stays last.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.funnel.rules import Rules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TENTHS, FIFTHS = 10, 5
SEED = 20_240_229  # fixed: the same exports give the same interval
MANY = 1500  # deals of which those that are alike are drawn together


@dataclass(frozen=True)
class Sample:
    """Arrays with one entry per deal; `days` has one column per stage of the ladder.

    is_lost, is_won: 1 for deals that count towards the share lost. counted: 1 for deals that days are divided by.
    look_stage: place on the ladder in the last export before the loss, -1 where none is known.
    look_age: days from that export to the loss. look_gap: days from it to the export after the loss, NaN before there
    is one. birth: share of the gap between two exports that had passed when the deal was created, NaN where unknown.
    days: days in each stage, each export standing for half the gap before and half the gap after it.
    """

    is_lost: Floats
    is_won: Floats
    counted: Floats
    look_stage: Ints
    look_age: Floats
    look_gap: Floats
    birth: Floats
    days: Floats

    def taken(self, places: Ints) -> "Sample":
        """The deals at these places, in their order."""
        return Sample(*(getattr(self, field.name)[places] for field in fields(self)))


@dataclass(frozen=True)
class Estimate:
    """One entry per stage of the ladder; `*_low` and `*_high` bound 95 of 100 bootstrap samples."""

    reach: Floats
    conversion: Floats
    conversion_low: Floats
    conversion_high: Floats
    mean_days: Floats
    mean_days_low: Floats
    mean_days_high: Floats


def look_window(sample: Sample, rules: Rules) -> tuple[int, int]:
    """Days after an export within which losses are used, and how many there are: the fewest days with enough."""
    known = (sample.is_lost > 0) & (sample.look_stage >= 0)
    for days in rules.look_days:
        used = int((known & (sample.look_age <= days)).sum())
        if used >= rules.min_lost_deals:
            break
    return days, used


def closings_cluster(sample: Sample, rules: Rules) -> bool:
    """Whether losses crowd into one fifth of the gap between exports, as in a clean-up before the month ends.

    Pearson's chi-square over fifths; with four degrees of freedom P(X > x) = exp(-x/2) (1 + x/2). Gaps that a look may
    span whole are left out: there weekends alone would crowd, and whatever crowds is looked at as well.
    """
    known = (sample.is_lost > 0) & ~np.isnan(sample.look_age) & (sample.look_gap > rules.max_look_days)
    gaps, ages = sample.look_gap[known].astype(int), sample.look_age[known].astype(int)
    counts, expected = np.zeros(FIFTHS), np.zeros(FIFTHS)
    for gap in np.unique(gaps):
        fifth = np.minimum((np.arange(gap) + 0.5) / gap * FIFTHS, FIFTHS - 1).astype(int)
        here = ages[gaps == gap]
        counts += np.bincount(fifth[np.clip(here, 1, gap) - 1], minlength=FIFTHS)
        expected += np.bincount(fifth, minlength=FIFTHS) * len(here) / gap
    if not counts.any():
        return False
    distance = float(((counts - expected) ** 2 / expected).sum())
    chance = math.exp(-distance / 2) * (1 + distance / 2)
    return chance < rules.clustering_significance and counts.max() >= rules.min_clustered_share * counts.sum()


def estimate(sample: Sample, look_days: int, rules: Rules) -> Estimate:
    """The estimate and its bootstrap over deals, with weights that are exponential with mean 1."""
    rng, count, stages = np.random.default_rng(SEED), int(rules.bootstrap_samples), sample.days.shape[1]
    alike = np.ones(len(sample.is_lost))
    if len(alike) > MANY:
        sample, alike = _drawn_together(sample, look_days)
        draws = np.vstack([alike, rng.gamma(alike, size=(count, len(alike)))])
    else:
        draws = np.vstack([alike, rng.exponential(size=(count, len(alike)))])
    # Half a lost deal more or less in each stage, so that a stage where none was seen has an interval too.
    extra = np.vstack([np.zeros(stages), rng.gamma(0.5, size=(count, stages))])
    reach, conversion = _conversion(sample, look_days, draws, extra)
    days = _mean_days(sample, draws) / reach
    low, high = np.nanpercentile(conversion[1:], [2.5, 97.5], axis=0)
    days_low, days_high = np.nanpercentile(days[1:], [2.5, 97.5], axis=0)
    return Estimate(reach[0], conversion[0], low, high, days[0], days_low, days_high)


def _drawn_together(sample: Sample, look_days: int) -> tuple[Sample, Floats]:
    """The sample with one entry for deals that an estimate cannot tell apart, and how many each stands for.

    The sum of their weights, exponential with mean 1, is a gamma variable with their number as its shape: the same
    bootstrap, in a fraction of the numbers.
    """
    is_used = (sample.is_lost > 0) & (sample.look_stage >= 0) & (sample.look_age <= look_days)
    columns = {
        "is_lost": sample.is_lost,
        "is_won": sample.is_won,
        "counted": sample.counted,
        "look_stage": np.where(is_used, sample.look_stage, -1),
        "birth": np.floor(np.clip(sample.birth * TENTHS, 0, TENTHS - 1)),
        **{f"days_{stage}": sample.days[:, stage] for stage in range(sample.days.shape[1])},
    }
    rows = pl.DataFrame(columns).group_by(*columns).len("alike").sort(*columns)
    kept = {name: rows[name].to_numpy() for name in columns}
    days = np.column_stack([kept[name] for name in columns if name.startswith("days_")])
    birth, nothing = (kept["birth"] + 0.5) / TENTHS, np.zeros(len(rows))
    return Sample(
        kept["is_lost"], kept["is_won"], kept["counted"], kept["look_stage"], nothing, nothing, birth, days
    ), rows["alike"].to_numpy().astype(float)


def _conversion(sample: Sample, look_days: int, draws: Floats, extra: Floats) -> tuple[Floats, Floats]:
    """Share of deals that get as far as each stage, and of those the share that gets further; a row per draw."""
    used = (sample.is_lost > 0) & (sample.look_stage >= 0) & (sample.look_age <= look_days)
    seen = np.zeros((len(sample.is_lost), extra.shape[1]))
    seen[np.flatnonzero(used), sample.look_stage[used]] = 1
    lost, won = draws @ sample.is_lost, draws @ sample.is_won
    from_stage = draws @ seen + extra
    lost_here = (lost / (lost + won))[:, None] * from_stage / from_stage.sum(axis=1, keepdims=True)
    reach = 1 - np.cumsum(lost_here, axis=1) + lost_here
    return reach, 1 - lost_here / reach


def _mean_days(sample: Sample, draws: Floats) -> Floats:
    """Days in each stage per deal, with deals weighted so that they are born evenly between two exports."""
    has_birth = ~np.isnan(sample.birth)
    tenth = np.where(has_birth, np.clip(np.nan_to_num(sample.birth) * TENTHS, 0, TENTHS - 1), 0).astype(int)
    member = np.zeros((len(has_birth), TENTHS))
    member[np.flatnonzero(has_birth), tenth[has_birth]] = 1
    born = draws @ member
    with np.errstate(divide="ignore", invalid="ignore"):
        even = np.where(born > 0, born.sum(axis=1, keepdims=True) / (born > 0).sum(axis=1, keepdims=True) / born, 0)
    weights = draws * np.where(has_birth, even[:, tenth], 1)
    return (weights @ sample.days) / (weights @ sample.counted)[:, None]
