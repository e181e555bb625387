"""The options that every command shares, and the settings they amount to."""

from dataclasses import dataclass
from pathlib import Path

import typer

from pipelines.home.settings import Settings, load_settings


@dataclass(frozen=True)
class Options:
    """Global options as given."""

    home: Path | None
    inbox: Path | None
    sources: Path | None
    config: Path | None
    debug: bool


def settings_from(context: typer.Context) -> Settings:
    """The settings of this call."""
    given: Options = context.obj
    return load_settings(given.home, inbox=given.inbox, sources=given.sources, config=given.config)
