"""`almanac add FILE...`: from exports to a contract of the company's own that has been tried on them."""

from pathlib import Path

import typer

from pipelines.cli.context import FIRST, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("add", rich_help_panel=FIRST)
    def add(
        context: typer.Context,
        files: list[Path] = typer.Argument(help="Exports of one system, or a folder of them."),
        system: str = typer.Option("", help="Name of the system (default: from the first file's name)."),
        object: str | None = typer.Option(None, "--object", help="Canonical object (default: what fits best)."),
    ) -> None:
        """Propose a contract for exports, save it with the company's, try it, and print the rows for unknown words.

        Files that are named together are proposed together: ids that are keys in one are references in the others.
        """
        from pipelines.home.settings import SHIPPED_SOURCES
        from pipelines.ingest.proposals.together import files_of, propose_together

        settings = settings_from(context)
        if settings.sources == SHIPPED_SOURCES.resolve():
            raise AlmanacError("whose contract? Name the company's folder with --config; `almanac init DIR` makes one")
        if missing := [str(path) for path in files if not path.exists()]:
            raise AlmanacError(f"{', '.join(missing)} does not exist")
        proposal = propose_together(settings, files_of(files), system, object)
        target = settings.sources / f"{proposal.system}.yml"
        if target.exists():
            raise AlmanacError(f"{target} exists: give the new one a name with --system, or delete it first")
        target.write_text(proposal.body, encoding="utf-8")
        for line in proposal.outcomes:
            typer.echo(line)
        for seed, rows in proposal.words.items():
            typer.echo(f"add to {(settings.config or Path()) / seed}:")
            for row in rows:
                typer.echo(f"  {row}")
        asked = f", with {proposal.questions} questions to answer in it" if proposal.questions else ""
        typer.echo(f"{target}: saved{asked}")
