"""When something is told: after every run, after one that died, and when none has come for too long."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings, now
from pipelines.messages import digest as digests
from pipelines.messages import log
from pipelines.messages.config import Channel, Messages, load_channels
from pipelines.messages.digest import Digest
from pipelines.messages.forms import LIMITS, form
from pipelines.messages.transport import send
from pipelines.report.served import Row
from pipelines.report.words import Words, load_words
from pipelines.serving import places, status

MINUTE = timedelta(minutes=1)
Sleep = Callable[[float], None]


@dataclass(frozen=True)
class Notice:
    """What became of one message. outcome: sent, or why not. text: what it says, for people who want to see it."""

    channel: str
    outcome: str
    text: str = ""


def notify_of_run(settings: Settings, *, sleep: Sleep = time.sleep, is_dry: bool = False) -> list[Notice]:
    """Tell every channel how the last run ended, once. Never raises: a run must not fail over a message.

    is_dry: send nothing, log nothing, return what would be said.
    """
    try:
        run = status.read_status(settings)["last_run"]
        return _tell(settings, _run_subject(run), lambda *given: _run_digest(settings, run, *given), sleep, is_dry)
    except Exception as error:  # the last place where a digest may break a run
        return [_fault(error)]


def notify_of_failure(settings: Settings, run_id: str, message: str, *, sleep: Sleep = time.sleep) -> list[Notice]:
    """Tell every channel of a run that died before it could say so itself; once for each run. Never raises."""
    run = {"run_id": run_id, "outcome": "failed", "as_of": None, "message": message}
    try:
        return _tell(settings, _run_subject(run), lambda *given: _run_digest(settings, run, *given), sleep)
    except Exception as error:  # as above
        return [_fault(error)]


def notify_if_late(settings: Settings, *, sleep: Sleep = time.sleep) -> list[Notice]:
    """Tell every channel that no run was served for longer than `late_after_days`; once for each served run."""
    try:
        messages, served = load_channels(settings), status.read_status(settings)["served"]
        if not served:
            return []
        published_at = datetime.fromisoformat(str(served["published_at"]))
        days = (now() - published_at).days
        if days < messages.late_after_days:
            return []
        as_of, finished_on = served["as_of"], settings.local_date(published_at)

        def late(_: Sequence[Row], words: Words, messages: Messages) -> Digest:
            return digests.digest_of_delay(as_of, finished_on, days, words, messages.link)

        return _tell(settings, f"late {served['run_id']}", late, sleep)
    except Exception as error:  # as above
        return [_fault(error)]


def _fault(error: Exception) -> Notice:
    """Our own words, or only the kind of an error: its text might hold an address."""
    return Notice("", str(error) if isinstance(error, AlmanacError) else type(error).__name__)


def _run_subject(run: Mapping[str, Any]) -> str:
    return f"run {run['run_id']} {run['outcome']}"


def _run_digest(
    settings: Settings, run: Mapping[str, Any], news: Sequence[Row], words: Words, messages: Messages
) -> Digest:
    figures = digests.read_figures(places.served_file(settings)) if run["outcome"] == "published" else digests.NOTHING
    return digests.digest_of_run(run, figures, news, words, messages.link, messages.names)


def _tell(
    settings: Settings,
    subject: str,
    make: Callable[[Sequence[Row], Words, Messages], Digest],
    sleep: Sleep,
    is_dry: bool = False,
) -> list[Notice]:
    messages = load_channels(settings)
    if not messages.channels:
        return []
    sent = log.read(settings)
    is_published = subject.startswith("run ") and subject.endswith(" published")
    alerts = digests.read_figures(places.served_file(settings)).alerts if is_published else ()
    notices = []
    for channel in messages.channels:
        news = log.news(sent, channel.name, alerts, messages.worse_by)
        digest = make(news, load_words(channel.language), messages)
        text = "\n".join([digest.title, *digest.lines, *filter(None, [digest.link])])
        if is_dry:
            notices.append(Notice(channel.name, "not sent: only shown", text))
        elif not log.was_told(sent, channel.name, subject):
            is_full = log.sent_since(sent, channel.name, now(), MINUTE) >= LIMITS[channel.kind][1]
            outcome = f"{log.HELD_BACK}: too many messages this minute" if is_full else _send(channel, digest, sleep)
            log.append(settings, channel.name, subject, outcome, news, now())
            notices.append(Notice(channel.name, outcome, text))
    return notices


def _send(channel: Channel, digest: Digest, sleep: Sleep) -> str:
    body = form(channel.kind, digest, channel.sender, channel.recipients)
    return send(channel, body, _clock_ms, sleep) or "sent"


def _clock_ms() -> int:
    return int(now().replace(tzinfo=UTC).timestamp() * 1000)
