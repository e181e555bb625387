"""`almanac demo`: the exports of the sample company, in a home of its own."""

import os
from datetime import datetime
from pathlib import Path

import typer

from pipelines.cli.context import FIRST, Options

DEFAULT_HOME = Path("data/demo")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("demo", rich_help_panel=FIRST)
    def demo(
        context: typer.Context,
        systems: int = typer.Option(8, help="Source systems; beyond 8, branch offices with a CRM of their own."),
        customers: int = typer.Option(600, help="True customers; a million is possible."),
        seed: int | None = typer.Option(None, help="Another seed, another company."),
        as_of: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="Last day of its history [2026-10-31]."),
    ) -> None:
        """Write the sample company's exports, and the truth about it, into a demo home [data/demo]."""
        from pipelines.demo import AS_OF, SEED, write_demo

        options: Options = context.obj
        home = (options.home or Path(os.environ.get("ALMANAC_HOME") or DEFAULT_HOME)).resolve()
        summary = write_demo(
            home,
            customers=customers,
            systems=systems,
            seed=SEED if seed is None else seed,
            as_of=as_of.date() if as_of else AS_OF,
            progress=lambda step: typer.echo(f"  {step}", err=True),
        )
        typer.echo(summary.text())
