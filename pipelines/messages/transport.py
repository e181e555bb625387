"""Sending one message: tried again where that can help, within a time that no run notices, and silent about secrets."""

import json
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pipelines.errors import AlmanacError
from pipelines.messages.config import Channel
from pipelines.messages.forms import Body, signed

PAUSES = (1.0, 2.0, 4.0)  # seconds before each further try
TIMEOUT = 5.0  # seconds for one answer
LONGEST_PAUSE = 10.0  # a channel that asks for more is left for the next run
# Answers of DingTalk and WeCom, given with HTTP 200, that mean too many messages.
TOO_MANY = {130101, 45009}


@dataclass
class NotSentError(Exception):
    """Why a message was not taken. pause: seconds after which another try may help; None if none will."""

    reason: str
    pause: float | None = None


class _NoRedirect(HTTPRedirectHandler):
    """An address that sends elsewhere is a wrong one: the digest must not follow it."""

    def redirect_request(self, *_arguments: Any) -> None:
        """Refuse."""


def send(channel: Channel, body: Body, clock_ms: Callable[[], int], sleep: Callable[[float], None] = time.sleep) -> str:
    """Send a message; returns an empty text, or why it was not taken, in words that hold no address and no secret."""
    for pause in (*PAUSES, None):
        try:
            _send(channel, body, clock_ms)
            return ""
        except AlmanacError as error:
            return str(error)
        except NotSentError as error:
            if error.pause is None or error.pause > LONGEST_PAUSE or pause is None:
                return error.reason
            sleep(max(pause, error.pause))
    raise AssertionError("unreachable")


def _send(channel: Channel, body: Body, clock_ms: Callable[[], int]) -> None:
    if body.mail is not None:
        _mail(channel, body.mail)
    else:
        _post(channel, body.json or {}, clock_ms)


def _post(channel: Channel, content: dict[str, Any], clock_ms: Callable[[], int]) -> None:
    url = signed(channel.url, channel.secret, clock_ms()) if channel.kind == "dingtalk" else channel.url
    if not url.startswith(("https://", "http://")):
        raise AlmanacError(f"{channel.url_variable} holds no address that begins with https://")
    data = json.dumps(content, ensure_ascii=False).encode()
    request = Request(url, data, {"Content-Type": "application/json; charset=utf-8"})
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT) as answer:
            _check(channel, answer.read(10_000))
    except HTTPError as error:
        raise _refused(error) from None
    except (URLError, TimeoutError, ConnectionError, HTTPException, ValueError) as error:
        raise NotSentError(f"no answer ({type(error).__name__})", 0.0) from None


def _refused(error: HTTPError) -> NotSentError:
    """Too many messages and faults of the server pass; other refusals do not."""
    after = error.headers.get("Retry-After", "") if error.headers else ""
    pause = float(after) if after.isdigit() else 0.0
    return NotSentError(f"HTTP {error.code}", pause if error.code == 429 or error.code >= 500 else None)


def _check(channel: Channel, answer: bytes) -> None:
    """DingTalk and WeCom refuse with HTTP 200 and a code in the body."""
    if channel.kind not in ("dingtalk", "wecom"):
        return
    try:
        code = int(json.loads(answer).get("errcode", 0))
    except (ValueError, AttributeError, TypeError):
        raise NotSentError("an answer that is none of the channel's", None) from None
    if code:
        raise NotSentError(f"errcode {code}", 0.0 if code in TOO_MANY else None)


def _mail(channel: Channel, mail: EmailMessage) -> None:
    try:
        maker = smtplib.SMTP_SSL if channel.tls == "tls" else smtplib.SMTP
        with maker(channel.host, channel.port, timeout=TIMEOUT) as server:
            if channel.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if channel.user:
                server.login(channel.user, channel.secret)
            server.send_message(mail)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPRecipientsRefused, smtplib.SMTPNotSupportedError) as error:
        raise NotSentError(f"mail refused ({type(error).__name__})", None) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSentError(f"no answer of the mail server ({type(error).__name__})", 0.0) from None
