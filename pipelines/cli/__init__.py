"""`almanac ...`: options in, one line per problem out.

Belongs here: parsing, progress and words. Does not belong here: any rule; each command calls a plain function.
Heavy libraries are imported inside the commands, so that `--help` and errors are instant.
"""

import importlib
import pkgutil
import sys
import traceback
from pathlib import Path

import typer

from pipelines.cli.context import Options
from pipelines.errors import AlmanacError

app = typer.Typer(
    help="Scattered exports in; one clean customer, one clean deal and a sales forecast out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def options(
    context: typer.Context,
    home: Path | None = typer.Option(None, help="Folder of inbox, landing, state, warehouse, published [data]."),
    inbox: Path | None = typer.Option(None, help="Where exports arrive [HOME/inbox]."),
    sources: Path | None = typer.Option(None, help="Folder of source contracts."),
    config: Path | None = typer.Option(None, help="Folder of the company's own policy (see `almanac init`)."),
    debug: bool = typer.Option(False, help="Show a traceback with an error."),
) -> None:
    """Options that every command shares."""
    context.obj = Options(home=home, inbox=inbox, sources=sources, config=config, debug=debug)


# Each command family is one module of this package with `register(app)`: adding one is adding a file.
for _module in sorted(found.name for found in pkgutil.iter_modules(__path__) if found.name != "context"):
    importlib.import_module(f"{__name__}.{_module}").register(app)


def main() -> None:
    """Run a command; an expected error is one line and exit code 1."""
    try:
        app()
    except AlmanacError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        typer.secho(f"almanac: {error}", fg=typer.colors.RED, err=True)
        raise SystemExit(1) from None
