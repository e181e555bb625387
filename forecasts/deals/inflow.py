"""Deals that nobody has entered yet: how many come in each period, and in which period after that they are won.

Counts per period follow level x season x trend; the trend is taken only if it did better on past origins. The closing
curve is counted by age since creation, with deals that are still open censored, like the table by stage.
"""

from dataclasses import dataclass

import numpy as np

from forecasts.deals.calendar_effects import Effects, fit_effects, poisson_ridge
from forecasts.deals.history import NEVER, History, day_numbers
from forecasts.deals.schema import WON
from forecasts.deals.settings import Settings
from forecasts.panel.frequency import Frequency

LEVEL_PERIODS = 12  # the level is that of the last year: shorter is noise, longer is history
TREND_PERIODS = 36  # that a trend is estimated from: older growth says little of this one
TREND_SD = 0.02  # prior of the log trend per month: 0.02 is 27 % a year
LEAST_PERIODS = 24  # of history before a trend is looked for
TESTS = 12  # past origins on which flat and trend are compared


@dataclass(frozen=True)
class Inflow:
    """counts: expected new deals per window. curve: chance that a new deal is won at age 0, 1, ... periods.

    spread: standard deviation of the log of the level (parameter uncertainty); shock: of each window, beyond Poisson,
    with what is not known of its season.
    has_trend: whether the trend is in. won_count: won deals behind the curve.
    """

    counts: np.ndarray
    curve: np.ndarray
    spread: float
    shock: np.ndarray
    has_trend: bool
    won_count: int

    def wins(self) -> np.ndarray:
        """Expected wins of new deals, creation window x window of the win."""
        periods = len(self.counts)
        age = np.arange(periods)[None, :] - np.arange(periods)[:, None]
        return np.where(age >= 0, self.counts[:, None] * self.curve[np.maximum(age, 0)], 0.0)


def fit_inflow(history: History, frequency: Frequency, first_window: int, left: float, settings: Settings) -> Inflow:
    """Inflow as known at as_of. first_window: number of the first period ahead; left: the share of it still ahead."""
    spells = history.spells
    opened = frequency.index(spells["opened_on"].to_numpy())
    ended_day = day_numbers(spells["ended_on"])
    ended = np.where(ended_day < NEVER, 0, NEVER)
    known = np.flatnonzero(ended_day < NEVER)
    ended[known] = frequency.index(ended_day[known].astype("datetime64[D]"))
    won = (spells["outcome"] == WON).fill_null(value=False).to_numpy()
    begin = _beginning(opened, ended, first_window, settings)
    counts = np.bincount(
        opened[(opened >= begin) & (opened < first_window)] - begin, minlength=max(first_window - begin, 0)
    )
    future, has_trend, spread, shock = _future_counts(frequency, counts, begin, settings)
    future[0] *= left
    inside = (opened >= begin) & (opened < first_window)
    curve, won_count = _curve(opened[inside], ended[inside], won[inside], first_window, settings.periods)
    return Inflow(future, curve, spread, shock, has_trend, won_count)


def _beginning(opened: np.ndarray, ended: np.ndarray, first_window: int, settings: Settings) -> int:
    """The first period that counts: three years back, and not before the first deal that is known to have closed.

    A list often begins with the deals that were open on some day; the others of their time are not in it.
    """
    closed = ended[ended < NEVER]
    earliest = int(closed.min()) if len(closed) else int(opened.min(initial=first_window))
    return min(max(first_window - settings.origins, earliest), first_window)


def _future_counts(
    frequency: Frequency, counts: np.ndarray, begin: int, settings: Settings
) -> tuple[np.ndarray, bool, float, np.ndarray]:
    periods, size = settings.periods, len(counts)
    if size == 0 or counts.sum() == 0:
        return np.zeros(periods), False, 0.5, np.zeros(periods)
    ahead = np.arange(begin + size, begin + size + periods)
    has_trend = size >= LEAST_PERIODS and _trend_wins(frequency, counts, begin, settings)
    season = _season(frequency, counts, begin, settings)
    level, trend, spread = _level(frequency, counts, begin, season, has_trend)
    steps = np.arange(1, periods + 1)
    fitted = _fitted(counts, begin, season)
    excess = float(np.mean((counts - fitted) ** 2 - fitted) / max(np.mean(fitted**2), 1e-9)) if size >= 6 else 0.01
    return (
        level * np.exp(trend * steps) * season.factors(ahead),
        has_trend,
        spread,
        np.sqrt(min(max(excess, 0.0), 0.25) + season.variances(ahead)),
    )


def _season(frequency: Frequency, counts: np.ndarray, begin: int, settings: Settings) -> Effects:
    """Factors of the calendar and the months, against a centred-by-trend expectation."""
    index = np.arange(begin, begin + len(counts))
    slope = _log_trend(counts)
    line = np.exp(slope * (np.arange(len(counts)) - len(counts) / 2))
    expected = line * counts.sum() / line.sum()
    by_month = len(counts) >= LEAST_PERIODS
    return fit_effects(frequency, index, counts, expected, settings.festivals, by_month=by_month)


def _log_trend(counts: np.ndarray) -> float:
    """Log growth per period, ridge towards 0."""
    time = (np.arange(len(counts)) - (len(counts) - 1) / 2)[:, None]
    slope, _ = poisson_ridge(time, counts, np.full(len(counts), max(counts.mean(), 1e-9)), np.array([TREND_SD]))
    return float(slope[0])


def _fitted(counts: np.ndarray, begin: int, season: Effects) -> np.ndarray:
    slope = _log_trend(counts)
    line = np.exp(slope * np.arange(len(counts))) * season.factors(np.arange(begin, begin + len(counts)))
    return line * counts.sum() / max(line.sum(), 1e-9)


def _level(
    frequency: Frequency, counts: np.ndarray, begin: int, season: Effects, has_trend: bool
) -> tuple[float, float, float]:
    """Level at the end of the history, log trend per period, and the log spread of the level."""
    use = min(len(counts), TREND_PERIODS if has_trend else LEVEL_PERIODS)
    recent = counts[-use:]
    factors = season.factors(np.arange(begin + len(counts) - use, begin + len(counts)))
    spread = float(1 / np.sqrt(max(recent.sum(), 1)))
    if not has_trend:
        return float(recent.sum() / max(factors.sum(), 1e-9)), 0.0, spread
    slope = _log_trend(counts[-use:])
    line = np.exp(slope * np.arange(1 - use, 1)) * factors
    return float(recent.sum() / max(line.sum(), 1e-9)), slope, 2 * spread  # the end of a line is twice as uncertain


def _trend_wins(frequency: Frequency, counts: np.ndarray, begin: int, settings: Settings) -> bool:
    """Whether the next half year's count was better forecast with the trend than flat, on past origins."""
    errors = np.zeros(2)
    for back in range(6, 6 + TESTS):
        past = counts[: len(counts) - back]
        if len(past) < LEAST_PERIODS // 2:
            break
        season = _season(frequency, past, begin, settings)
        ahead = season.factors(np.arange(begin + len(past), begin + len(past) + 6))
        actual = counts[len(past) : len(past) + 6].sum()
        for place, has_trend in enumerate((False, True)):
            level, trend, _ = _level(frequency, past, begin, season, has_trend)
            errors[place] += abs((level * np.exp(trend * np.arange(1, 7)) * ahead).sum() - actual)
    return bool(errors[1] < errors[0])


def _curve(
    opened: np.ndarray, ended: np.ndarray, won: np.ndarray, first_window: int, periods: int
) -> tuple[np.ndarray, int]:
    """Chance of a win at each age, by cause-specific hazards with what is not over left out."""
    curve, still = np.zeros(periods), 1.0
    age_seen, age_end = first_window - 1 - opened, ended - opened
    for age in range(periods):
        at_risk = (age_seen >= age) & (age_end >= age)
        risk = int(at_risk.sum())
        if risk == 0:
            break
        ends = at_risk & (age_end == age)
        wins = int((ends & won).sum())
        curve[age] = still * wins / risk
        still *= 1 - int(ends.sum()) / risk
    return curve, int((won & (ended < first_window)).sum())
