"""`almanac docs`: every table and column, its tests and its lineage, as one page that needs no server."""

import shutil

import typer

from pipelines.cli.context import PEOPLE, settings_from


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("docs", rich_help_panel=PEOPLE)
    def docs(context: typer.Context) -> None:
        """Write dbt's documentation of the tables of this home into one page."""
        from pipelines.home import dbt

        settings = settings_from(context)
        project = dbt.prepare_project(settings)
        dbt.dbt(project, "docs", "generate", "--static")
        settings.published.mkdir(parents=True, exist_ok=True)
        page = settings.published / "tables.html"
        shutil.copy(project / "target" / "static_index.html", page)
        typer.echo(str(page))
