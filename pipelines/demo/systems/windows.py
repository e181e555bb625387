"""How ERPs send long lists: a file per closed year, then what is new on each export day and the weeks before it."""

from datetime import date, timedelta

from pipelines.demo.seasons import EPOCH, ordinal
from pipelines.demo.world import World


def windows(world: World) -> list[tuple[int, int, int]]:
    """(export day, first day, last day) of each file, oldest first; together they cover the world without a gap."""
    end = EPOCH + timedelta(days=world.last)
    start = EPOCH + timedelta(days=world.first)
    early = world.export_days[0]
    closed = [
        (ordinal(date(year + 1, 1, 10)), max(ordinal(date(year, 1, 1)), world.first), ordinal(date(year, 12, 31)))
        for year in range(start.year, end.year)
        if ordinal(date(year + 1, 1, 10)) < early
    ]
    begins = [max(closed[-1][2] + 1 if closed else world.first, world.first)]
    begins += [ordinal((EPOCH + timedelta(days=day)).replace(day=1)) for day in world.export_days[:-1]]
    return closed + list(zip(world.export_days, begins, world.export_days, strict=True))
