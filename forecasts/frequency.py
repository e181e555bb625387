"""Periods as integers: months, quarters, weeks, days and years counted from 1970, so that gaps are differences."""

from dataclasses import dataclass

import numpy as np

from forecasts.errors import ForecastError

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = {"YS": 12, "QS": 3, "MS": 1, "ME": 1}
SEASONS = {"YS": 1, "QS": 4, "MS": 12, "ME": 12, "W": 52, "D": 7}


@dataclass(frozen=True)
class Frequency:
    """One kind of period. `season` is the number of periods after which a pattern repeats.

    code: MS (month), ME (month, named by its last day), QS (quarter), YS (year), W-MON ... W-SUN (week), D (day).
    """

    code: str

    def __post_init__(self) -> None:
        """Refuse a code that no period is known for."""
        known = self.code in SEASONS and self.code != "W"
        if not known and self.code not in {f"W-{day}" for day in WEEKDAYS}:
            raise ForecastError(f"frequency {self.code!r} is unknown: use MS, ME, QS, YS, D or W-MON ... W-SUN")

    @property
    def season(self) -> int:
        """Periods in one season."""
        return SEASONS[self.code.split("-")[0]]

    def index(self, dates: np.ndarray) -> np.ndarray:
        """Dates to period numbers; a date inside a period counts as that period."""
        days = np.asarray(dates).astype("datetime64[D]")
        if self.code in MONTHS:
            return days.astype("datetime64[M]").astype(np.int64) // MONTHS[self.code]
        if self.code == "D":
            return days.astype(np.int64)
        return (days.astype(np.int64) - self._first_day) // 7

    def dates(self, index: np.ndarray) -> np.ndarray:
        """Period numbers to the dates that name the periods, as datetime64[D]."""
        if self.code == "ME":
            return self.ends(index)
        return self.starts(index)

    def starts(self, index: np.ndarray) -> np.ndarray:
        """The first day of each period."""
        index = np.asarray(index, dtype=np.int64)
        if self.code in MONTHS:
            return (index * MONTHS[self.code]).astype("datetime64[M]").astype("datetime64[D]")
        if self.code == "D":
            return index.astype("datetime64[D]")
        return (index * 7 + self._first_day).astype("datetime64[D]")

    def ends(self, index: np.ndarray) -> np.ndarray:
        """The last day of each period."""
        return self.starts(np.asarray(index, dtype=np.int64) + 1) - np.timedelta64(1, "D")

    @property
    def _first_day(self) -> int:
        """Day number of the first week's first day: 1970-01-01 was a Thursday."""
        return WEEKDAYS.index(self.code[2:]) - 3
