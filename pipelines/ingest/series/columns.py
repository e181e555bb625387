"""Which columns of a table name the series, the dates and the values: as given, by name, or the only ones that can."""

from dataclasses import dataclass

from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.series.moments import MIN_SHARE, are_periods
from pipelines.ingest.series.parts import TIME, date_parts, refuse_fiscal

SHOWN = 8


@dataclass(frozen=True)
class Columns:
    """The columns that name a series, that of dates, that of values; parts: those that the dates are joined of."""

    names: tuple[str, ...]
    time: str
    value: str
    parts: dict[str, str]


def columns_of(
    path: str, samples: dict[str, ColumnSample], names: tuple[str, ...], time: tuple[str, ...], value: str | None
) -> Columns:
    """The columns of a long table. Raises AlmanacError where one is missing or a choice is open."""
    names = names or tuple(name for name in ("unique_id",) if name in samples)
    unknown = [name for name in (*names, *time, value) if name is not None and name not in samples]
    if unknown:
        raise AlmanacError(f"{path}: no column {unknown[0]}: found {listed(list(samples))}")
    parts = _parts(path, samples, names, time)
    chosen = TIME if parts else (time[0] if time else _time(path, samples, (*names, value)))
    taken = {*names, chosen, *parts.values()}
    numbers = [name for name, sample in samples.items() if name not in taken and sample.texts and _are_numbers(sample)]
    return Columns(names, chosen, value or _only(path, "y", "--value", numbers, samples), parts)


def listed(names: list[str]) -> str:
    """The first names of a list, long ones shortened."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(name if len(name) < 40 else f"{name[:37]}..." for name in names[:SHOWN]) + more


def _parts(
    path: str, samples: dict[str, ColumnSample], names: tuple[str, ...], time: tuple[str, ...]
) -> dict[str, str]:
    """Year and month, where no column holds whole dates or several are given."""
    free = {name: sample for name, sample in samples.items() if name not in names}
    if len(time) > 1:
        parts = date_parts(samples, time)
        if set(parts.values()) != set(time):
            raise AlmanacError(f"{path}: {' and '.join(time)} make no date: name a year and a month, week or quarter")
        return parts
    if time or "ds" in samples:
        return {}
    parts = date_parts(free)
    if not parts:
        refuse_fiscal(path, free)
    whole = [name for name, sample in free.items() if _are_dates(sample) and name not in parts.values()]
    return {} if whole else parts


def _time(path: str, samples: dict[str, ColumnSample], taken: tuple[str | None, ...]) -> str:
    dates = [name for name, sample in samples.items() if sample.texts and are_periods(sample) and name not in taken]
    written = [name for name in dates if samples[name].number_share < MIN_SHARE]
    return _only(path, "ds", "--time", written or dates, samples)


def _are_dates(sample: ColumnSample) -> bool:
    return bool(sample.texts) and are_periods(sample) and not _are_numbers(sample)


def _are_numbers(sample: ColumnSample) -> bool:
    return sample.number_share >= MIN_SHARE


def _only(path: str, name: str, option: str, candidates: list[str], samples: dict[str, ColumnSample]) -> str:
    if name in samples:
        return name
    if len(candidates) == 1:
        return candidates[0]
    what = "dates" if name == "ds" else "numbers"
    open_choice = (
        f"{listed(candidates)} hold {what}" if candidates else f"no column of {what} among {listed(list(samples))}"
    )
    raise AlmanacError(f"{path}: no column {name}, and {open_choice}: choose one with {option} COLUMN")
