"""`almanac status`: last runs, freshness of each system's objects, gates, what is served."""

import typer

from pipelines.cli.context import DAILY, JSON, echo_json, settings_from


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("status", rich_help_panel=DAILY)
    def status(context: typer.Context, as_json: bool = JSON) -> None:
        """Say what is served, how fresh the objects of each system are, and how the last runs ended."""
        from dataclasses import asdict

        from pipelines import inputs
        from pipelines.home import served
        from pipelines.serving import console
        from pipelines.serving.status import read_status

        settings = settings_from(context)
        unread = [asdict(notice) for notice in inputs.look(settings)[1]]
        if as_json:
            echo_json({**read_status(settings), "unread_files": unread, "problem": served.problem(settings)})
        else:
            typer.echo(console.state_of(settings, unread))
