"""A digest in the form of each channel: JSON body or mail, never larger than the channel takes, safe to show."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any
from urllib.parse import quote_plus

from pipelines.messages.digest import Digest

# UTF-8 bytes of text and messages a minute. WeCom: 4,096 and 20. Slack: 3,000 characters a section and one a second.
# Teams: 28 KB for the whole card. DingTalk: 20 a minute; its text gives no size, so it gets one that others take.
LIMITS = {
    "dingtalk": (6_000, 20),
    "wecom": (4_000, 20),
    "slack": (2_900, 50),
    "teams": (20_000, 60),
    "smtp": (200_000, 60),
}
CUT = "…"


@dataclass(frozen=True)
class Body:
    """What is sent: `json` to an address, or `mail`."""

    json: dict[str, Any] | None = None
    mail: EmailMessage | None = None


def form(kind: str, digest: Digest, sender: str = "", recipients: tuple[str, ...] = ()) -> Body:
    """The digest for a channel of a kind. sender, recipients: of mail."""
    if kind == "smtp":
        return Body(mail=_mail(digest, sender, recipients))
    return Body(json=_FORMS[kind](digest))


def signed(url: str, secret: str, timestamp_ms: int) -> str:
    """DingTalk's address with the signature of this moment: base64(HMAC-SHA-256(secret, "timestamp\\nsecret"))."""
    if not secret:
        return url
    mac = hmac.new(secret.encode(), f"{timestamp_ms}\n{secret}".encode(), hashlib.sha256).digest()
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}timestamp={timestamp_ms}&sign={quote_plus(base64.b64encode(mac))}"


def fitted(digest: Digest, most: int, clean: Callable[[str], str], joint: str = "\n") -> str:
    """The lines and the link in at most so many bytes: cut at a line's end, never inside one, and the link stays."""
    link = [clean(digest.link)] if digest.link else []
    kept: list[str] = []
    lines = [clean(line) for line in digest.lines]
    for number, line in enumerate(lines):
        rest = [] if number + 1 == len(lines) else [CUT]
        if len(joint.join([*kept, line, *rest, *link]).encode()) > most:
            kept.append(CUT)
            break
        kept.append(line)
    return joint.join([*kept, *link])


def _dingtalk(digest: Digest) -> dict[str, Any]:
    title = _no_markup(digest.title)
    text = fitted(digest, LIMITS["dingtalk"][0] - len(title.encode()) - 10, _no_markup, "\n\n")
    return {"msgtype": "markdown", "markdown": {"title": title, "text": f"### {title}\n\n{text}"}}


def _wecom(digest: Digest) -> dict[str, Any]:
    title = _no_markup(digest.title)
    text = fitted(digest, LIMITS["wecom"][0] - len(title.encode()) - 10, _no_markup)
    return {"msgtype": "markdown", "markdown": {"content": f"**{title}**\n{text}"}}


def _slack(digest: Digest) -> dict[str, Any]:
    text = fitted(digest, LIMITS["slack"][0], _escaped) or CUT
    head = {"type": "header", "text": {"type": "plain_text", "text": digest.title[:150]}}
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    return {"text": _escaped(digest.title), "blocks": [head, section]}


def _teams(digest: Digest) -> dict[str, Any]:
    text = fitted(digest, LIMITS["teams"][0], _no_markup, "\n\n")
    blocks = [
        {"type": "TextBlock", "text": _no_markup(digest.title), "weight": "Bolder", "size": "Medium", "wrap": True},
        {"type": "TextBlock", "text": text, "wrap": True},
    ]
    schema = "http://adaptivecards.io/schemas/adaptive-card.json"
    card = {"$schema": schema, "type": "AdaptiveCard", "version": "1.4", "body": blocks}
    kind = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": kind, "contentUrl": None, "content": card}]}


def _mail(digest: Digest, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = " ".join(digest.title.split())
    mail["From"], mail["To"] = sender, ", ".join(recipients)
    mail.set_content(fitted(digest, LIMITS["smtp"][0], str) + "\n")
    return mail


def _escaped(text: str) -> str:
    """Slack's three signs: a name may not call a channel or hide a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _no_markup(text: str) -> str:
    """Text without what the chat would take for a link, a mention or markup; a dash that begins a line stays."""
    return re.sub(r"[<>\[\]*`#@]", lambda sign: _WIDE[str(sign.group())], text)


_WIDE = dict(zip("<>[]*`#@", "＜＞［］＊｀＃＠", strict=True))  # the same signs as people see them
_FORMS = {"dingtalk": _dingtalk, "wecom": _wecom, "slack": _slack, "teams": _teams}
