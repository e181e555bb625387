"""Moving festivals and working days as numbers per period, for models that see months and weeks, not days.

A festival that moves between months (春节 falls between 21 January and 20 February) is no monthly pattern, and a daily
holiday column does nothing in a monthly model. The regressor is the share of the festival's window that falls in the
period: 0 in most, 1 where all of it does; the shares of one festival add up to 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np

from forecasts.errors import ForecastError
from forecasts.panel.batch import Batch, Regressors
from forecasts.panel.frequency import Frequency

DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Calendar:
    """Moving festivals and working days as regressors: `country` is an ISO code, festivals are named in FESTIVALS."""

    country: str = "CN"
    festivals: tuple[str, ...] = ()
    working_days: bool = False


@dataclass(frozen=True)
class Festival:
    """Its country and name in the package `holidays`, and the days around it that it affects."""

    country: str
    holiday: str
    days_before: int
    days_after: int


FESTIVALS = {
    # offices empty a week ahead; business is back with the Lantern festival, the fifteenth day
    "spring_festival": Festival("CN", "Chinese New Year", 7, 14),
    "dragon_boat": Festival("CN", "Dragon Boat Festival", 0, 2),
    "mid_autumn": Festival("CN", "Mid-Autumn Festival", 0, 2),
    "easter": Festival("GB", "Good Friday", 2, 3),
    "eid_al_fitr": Festival("AE", "Eid al-Fitr", 3, 4),
    "ramadan": Festival("AE", "Eid al-Fitr", 30, -1),
}


# Moving festivals by country; fixed holidays are part of the season, working days count all of a country's.
_EASTER = [
    "AT", "AU", "BE", "BR", "CA", "CH", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR", "HU", "IE", "IT", "MX", "NL",
    "NO", "NZ", "PL", "PT", "SE", "US", "ZA",
]  # fmt: skip
_RAMADAN = ["AE", "BH", "DZ", "EG", "ID", "IQ", "JO", "KW", "LB", "MA", "MY", "OM", "PK", "QA", "SA", "TN", "TR"]
FESTIVALS_OF: dict[str, tuple[str, ...]] = dict.fromkeys(_EASTER, ("easter",))
FESTIVALS_OF |= dict.fromkeys(_RAMADAN, ("eid_al_fitr", "ramadan"))
FESTIVALS_OF |= {
    "CN": ("spring_festival", "dragon_boat", "mid_autumn"),
    **dict.fromkeys(("HK", "KR", "TW", "VN"), ("spring_festival", "mid_autumn")),
    "SG": ("spring_festival",),
}


def calendar_of(country: str) -> Calendar:
    """The festivals of a country and its working days. Raises ForecastError for a country that `holidays` lacks."""
    import holidays

    code = country.upper()
    if code not in holidays.list_supported_countries():
        raise ForecastError(
            f"--country {country!r} is no country with known holidays: give two letters, as in CN or DE"
        )
    return Calendar(code, FESTIVALS_OF.get(code, ()), working_days=True)


def regressors_of(calendar: Calendar, batch: Batch, horizon: int) -> Regressors | None:
    """The calendar's columns over history and horizon of a batch; None if none are asked for or periods are long."""
    if not (calendar.festivals or calendar.working_days) or not len(batch) or batch.frequency.code in ("YS",):
        return None
    first = int((batch.last - batch.lengths).min())
    index = np.arange(first, int(batch.last.max()) + horizon + 1)
    columns = {name: festival_share(name, batch.frequency, index) for name in calendar.festivals}
    if calendar.working_days:
        columns["working_days"] = working_day_excess(calendar.country, batch.frequency, index)
    return Regressors(tuple(columns), first, np.column_stack(list(columns.values())))


def festival_share(name: str, frequency: Frequency, index: np.ndarray) -> np.ndarray:
    """Share of the festival's window that falls in each period."""
    if name not in FESTIVALS:
        raise ForecastError(f"calendar: festival {name!r} is unknown: there are {', '.join(FESTIVALS)}")
    festival = FESTIVALS[name]
    starts, ends = frequency.starts(index), frequency.ends(index)
    share = np.zeros(len(index))
    years = range(int(str(starts[0])[:4]) - 1, int(str(ends[-1])[:4]) + 2)
    for day in _days(festival.country, festival.holiday, tuple(years)):
        low = np.datetime64(day) - festival.days_before * DAY
        high = np.datetime64(day) + festival.days_after * DAY
        inside = (np.minimum(ends, high) - np.maximum(starts, low)) / DAY + 1
        share += np.maximum(inside, 0) / ((high - low) / DAY + 1)
    return share


@cache
def _days(country: str, holiday: str, years: tuple[int, ...]) -> tuple[date, ...]:
    """The first day of every run of days: one per year, two in some years of a lunar calendar.

    A day counts by the festival's own name, which may be estimated or observed: not its eve, nor a holiday around it.
    """
    import holidays

    named = holidays.country_holidays(country, years=years, language="en_US")
    days = sorted(day for day in named.get_named(holiday) if _is_itself(holiday, named.get_list(day)))
    return tuple(day for number, day in enumerate(days) if number == 0 or (day - days[number - 1]).days > 20)


def _is_itself(holiday: str, names: Sequence[str]) -> bool:
    return any(name.split(" (")[0] == holiday for name in names)


def working_day_excess(country: str, frequency: Frequency, index: np.ndarray) -> np.ndarray:
    """Working days of each period relative to the mean for its length: 0.05 is five per cent more."""
    starts, ends = frequency.starts(index), frequency.ends(index)
    working = working_days(country, starts[0].item(), ends[-1].item())
    total = np.concatenate([[0], np.cumsum(working)])
    offset = (starts - starts[0]) // DAY
    length = (ends - starts) // DAY + 1
    return (total[offset + length] - total[offset]) / (length * working.mean()) - 1


def working_days(country: str, first: date, last: date, overrides: Mapping[date, bool] | None = None) -> np.ndarray:
    """Whether each day from first to last is a working day, by holidays, swapped days and the overrides."""
    import holidays

    country_calendar = holidays.country_holidays(country, years=range(first.year, last.year + 1))
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    return np.array([_is_working_day(day, country_calendar, overrides or {}) for day in days], dtype=bool)


def _is_working_day(day: date, country_calendar: Any, overrides: Mapping[date, bool]) -> bool:
    return overrides[day] if day in overrides else bool(country_calendar.is_working_day(day))
