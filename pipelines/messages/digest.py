"""What a digest says: lines of words from the served file and the status, before they take a channel's form."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipelines.report.served import Row, Served, opened
from pipelines.report.words import Words

SEVERITIES = ("critical", "high", "warning", "medium", "low")
MOST_NEWS = 12  # alerts told one by one; the rest is counted: a digest is read on a telephone
MOST_OWNERS = 10
_TARGET = """select metric, period_start, target_amount, expected_amount, expected_attainment, reach_probability
from outlook.target_gap
where level = 'total' and period = 'month' and period_end > as_of
    and target_id in (select target_id from marts.targets where is_current)
order by metric = 'bookings' desc, metric, period_start
limit 1"""
_NEEDS = {
    "outlook.target_gap": (
        *("metric", "period", "period_start", "period_end", "as_of", "level", "target_id", "target_amount"),
        *("expected_amount", "expected_attainment", "reach_probability"),
    ),
    "marts.targets": ("target_id", "is_current"),
}
_OPEN = "select count(*) as deal_count, sum(amount_base) as amount_base from outlook.open_deals"
_ALERTS = "select alert_id, kind, severity, value, threshold, message from outlook.alerts"
_OVERDUE = """select owner_name, count(*) as deal_count, sum(amount_base) as amount_base
from outlook.open_deals
where overdue_days > 0
group by owner_name
order by deal_count desc, owner_name nulls last"""


_DUE = """select rep_name as owner_name, due_code, count(*) as due_count
from marts.due_list
group by rep_name, due_code
order by rep_name nulls last, due_count desc, due_code"""


@dataclass(frozen=True)
class Figures:
    """What a run has to tell, before it is told in a language. None and empty where it is not served."""

    target: Row | None
    pipeline: Row | None
    alerts: Sequence[Row]
    overdue: Sequence[Row]
    due: Sequence[Row] = ()


@dataclass(frozen=True)
class Digest:
    """One message: title, lines, and the link that stands last whatever has to be cut."""

    title: str
    lines: Sequence[str]
    link: str


NOTHING = Figures(None, None, (), ())


def read_figures(file: Path) -> Figures:
    """The figures of a served file; nothing where there is none."""
    if not file.is_file():
        return NOTHING
    with opened(file) as served:
        has_target = all(served.has(table, *columns) for table, columns in _NEEDS.items())
        return Figures(
            target=_first(served, _TARGET) if has_target else None,
            pipeline=_first(served, _OPEN) if served.has("outlook.open_deals", "amount_base") else None,
            alerts=_alerts(served),
            overdue=_overdue(served),
            due=served.rows(_DUE) if served.has("marts.due_list", "rep_name", "due_code") else (),
        )


def _first(served: Served, query: str) -> Row | None:
    return next(iter(served.rows(query)), None)


def _alerts(served: Served) -> list[Row]:
    columns = ("alert_id", "kind", "severity", "value", "threshold", "message")
    rows = served.rows(_ALERTS) if served.has("outlook.alerts", *columns) else []
    return sorted(rows, key=lambda row: (rank(row["severity"]), row["kind"], row["message"]))


def _overdue(served: Served) -> list[Row]:
    columns = ("owner_name", "overdue_days", "amount_base")
    return served.rows(_OVERDUE) if served.has("outlook.open_deals", *columns) else []


def rank(severity: str) -> int:
    """The place of a severity, 0 for the worst; an unknown one comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def digest_of_run(
    run: Mapping[str, Any], figures: Figures, news: Sequence[Row], words: Words, link: str, names: bool
) -> Digest:
    """The digest of a run that has ended. run: as in `status.json`; news: alerts that were not told yet, or got worse;
    names: whether people, customers and deals may be named."""
    outcome = words.term("outcome", run["outcome"])
    title = words.say("messages.title", outcome=outcome, as_of=run["as_of"] or words.say("messages.no_day"))
    lines: list[str] = []
    if run["outcome"] == "published":
        lines += [*_numbers(figures, words), *_alert_lines(figures, news, words, names)]
        # What is due counts overdue deals among other things; without it they are told alone.
        lines += _due_lines(figures.due, words, names) or _overdue_lines(figures.overdue, words, names)
    elif run["message"]:
        lines.append(words.say("messages.reason", text=_one_line(run["message"])))
        lines.append(words.say("messages.kept"))
    return Digest(title, lines, link)


def digest_of_delay(as_of: date, finished_on: date, days: int, words: Words, link: str) -> Digest:
    """That no run has been served for so many days."""
    line = words.say("messages.late", day=finished_on, as_of=as_of, days=days)
    return Digest(words.say("messages.late_title"), [line], link)


def _numbers(figures: Figures, words: Words) -> Iterator[str]:
    """Three numbers: what the period is expected to bring, how probable its target is, what is open."""
    if row := figures.target:
        told = {name: words.shown(row[f"{name}_amount"], "compact") for name in ("expected", "target")}
        share = words.shown(row["expected_attainment"], "share")
        month = words.month(row["period_start"])
        yield words.say(
            "messages.expected", metric=words.term("metric", row["metric"]), month=month, share=share, **told
        )
        yield words.say("messages.probability", share=words.shown(row["reach_probability"], "share"))
    if row := figures.pipeline:
        amount = words.shown(row["amount_base"], "compact")
        yield words.say("messages.pipeline", amount=amount, count=words.shown(row["deal_count"], "count"))


def _alert_lines(figures: Figures, news: Sequence[Row], words: Words, names: bool) -> Iterator[str]:
    counts = _counted([(row["severity"],) for row in figures.alerts])
    listed = [f"{words.term('severity', severity)} {count}" for (severity,), count in counts.items()]
    yield words.say("messages.alerts", counts=words.say("ui.comma").join(listed) or "0")
    if not news:
        yield words.say("messages.no_news")
        return
    yield words.say("messages.news", count=len(news))
    if names:
        for row in news[:MOST_NEWS]:
            yield f"- {words.term('severity', row['severity'])}: {_one_line(words.said(row['message']))}"
        if len(news) > MOST_NEWS:
            yield words.say("messages.more", count=len(news) - MOST_NEWS)
        return
    for (severity, kind), count in _counted([(row["severity"], row["kind"]) for row in news]).items():
        yield f"- {words.term('severity', severity)}: {words.term('alert', kind)} {count}"


def _due_lines(due: Sequence[Row], words: Words, names: bool) -> list[str]:
    """What is due in all, by kind, and for each owner where names are told."""
    if not due:
        return []
    owners = {row["owner_name"]: [one for one in due if one["owner_name"] == row["owner_name"]] for row in due}
    lines = [words.say("messages.due", count=sum(row["due_count"] for row in due), kinds=_by_kind(due, words))]
    for owner, rows in list(owners.items())[:MOST_OWNERS] if names else ():
        lines.append(f"- {owner or words.say('messages.no_owner')}: {_by_kind(rows, words)}")
    if names and len(owners) > MOST_OWNERS:
        lines.append(words.say("messages.more", count=len(owners) - MOST_OWNERS))
    return lines


def _by_kind(due: Sequence[Row], words: Words) -> str:
    counts: dict[str, int] = {}
    for row in due:
        counts[row["due_code"]] = counts.get(row["due_code"], 0) + row["due_count"]
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return words.say("ui.comma").join(f"{words.term('due', code)} {count}" for code, count in ordered)


def _overdue_lines(overdue: Sequence[Row], words: Words, names: bool) -> Iterator[str]:
    """What each owner has to see to: deals past the day on which they were to close."""
    if not overdue:
        return
    total = sum(row["deal_count"] for row in overdue)
    amount = words.shown(sum(row["amount_base"] or 0 for row in overdue), "compact")
    yield words.say("messages.overdue", count=total, amount=amount, owners=len(overdue))
    for row in overdue[:MOST_OWNERS] if names else ():
        owner = row["owner_name"] or words.say("messages.no_owner")
        shown = words.shown(row["amount_base"], "compact")
        yield words.say("messages.owner", owner=owner, count=row["deal_count"], amount=shown)


def _counted(keys: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], int]:
    ordered = sorted(keys, key=lambda key: (rank(key[0]), key))
    return {key: ordered.count(key) for key in dict.fromkeys(ordered)}


def _one_line(text: str) -> str:
    """The first line of a text, short enough to be read in a list."""
    first = text.strip().splitlines()[0] if text.strip() else ""
    return first if len(first) <= 300 else f"{first[:299]}…"
