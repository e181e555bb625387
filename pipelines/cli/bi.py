"""`almanac bi`: a starter for a BI tool over what is served."""

from pathlib import Path

import typer

from pipelines.cli.context import PEOPLE, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("bi", rich_help_panel=PEOPLE)
    def bi(
        context: typer.Context,
        folder: Path = typer.Argument(help="Folder to write into."),
        tool: str = typer.Option("metricflow", help="metricflow, marimo for a notebook, superset for a dashboard."),
    ) -> None:
        """Write a starter for a tool over what is served: metrics of the KPI catalogue, a notebook or a dashboard."""
        from pipelines.bi import tools, write_starter
        from pipelines.serving import places

        settings = settings_from(context)
        file = places.served_file(settings)
        if tool not in tools():
            raise AlmanacError(f"--tool {tool}: known are {', '.join(tools())}")
        if not file.is_file():
            raise AlmanacError(f"{file}: nothing is served yet: `almanac run` makes the first")
        typer.echo(str(write_starter(tool, file, folder, settings.company.publish)))
