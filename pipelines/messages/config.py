"""`messages.yml`: where digests go and what they may name, checked when it is read."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError, model_validator

from pipelines.contracts.declared import Declared, explained, read_yaml
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings, secret
from pipelines.report.words import languages

SHIPPED = Path(__file__).with_name("messages.yml")


def _variable(name: str) -> str:
    if name and not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        raise ValueError("is the name of an environment variable, such as ALMANAC_SLACK_URL: no address or secret here")
    return name


def _language(name: str) -> str:
    if name not in languages():
        raise ValueError(f"{name!r} is none of {', '.join(languages())}")
    return name


Variable = Annotated[str, AfterValidator(_variable)]


class Channel(Declared):
    """One group or mailbox. url_variable, secret_variable: environment variables; others are for mail alone."""

    kind: Literal["dingtalk", "wecom", "slack", "teams", "smtp"]
    language: Annotated[str, AfterValidator(_language)] = "en"
    url_variable: Variable = ""
    secret_variable: Variable = ""
    host: str = ""
    port: int = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    sender: str = ""
    recipients: tuple[str, ...] = ()
    user: str = ""

    @model_validator(mode="after")
    def _complete(self) -> "Channel":
        needed = ("host", "sender", "recipients") if self.kind == "smtp" else ("url_variable",)
        if missing := [name for name in needed if not getattr(self, name)]:
            raise ValueError(f"a channel of kind {self.kind} needs {', '.join(missing)}")
        return self

    @property
    def name(self) -> str:
        """What the log calls it: never an address."""
        return f"{self.kind} {self.url_variable or self.host}"

    @property
    def url(self) -> str:
        """The address from the environment. Raises AlmanacError where it is not set."""
        if not (found := secret(self.url_variable)):
            raise AlmanacError(f"{self.url_variable} is not set: it holds the address of the {self.kind} group")
        return found

    @property
    def secret(self) -> str:
        """The secret from the environment; empty for a channel without. Raises AlmanacError where it is not set."""
        if self.secret_variable and not secret(self.secret_variable):
            raise AlmanacError(f"{self.secret_variable} is not set: it holds the secret of the {self.kind} channel")
        return secret(self.secret_variable) or ""


class Messages(Declared):
    """Every channel and what holds for all of them."""

    link: str = ""
    names: bool = False
    late_after_days: int = Field(default=8, ge=1)
    worse_by: float = Field(default=0.25, gt=0)
    channels: tuple[Channel, ...] = ()


def load_channels(settings: Settings) -> Messages:
    """The company's own `messages.yml`, otherwise the shipped one, which names no channel."""
    own = settings.config / "messages.yml" if settings.config else None
    path = own if own and own.is_file() else SHIPPED
    values = read_yaml(path)
    try:
        return Messages.model_validate(values)
    except ValidationError as error:
        raise AlmanacError(explained(path, error)) from error
