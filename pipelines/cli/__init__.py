"""`almanac ...`: options in, one line per problem out.

Belongs here: parsing, progress and words. Does not belong here: any rule; each command calls a plain function.
Heavy libraries are imported inside the commands, so that `--help` and errors are instant.
"""

import importlib
import pkgutil
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import typer

from pipelines.cli.context import Options, Root
from pipelines.errors import AlmanacError

app = typer.Typer(
    cls=Root,
    help="Scattered exports in; one clean customer, one clean deal and a sales forecast out. "
    "The options below may stand before or after a command.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would take [words in brackets] for its markup and leave them out
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"almanac {version('almanac-warehouse')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    home: Path | None = typer.Option(
        None, help="Folder of inbox, landing, state, warehouse, published (default: data)."
    ),
    inbox: Path | None = typer.Option(None, help="Where exports arrive (default: HOME/inbox)."),
    sources: Path | None = typer.Option(None, help="Folder of source contracts."),
    config: Path | None = typer.Option(None, help="Folder of the company's own policy (see `almanac init`)."),
    switch: bool = typer.Option(False, help="Use the home with this --config, --sources and --inbox from now on."),
    debug: bool = typer.Option(False, help="Show a traceback with an error."),
    show_version: bool = typer.Option(
        False, "--version", help="Show the version.", callback=_show_version, is_eager=True
    ),
) -> None:
    """Options that every command shares."""
    context.obj = Options(home=home, inbox=inbox, sources=sources, config=config, switch=switch, debug=debug)


# Each command family is one module of this package with `register(app)`: adding one is adding a file.
for _module in sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name != "context"):
    importlib.import_module(f"{__name__}.{_module}").register(app)


def main() -> None:
    """Run a command; an error is one line and exit code 1, an unexpected one says how to see more."""
    try:
        app()
    except AlmanacError as error:
        _stop(str(error))
    except Exception as error:  # the last place where a traceback can become a line
        from pipelines.home.machine import machine_fault

        if fault := machine_fault(error):
            _stop(str(fault))
        first = (str(error).strip().splitlines() or ["no reason given"])[0]
        _stop(f"{type(error).__name__}: {first} (--debug shows where)")


def _stop(line: str) -> NoReturn:
    if "--debug" in sys.argv:
        traceback.print_exc()
    typer.secho(f"almanac: {line}", fg=typer.colors.RED, err=True)
    raise SystemExit(1) from None
