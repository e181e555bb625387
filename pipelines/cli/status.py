"""`almanac status`: last runs, freshness of each system's objects, gates, what is served."""

import typer

from pipelines.cli.context import settings_from


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("status")
    def status(context: typer.Context) -> None:
        """Say what is served, how fresh the objects of each system are, and how the last runs ended."""
        from dataclasses import asdict

        from pipelines import inputs
        from pipelines.serving import console

        settings = settings_from(context)
        typer.echo(console.state_of(settings, [asdict(notice) for notice in inputs.notices(settings)]))
