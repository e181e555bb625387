"""`almanac status`: last runs, freshness of each system's objects, gates, what is served."""

import typer

from pipelines.cli.context import settings_from


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("status")
    def status(context: typer.Context) -> None:
        """Say what is served, how fresh the objects of each system are, and how the last runs ended."""
        from pipelines.serving import console

        typer.echo(console.state_of(settings_from(context)))
