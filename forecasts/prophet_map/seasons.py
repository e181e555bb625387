"""Which seasonal, holiday and regressor columns a calendar gets, and their values.

Rules and column order are Prophet's (forecaster.py: set_auto_seasonalities, make_all_seasonality_features):
seasonalities in the order they were added, then holidays by name, then regressors.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasts.prophet_map.holidays import HolidayColumn, holiday_columns, holiday_features
from forecasts.prophet_map.panel import DAY, FloatArray, IntArray
from forecasts.prophet_map.specification import Seasonality, Specification, Switch


@dataclass(frozen=True)
class Layout:
    """The columns of X: one entry per column in every tuple."""

    seasonalities: tuple[Seasonality, ...]
    holidays: tuple[HolidayColumn, ...]
    components: tuple[str, ...]
    prior_scales: tuple[float, ...]
    is_multiplicative: tuple[bool, ...]


def order_of(switch: Switch, is_on: bool, default: int, is_custom: bool) -> int:
    """Fourier order of a built-in seasonality: 'auto' is off when disabled or replaced by a custom one."""
    if switch == "auto":
        return default if is_on and not is_custom else 0
    return (default if switch else 0) if isinstance(switch, bool) else int(switch)


def has_auto_seasonality(calendars: IntArray) -> NDArray[np.bool_]:
    """Whether each calendar is long and dense enough for the yearly, weekly and daily pattern: calendars x 3."""
    span = calendars[:, -1] - calendars[:, 0]
    gaps = np.diff(calendars, axis=1)
    shortest = np.where(gaps > 0, gaps, np.iinfo(np.int64).max).min(axis=1)
    yearly, weekly, daily = span >= 730 * DAY, span >= 14 * DAY, span >= 2 * DAY
    return np.column_stack([yearly, weekly & (shortest < 7 * DAY), daily & (shortest < DAY)])


def seasonalities_of(spec: Specification, calendar: IntArray) -> tuple[Seasonality, ...]:
    """Custom and built-in seasonalities of one calendar (sorted dates, microseconds)."""
    chosen = {s.name: s for s in spec.seasonalities}
    yearly, weekly, daily = has_auto_seasonality(calendar[None])[0]
    for name, period, default, switch, is_on in (
        ("yearly", 365.25, 10, spec.yearly_seasonality, yearly),
        ("weekly", 7, 3, spec.weekly_seasonality, weekly),
        ("daily", 1, 4, spec.daily_seasonality, daily),
    ):
        order = order_of(switch, is_on, default, name in chosen)
        if order > 0:
            chosen[name] = Seasonality(name, period, order, spec.seasonality_prior_scale, spec.seasonality_mode)
    return tuple(chosen.values())


def layout_of(spec: Specification, calendar: IntArray) -> Layout:
    """Columns of X for one calendar."""
    seasonalities = seasonalities_of(spec, calendar)
    holidays = holiday_columns(spec, calendar)
    blocks = [(s.name, s.prior_scale, s.mode, 2 * s.order) for s in seasonalities]
    blocks += [(h.name, h.prior_scale, spec.holidays_mode, 1) for h in holidays]
    blocks += [(r.name, r.prior_scale, r.mode, 1) for r in spec.regressors]
    components = tuple(name for name, _, _, width in blocks for _ in range(width))
    scales = tuple(float(scale) for _, scale, _, width in blocks for _ in range(width))
    modes = tuple(mode == "multiplicative" for _, _, mode, width in blocks for _ in range(width))
    return Layout(seasonalities, holidays, components, scales, modes)


def features(spec: Specification, layout: Layout, days: IntArray, extra: FloatArray) -> FloatArray:
    """X of many calendars: days (calendars, points) in microseconds, extra (calendars, points, frame columns)."""
    names = spec.frame_columns
    blocks = []
    for season in layout.seasonalities:
        block = fourier(days, season.period, season.order)
        if season.condition is not None:
            block = block * (extra[..., names.index(season.condition)] != 0)[..., None]
        blocks.append(block)
    blocks.append(holiday_features(layout.holidays, days))
    blocks.append(extra[..., : len(spec.regressors)])
    return np.concatenate(blocks, axis=-1)


def fourier(days: IntArray, period: float, order: int) -> FloatArray:
    """Sine and cosine pairs of a period in days; the phase counts from 1970-01-01."""
    first, last = int(days.min()), int(days.max())
    span = (last - first) // DAY + 1
    if days.ndim > 1 and 2 * span < days.size and not ((days - first) % DAY).any():
        by_day = _waves(
            first + DAY * np.arange(span), period, order
        )  # calendars share their days: each is computed once
        return by_day[(days - first) // DAY]
    return _waves(days, period, order)


def _waves(days: IntArray, period: float, order: int) -> FloatArray:
    angle = 2 * np.pi * (days / DAY)
    out = np.empty((*days.shape, 2 * order))
    for i in range(order):
        turn = (i + 1) / period * angle
        out[..., 2 * i] = np.sin(turn)
        out[..., 2 * i + 1] = np.cos(turn)
    return out
