"""The options that every command shares, and the settings they amount to; how a family of commands lists itself."""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from pipelines.errors import MachineFaultError
from pipelines.home.access import PRIVATE
from pipelines.home.settings import Settings, load_settings

if TYPE_CHECKING:
    from pipelines.ingest import Notice

JSON = typer.Option(False, "--json", help="As JSON, for programs.")


def echo_json(value: object) -> None:
    """Print a value as JSON; what JSON has no word for, days and paths, as text."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


@dataclass(frozen=True)
class Options:
    """Global options as given."""

    home: Path | None
    inbox: Path | None
    sources: Path | None
    config: Path | None
    switch: bool
    debug: bool


def settings_from(context: typer.Context) -> Settings:
    """The settings of this call; whatever it writes from now on is its owner's alone."""
    os.umask(PRIVATE)
    given: Options = context.obj
    folders = {"inbox": given.inbox, "sources": given.sources, "config": given.config}
    return load_settings(given.home, **folders, is_switch=given.switch)


def say_unread(notices: Sequence["Notice"]) -> None:
    """Name every file that is in no table, with the reason. Raises MachineFaultError if this machine is why."""
    from pipelines.serving.console import unread_lines

    for word, text in unread_lines([asdict(notice) for notice in notices]):
        typer.echo(f"  {word:<12}{text}")
    stop_for_faults(f"{notice.path}: {notice.reason}" for notice in notices if notice.is_fault)


def stop_for_faults(faults: Iterable[str]) -> None:
    """Raise MachineFaultError for the first of these, saying how many there are."""
    all_faults = list(faults)
    if all_faults:
        more = f" (and {len(all_faults) - 1} more)" if len(all_faults) > 1 else ""
        raise MachineFaultError(f"{all_faults[0]}{more}")


# Headings of the list of commands, in its order.
DAILY, WRONG, FIRST, ENGINES, PEOPLE, WORK = (
    "Every day",
    "When something is wrong",
    "Set up a company",
    "One engine on any file",
    "For people and other programs",
    "One step, for who works on it",
)
PANELS = (DAILY, WRONG, FIRST, PEOPLE, ENGINES, WORK)
# Options of every command; whether each takes a value.
GLOBAL = {
    **dict.fromkeys(("--home", "--inbox", "--sources", "--config"), True),
    **dict.fromkeys(("--switch", "--no-switch", "--debug", "--no-debug"), False),
}


class Family(TyperGroup):
    """A group of commands whose list says what each does in its whole first sentence, not cut to one line."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, those of one heading together."""
        panels = {name: getattr(one, "rich_help_panel", None) or "Commands" for name, one in self.commands.items()}
        order = [*PANELS, *(panel for panel in panels.values() if panel not in PANELS)]
        for panel in dict.fromkeys(order):
            names = [name for name, of in panels.items() if of == panel]
            if names:
                with formatter.section(panel):
                    formatter.write_dl([(name, self.commands[name].get_short_help_str(limit=1000)) for name in names])


class Root(Family):
    """The command itself: options that every command shares may stand before or after the command's name."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options of the command itself, wherever they stand."""
        return super().parse_args(ctx, hoisted(args))


def hoisted(words: list[str]) -> list[str]:
    """The words of a call with the options of every command first; what follows a lone `--` is left alone."""
    shared: list[str] = []
    own: list[str] = []
    waiting = iter(words)
    for word in waiting:
        if word == "--":
            own += [word, *waiting]
            break
        name, is_one_word, _ = word.partition("=")
        if name not in GLOBAL:
            own.append(word)
            continue
        shared.append(word)
        if GLOBAL[name] and not is_one_word:
            shared += [value for value in [next(waiting, None)] if value is not None]
    return [*shared, *own]
