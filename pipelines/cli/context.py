"""The options that every command shares, and the settings they amount to; how a family of commands lists itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

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


class Family(TyperGroup):
    """A group of commands whose list says what each does in its whole first sentence, not cut to one line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, one.get_short_help_str(limit=1000)) for name, one in self.commands.items()])
