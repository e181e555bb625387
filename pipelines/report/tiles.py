"""Figures that are read before any chart: one tile per row."""

from collections.abc import Sequence
from html import escape

from pipelines.report.served import Row
from pipelines.report.words import Words


def target_tiles(rows: Sequence[Row], words: Words) -> str:
    """Expected amount against the target. rows: those of the executive page's targets."""
    return _tiles([_target_tile(row, words) for row in rows])


def forecast_tiles(rows: Sequence[Row], words: Words) -> str:
    """The forecast of the next periods with its interval."""
    return _tiles([_forecast_tile(row, words) for row in rows])


def _target_tile(row: Row, words: Words) -> list[str]:
    lines = [
        _name(row, words),
        words.shown(row["expected_amount"], "compact"),
        words.say("tiles.target", target=words.shown(row["target_amount"], "compact")),
        words.say("tiles.attainment", share=words.shown(row["expected_attainment"], "share")),
        _interval(row["expected_low_80"], row["expected_high_80"], words),
    ]
    if row["reach_probability"] is not None:
        lines.append(words.say("tiles.probability", share=words.shown(row["reach_probability"], "share")))
    return [*lines, words.term("outlook", row["outlook"])]


def _forecast_tile(row: Row, words: Words) -> list[str]:
    return [_name(row, words), words.shown(row["yhat"], "compact"), _interval(row["lo_80"], row["hi_80"], words)]


def _name(row: Row, words: Words) -> str:
    return words.say("tiles.name", metric=words.term("metric", row["metric"]), period=_period(row, words))


def _period(row: Row, words: Words) -> str:
    """A month by its name, any other period by its kind and its first day."""
    if row.get("period") == "month" or row.get("freq") == "MS":
        return words.month(row["period_start"])
    group, code = ("period", row["period"]) if "period" in row else ("freq", row["freq"])
    return words.say("tiles.period", kind=words.term(group, code), day=row["period_start"])


def _interval(low: object, high: object, words: Words) -> str:
    return words.say("tiles.interval", low=words.shown(low, "compact"), high=words.shown(high, "compact"))


def _tiles(tiles: Sequence[Sequence[str]]) -> str:
    return f'<div class="tiles">{"".join(map(_tile, tiles))}</div>'


def _tile(lines: Sequence[str]) -> str:
    name, value, *more = (escape(line).replace(" %", "&nbsp;%") for line in lines)
    rest = "".join(f'<p class="more">{line}</p>' for line in more)
    return f'<div class="tile"><p class="name">{name}</p><p class="value">{value}</p>{rest}</div>'
