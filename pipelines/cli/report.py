"""`almanac report`: the review pack of what is served, written anew."""

import typer

from pipelines.cli.context import PEOPLE, settings_from


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("report", rich_help_panel=PEOPLE)
    def report(context: typer.Context) -> None:
        """Write pages and workbooks anew from what is served; every published run writes them too."""
        from pipelines.home import warehouse
        from pipelines.serving import pages, places

        settings = settings_from(context)
        with warehouse.run_lock(settings, owner="almanac report"):
            typer.echo(str(pages.write_again(settings)))
        for path in sorted(places.workbooks(settings).glob("*.xlsx")):
            typer.echo(str(path))
