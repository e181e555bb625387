"""`almanac postgres runs | publish | roll-back | accept`: the served tables in the company's PostgreSQL server."""

import typer

from pipelines.cli.context import JSON, PEOPLE, Family, echo_json, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command family."""
    family = typer.Typer(cls=Family, no_args_is_help=True, help="The served tables in the company's PostgreSQL server.")
    family.command("runs")(_runs)
    family.command("publish")(_publish)
    family.command("roll-back")(_roll_back)
    family.command("accept")(_accept)
    app.add_typer(family, name="postgres", rich_help_panel=PEOPLE)


def _runs(context: typer.Context, as_json: bool = JSON) -> None:
    """List the runs that the server keeps."""
    from pipelines.serving import server

    settings = settings_from(context)
    if as_json:
        echo_json(server.run_rows(settings))
    else:
        typer.echo("\n".join(server.runs(settings)))


def _publish(context: typer.Context) -> None:
    """Publish the served run to the server; every published run does so itself."""
    from pipelines.serving import places, server

    settings = settings_from(context)
    file = places.served_file(settings)
    if not file.is_file():
        raise AlmanacError(f"{file}: nothing is served yet: `almanac run` makes the first")
    server.address(settings)
    typer.echo(f"{server.publish(settings, file):,} rows")


def _roll_back(context: typer.Context, run_id: str = typer.Argument("", help="Run to show [the one before].")) -> None:
    """Show an earlier run in the server again, at once; files stay as they are."""
    from pipelines.serving import server

    typer.echo(f"shown: {server.roll_back(settings_from(context), run_id)}")


def _accept(context: typer.Context) -> None:
    """Let the views follow changes that were announced: retired columns and tables go, types change."""
    from pipelines.home.settings import now
    from pipelines.serving import server

    done = server.accept(settings_from(context), now())
    typer.echo("\n".join(done) or "no change is waiting")
