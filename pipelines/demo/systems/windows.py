"""How ERPs send long lists: a file per closed year, then the year to date at each of the last two export days."""

from datetime import date, timedelta

from pipelines.demo.seasons import EPOCH, ordinal
from pipelines.demo.world import World


def windows(world: World) -> list[tuple[int, int, int]]:
    """(export day, first day, last day) of each file, oldest first; together they cover the world without a gap."""
    end = EPOCH + timedelta(days=world.last)
    start = EPOCH + timedelta(days=world.first)
    closed = [
        (ordinal(date(year + 1, 1, 10)), max(ordinal(date(year, 1, 1)), world.first), ordinal(date(year, 12, 31)))
        for year in range(start.year, end.year)
    ]
    first = ordinal(date(end.year, 1, 1))
    return closed + [(day, first, day) for day in world.export_days[-2:] if day >= first]
