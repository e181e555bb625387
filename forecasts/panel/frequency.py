"""Dates to period numbers and back: days, weeks, months, quarters, years, and 4-4-5 months."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from forecasts.errors import ForecastError

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
LENGTH = {"YS": 12, "QS": 3, "MS": 1, "ME": 1}  # in months
SEASON = {"YS": 1, "QS": 4, "MS": 12, "ME": 12, "W": 52, "D": 7, "B": 5, "445": 12}
VALID_CODES = "MS, ME, QS, YS (QS-APR, YS-APR ... for fiscal ones), D, B, W-MON ... W-SUN, 445-JAN ... 445-DEC"
WEEKS_445 = np.cumsum([4, 4, 5] * 4)
WORKING_WEEKS = 2  # from then on dates without a weekend are no coincidence
USUAL = 0.9  # share of dates on a pattern from which the others are odd ones
DENSE = 0.8  # share of periods with a date from which dates without a pattern are one per period
MIN_USUAL = 8  # fewer dates show no pattern that one of them could be off
NEAR = 4  # days between a month's last working day and its last day, at most
YEARS_445 = range(1960, 2110)


@dataclass(frozen=True)
class Frequency:
    """One kind of period, by its code.

    MS month; ME month, named by its last day; QS, YS quarter and year, with the month they begin in (QS-FEB);
    D day; B day from Monday to Friday; W-MON ... W-SUN week from that day on; 445-JAN ... fiscal month of 4, 4 and
    5 weeks, from the Monday nearest to the first of that month (in a 53-week year the last month has 6).
    """

    code: str

    def __post_init__(self) -> None:
        """Refuse an unknown code."""
        allowed = {"W": WEEKDAYS, "QS": MONTHS, "YS": MONTHS, "445": MONTHS}.get(self.kind, ())
        optional = self.kind in LENGTH or self.kind in ("D", "B")
        if not (self.anchor in allowed or (self.anchor == "" and optional)):
            raise ForecastError(f"frequency {self.code!r} is unknown: use {VALID_CODES}")

    @property
    def kind(self) -> str:
        """The code without its anchor."""
        return self.code.split("-")[0]

    @property
    def anchor(self) -> str:
        """The weekday or month that periods begin at; empty for the usual one."""
        return self.code.partition("-")[2]

    @property
    def season(self) -> int:
        """Periods after which a pattern repeats."""
        return SEASON[self.kind]

    def index(self, dates: np.ndarray) -> np.ndarray:
        """Dates to period numbers; a date inside a period counts as that period."""
        days = np.asarray(dates).astype("datetime64[D]")
        if self.kind == "445":
            return np.searchsorted(_starts_445(MONTHS.index(self.anchor)), days, side="right") - 1
        if self.kind == "B":
            return np.busday_count(np.datetime64("1970-01-01", "D"), days)
        if self.kind in LENGTH:
            return (days.astype("datetime64[M]").astype(np.int64) - self._phase) // LENGTH[self.kind]
        return (days.astype(np.int64) - self._phase) // (7 if self.kind == "W" else 1)

    def dates(self, index: np.ndarray) -> np.ndarray:
        """Period numbers to the dates that name the periods, as datetime64[D]."""
        return self.ends(index) if self.code == "ME" else self.starts(index)

    def starts(self, index: np.ndarray) -> np.ndarray:
        """The first day of each period."""
        index = np.asarray(index, dtype=np.int64)
        if self.kind == "445":
            return _starts_445(MONTHS.index(self.anchor))[index]
        if self.kind == "B":
            return np.busday_offset(np.datetime64("1970-01-01", "D"), index)
        if self.kind in LENGTH:
            months = index * LENGTH[self.kind] + self._phase
            return months.astype("datetime64[M]").astype("datetime64[D]")
        return (index * (7 if self.kind == "W" else 1) + self._phase).astype("datetime64[D]")

    def ends(self, index: np.ndarray) -> np.ndarray:
        """The last day of each period."""
        return self.starts(np.asarray(index, dtype=np.int64) + 1) - np.timedelta64(1, "D")

    @property
    def _phase(self) -> int:
        """Month or day number, counted from January 1970, at which some period begins."""
        if self.kind == "W":
            return WEEKDAYS.index(self.anchor) - 3  # 1970-01-01 was a Thursday
        return MONTHS.index(self.anchor) if self.anchor else 0


def infer_freq(dates: np.ndarray) -> str:
    """The frequency of the dates of one or many series: the longest period with at most one date.

    First days of months are MS, QS, YS (with their month), last days ME, or QS and YS where they end quarters or
    years; one weekday is W-..., days without weekends B, anything else D. ForecastError for fewer than two dates.
    """
    days = np.unique(np.asarray(dates).astype("datetime64[D]"))
    if len(days) < 2:
        raise ForecastError("fewer than two dates: give the frequency")
    months = days.astype("datetime64[M]")
    if (days == months.astype("datetime64[D]")).all():
        return _of_months(months.astype(np.int64))
    if ((months + 1).astype("datetime64[D]") - days == np.timedelta64(1, "D")).all():
        code = _of_months(months.astype(np.int64) + 1)
        return "ME" if code == "MS" else code
    if len(set(days - months.astype("datetime64[D]"))) == 1 and len(days) > 2:
        raise ForecastError("one day of each month, but not its first or last: give the frequency, such as MS")
    weekdays = np.unique((days.astype(np.int64) + 3) % 7)
    if len(weekdays) == 1:
        return f"W-{WEEKDAYS[weekdays[0]]}"
    return "B" if len(days) >= WORKING_WEEKS * len(weekdays) and weekdays.max() < 5 else "D"


def usual_freq(dates: np.ndarray) -> tuple[str, np.ndarray]:
    """The frequency of nearly all dates, and those off its pattern: one Tuesday among Mondays, the last working day.

    A pattern holds where it leaves one date per period. Otherwise as `infer_freq`, which lets no date be odd.
    ForecastError for one date a month in the midst of it: days would be the wrong answer.
    """
    days = np.unique(np.asarray(dates).astype("datetime64[D]"))
    code = infer_freq(days)
    if Frequency(code).kind not in ("D", "B") or len(days) < MIN_USUAL:
        return code, days[:0]
    months = days.astype("datetime64[M]")
    weekdays = (days.astype(np.int64) + 3) % 7
    patterns = [
        days == months.astype("datetime64[D]"),
        (months + 1).astype("datetime64[D]") - days == np.timedelta64(1, "D"),
        weekdays == np.bincount(weekdays).argmax(),
    ]
    for fits in patterns:
        if fits.mean() >= USUAL and _one_each(usual := infer_freq(days[fits]), days):
            return usual, days[~fits]
    if _one_each("MS", days, DENSE):
        code = _near_ends(days, months)
        return code, days[Frequency(code).dates(Frequency(code).index(days)) != days]
    if _one_each("W-MON", days, DENSE):
        return "W-MON", days[weekdays != 0]
    return code, days[:0]


def _one_each(code: str, days: np.ndarray, dense: float = 0.0) -> bool:
    """Whether every period has one date at most, and a share of `dense` of them has one."""
    periods = Frequency(code).index(days)
    return len(np.unique(periods)) == len(days) >= dense * (periods[-1] - periods[0] + 1)


def _near_ends(days: np.ndarray, months: np.ndarray) -> str:
    """MS or ME where every date is within four days of a month's beginning or end: working days; else ForecastError."""
    from_start = (days - months.astype("datetime64[D]")).astype(np.int64)
    to_end = ((months + 1).astype("datetime64[D]") - days).astype(np.int64) - 1
    if to_end.max() > NEAR and from_start.max() > NEAR:
        raise ForecastError("one date a month, near neither its first nor its last day: give the frequency, such as MS")
    return "ME" if to_end.max() <= NEAR else "MS"


def _of_months(months: np.ndarray) -> str:
    step = int(np.gcd.reduce(np.diff(months)))
    for kind in ("YS", "QS"):
        if step % LENGTH[kind] == 0:
            phase = int(months[0] % LENGTH[kind])
            return f"{kind}-{MONTHS[phase]}" if phase else kind
    return "MS"


@cache
def _starts_445(month: int) -> np.ndarray:
    """First days of all 4-4-5 months of fiscal years that begin near the first of `month` (0 is January)."""
    firsts = np.array([f"{year}-{month + 1:02d}-01" for year in YEARS_445], dtype="datetime64[D]")
    weekday = (firsts.astype(np.int64) + 3) % 7  # 0 is Monday
    mondays = firsts - weekday + np.where(weekday > 3, 7, 0)
    offsets = np.concatenate([[0], WEEKS_445[:-1]]) * np.timedelta64(7, "D")
    return (mondays[:, None] + offsets[None, :]).ravel()
