"""Cases of files to forecast: where the forecasts of a file begin, and where they and their bounds must lie."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from pipelines.bench.cases.verdict import Asked, Case
from pipelines.errors import AlmanacError

NEXT = date(2025, 1, 1)  # after a history that ends in December 2024


@dataclass(frozen=True, eq=False)
class Within:
    """A number from `low` to `high` is right."""

    low: float
    high: float

    def __eq__(self, other: object) -> bool:
        """Whether the other lies between the two."""
        return isinstance(other, int | float) and self.low <= other <= self.high

    def __hash__(self) -> int:
        """Of both ends."""
        return hash((self.low, self.high))

    def __str__(self) -> str:
        """Both ends, as the table shows them."""
        return f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class History:
    """A file of a case, the options that a user gives, and what is right of its series.

    right: series to (first period, mean of the forecasts, largest upper bound of 95 %), of its
    last `of_last` periods. says: words that one of the notes must hold.
    """

    file: str
    right: dict[str, tuple[Any, ...]]
    horizon: int = 3
    options: dict[str, Any] = field(default_factory=dict)
    tier: str = "default"
    country: str | None = None
    limit: float | None = None
    of_last: int = 0
    says: str = ""

    def case(self) -> Case:
        """What is right of the file, and what the command's functions give."""
        return self._seen

    def _seen(self, folder: Path) -> tuple[Any, Any]:
        right = {**self.right, **({"note": True} if self.says else {})}
        try:
            rows, notes = self._forecast(folder / self.file)
        except AlmanacError as question:
            return right, Asked(question)
        got: dict[str, Any] = {name: self._figures(rows.filter(unique_id=name)) for name in self.right}
        return right, got | {"note": any(self.says in note for note in notes)}

    def _figures(self, rows: pl.DataFrame) -> tuple[Any, ...] | None:
        if rows.is_empty():
            return None
        last = rows.tail(self.of_last or rows.height)
        return rows["ds"][0], last["yhat"].mean(), last["hi_95"].max()

    def _forecast(self, file: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
        """The rows and the notes; AlmanacError where the file is refused."""
        from forecasts import config
        from forecasts.errors import ForecastError
        from forecasts.file_checks import checked
        from forecasts.files import forecast_file
        from forecasts.panel.calendar import calendar_of
        from pipelines.ingest.series import read_series

        read = read_series(file, **self.options)
        with TemporaryDirectory() as scratch:
            table, target = Path(scratch) / "series.parquet", Path(scratch) / "forecast.parquet"
            read.rows.write_parquet(table)
            try:
                check = checked(table, None, "auto", read.value, Path(scratch))
                settings = config.for_tier(self.tier, calendar_of(self.country) if self.country else None)
                forecast_file(check.table, target, settings, horizon=self.horizon, freq=check.freq, limit=self.limit)
            except ForecastError as question:
                raise AlmanacError(str(question)) from question
            return pl.read_parquet(target).sort("unique_id", "ds"), (*read.notes, *check.notes)


def growing(value: float, first: date = NEXT) -> tuple[Any, ...]:
    """Right for a history that grows by one a period and would have this value next."""
    return first, Within(value - 2, value + 4), Within(value, value + 30)


ONE = {"series": growing(148)}
REFUSED = {"series": (None, None, None)}  # what the file leaves open: no number is right, a question is
THOUSAND = Within(900, 1100)
SPRING = (NEXT, Within(665, 735), Within(665, 900))
STEPS = {
    "launch": (NEXT, Within(495, 560), Within(530, 1100)),
    "step": (NEXT, Within(450, 1100), Within(1002, 4000)),
    "dead": (NEXT, Within(0, 10), Within(0, 250)),
}
ODD = {
    "decline": (NEXT, Within(0, 5), Within(0, 60)),
    "two": (NEXT, Within(50, 110), Within(70, 400)),
    "one": (NEXT, Within(77, 77), Within(78, 1000)),
    "const": (NEXT, Within(249, 251), Within(250, 260)),
}
FILES = {
    "f01-offset-stamps ds_y": History("f01-offset-stamps/ds_y.csv", ONE),
    "f01-offset-stamps named": History("f01-offset-stamps/named.csv", ONE),
    "f02-rows-only-when-sold sparse": History(
        "f02-rows-only-when-sold/sparse.csv", {"series": (date(2024, 12, 27), Within(0.4, 2.5), Within(8, 30))}
    ),
    "f02-rows-only-when-sold zeros": History(
        "f02-rows-only-when-sold/zeros.csv", {"series": (date(2024, 12, 31), Within(0.4, 2.5), Within(8, 30))}
    ),
    "f03-year-and-month-columns sales": History("f03-year-and-month-columns/sales.csv", ONE, says="joined"),
    "f03-year-and-month-columns words": History("f03-year-and-month-columns/words.csv", ONE, says="joined"),
    **{f"f04-week-53 {name}": History(f"f04-week-53/{name}.csv", REFUSED) for name in ("w00", "w53", "w53_last")},
    "f04-week-53 w53_ok": History(
        "f04-week-53/w53_ok.csv", {"series": (date(2022, 1, 3), Within(95, 210), Within(101, 260))}
    ),
    "f05-thousands-points": History("f05-thousands-points/umsatz.csv", REFUSED),
    "f05-thousands-points mixed": History("f05-thousands-points/umsatz_mixed.csv", {"series": growing(1028)}),
    "f06-dead-launch-step": History(
        "f06-dead-launch-step/sales.csv", {**STEPS, "gone": growing(302, date(2022, 9, 1))}, 12, says="gone 2022-08-01"
    ),
    "f06-dead-launch-step among": History("f06-dead-launch-step/among_thirty.csv", STEPS, 12),
    "f07-odd-scales": History("f07-odd-scales/sales.csv", ODD, 12),
    "f07-odd-scales prophet": History("f07-odd-scales/sales.csv", ODD, 12, tier="prophet"),
    "f08-daily-december": History(
        "f08-daily-december/daily.csv", {"series": (date(2024, 11, 1), Within(255, 345), Within(290, 800))},
        61, of_last=31,
    ),
    **{f"f09-total-row {name}": History(f"f09-total-row/{name}.csv", ONE, says="are no periods")
       for name in ("avg", "total")},
    "f09-total-row idtotal": History(
        "f09-total-row/idtotal.csv", {"North": growing(148), "South": growing(298)},
        options={"unique_id": ("Region",)}, says="'Total' is the sum of the 2 others",
    ),
    **{f"f10-period-words {name}": History(f"f10-period-words/{name}.csv", ONE)
       for name in ("01_2024", "2024-01", "2024M01", "mmmyy", "yymmm")},
    **{f"f10-period-words {name}": History(f"f10-period-words/{name}.csv", REFUSED) for name in ("fyq", "h1")},
    **{f"f11-missing-markers {name}": History(f"f11-missing-markers/{name}.csv", ONE, says="cells are")
       for name in ("m0", "m1", "m2", "m3", "m5")},
    **{f"f11-missing-markers {name}": History(f"f11-missing-markers/{name}.csv", REFUSED)
       for name in ("m4", "m6", "m7")},
    **{f"f12-hourly {name}": History(f"f12-hourly/{name}.csv", REFUSED) for name in ("hourly", "hourly_named")},
    "f14-spring-festival": History("f14-spring-festival/monthly.csv", {"series": SPRING}, 2, country="CN"),
    "f15-wide": History(
        "f15-wide/wide.csv", {"P1": growing(148), "P2": growing(248), "P3": growing(348)}, says="are periods"
    ),
    "f16-missing-months": History("f16-missing-months/gap.csv", ONE),
    **{f"f18-mixed-units {name}": History(f"f18-mixed-units/{name}.csv", REFUSED)
       for name in ("currency", "k", "percent")},
    "f18-mixed-units paren": History(
        "f18-mixed-units/paren.csv", {"series": (NEXT, Within(-160, 160), Within(0, 300))}
    ),
    **{f"f19-outlier {name}": History(f"f19-outlier/{name}.csv", {"series": (NEXT, THOUSAND, Within(1000, 1500))}, 12,
                                      says="as large as any other")
       for name in ("alone", "alone_x10")},
}  # fmt: skip
CASES: dict[str, Case] = {name: history.case() for name, history in FILES.items()}
