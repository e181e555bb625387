"""Holiday columns: one per holiday and day of its window, 1 on that day.

Given holidays come first, then the built-in ones of a country for the years of the calendar (from the `holidays`
package, as Prophet does). A forecast uses the columns of its training calendar.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from forecasts.prophet_map.panel import DAY, FloatArray, IntArray
from forecasts.prophet_map.specification import Holiday, Specification, SpecificationError


@dataclass(frozen=True)
class HolidayColumn:
    """One column: `key` orders columns as Prophet does; days are days since 1970-01-01."""

    key: str
    name: str
    prior_scale: float
    days: frozenset[int]
    country: str | None
    offset: int


def holiday_columns(spec: Specification, calendar: IntArray) -> tuple[HolidayColumn, ...]:
    """Columns for a training calendar, sorted by key."""
    if not spec.holidays and spec.country is None:
        return ()
    years = tuple(np.unique(years_of(calendar)).tolist())
    given = list(spec.holidays)
    built_in = list(country_holidays(spec.country, years)) if spec.country else []
    national = {h.name for h in built_in}
    days: dict[str, set[int]] = {}
    owner: dict[str, tuple[str, int]] = {}
    scales: dict[str, float] = {}
    for holiday in given + built_in:
        scale = spec.holidays_prior_scale if holiday.prior_scale is None else holiday.prior_scale
        if scales.setdefault(holiday.name, scale) != scale:
            raise SpecificationError(f"holiday {holiday.name!r} has two prior scales; give it one")
        for offset in range(holiday.lower_window, holiday.upper_window + 1):
            key = f"{holiday.name}_delim_{'+' if offset >= 0 else '-'}{abs(offset)}"
            owner[key] = (holiday.name, offset)
            days.setdefault(key, set()).add(_day_number(holiday.day + timedelta(days=offset)))
    return tuple(
        HolidayColumn(
            key,
            name,
            scales[name],
            frozenset(days[key]),
            spec.country if name in national and offset == 0 else None,
            offset,
        )
        for key, (name, offset) in sorted(owner.items())
    )


def holiday_features(columns: tuple[HolidayColumn, ...], dates: IntArray) -> FloatArray:
    """Indicators (calendars, points, columns) for dates in microseconds; national days follow the years of `dates`."""
    out = np.zeros((*dates.shape, len(columns)))
    if not columns:
        return out
    numbers = dates // DAY
    years = tuple(np.unique(years_of(dates)).tolist())
    for i, column in enumerate(columns):
        days = set(column.days)
        if column.country is not None:
            days |= {_day_number(h.day) for h in country_holidays(column.country, years) if h.name == column.name}
        out[..., i] = np.isin(numbers, list(days))
    return out


def years_of(dates: IntArray) -> IntArray:
    """Calendar years of dates in microseconds."""
    return dates.astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970


@lru_cache(maxsize=512)
def country_holidays(country: str, years: tuple[int, ...]) -> tuple[Holiday, ...]:
    """Built-in holidays of a country in these years, English names, one entry per name and day."""
    import holidays as national

    name = {"TU": "TR"}.get(country, country)
    if not hasattr(national, name):
        raise SpecificationError(f"country {country!r}: no built-in holidays; use an ISO code such as CN or US")
    calendar = getattr(national, name)(expand=False, language="en_US", years=list(years))
    return tuple(Holiday(label, day) for day in calendar for label in calendar.get_list(day))


def _day_number(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()
