"""`almanac export`: served tables as CSV, SPSS or Tableau files."""

from pathlib import Path

import typer

from pipelines.cli.context import PEOPLE, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("export", rich_help_panel=PEOPLE)
    def export(
        context: typer.Context,
        tables: list[str] = typer.Argument(help="Served tables, as marts.revenue."),
        to: str = typer.Option("csv", help="csv, sav (SPSS, extra `spss`) or hyper (Tableau, extra `tableau`)."),
        out: Path | None = typer.Option(None, help="Folder to write into [HOME/published/extracts]."),
        language: str = typer.Option("en", help="Language of labels."),
    ) -> None:
        """Write served tables as files of other programs, with labels of columns and codes."""
        from pipelines.report.extracts import write_extract
        from pipelines.report.served import opened
        from pipelines.report.words import languages, load_words
        from pipelines.serving import places

        settings = settings_from(context)
        if language not in languages():
            raise AlmanacError(f"--language {language}: known are {', '.join(languages())}")
        file = places.served_file(settings)
        if not file.is_file():
            raise AlmanacError(f"{file}: nothing is served yet: `almanac run` makes the first")
        with opened(file) as served:
            for table in tables:
                folder = out or settings.published / "extracts"
                typer.echo(str(write_extract(folder, served, table, to, load_words(language))))
