"""`almanac ingest | build | forecast | publish | rebuild`: one step of the job, for people who work on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime

import typer

from pipelines.cli.context import WORK, WRONG, say_unread, settings_from, stop_for_faults
from pipelines.home.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("ingest", rich_help_panel=WORK)
    def ingest(context: typer.Context) -> None:
        """Land and load new exports; publish nothing."""
        from pipelines import inputs, job

        settings = settings_from(context)
        with _owned(settings, "ingest"):
            report = job.ingest_exports(settings, typer.echo)
            typer.echo("\n".join(report.lines()))
        say_unread(inputs.look(settings)[1])
        stop_for_faults(report.faults())

    @app.command("build", rich_help_panel=WORK)
    def build(
        context: typer.Context,
        as_of: datetime | None = typer.Option(
            None, formats=["%Y-%m-%d"], help="Build as of the end of this day (default: the newest export)."
        ),
    ) -> None:
        """Build keys, customers, deals and marts in the working file; publish nothing."""
        from pipelines import inputs, job

        settings = settings_from(context)
        day = _day(as_of) or inputs.newest_export(settings)
        with _owned(settings, "build"):
            job.build(settings, day, typer.echo)

    @app.command("forecast", rich_help_panel=WORK)
    def forecast(context: typer.Context) -> None:
        """Issue forecasts for the run in the working file and rebuild the outlook; publish nothing."""
        from pipelines import job

        settings = settings_from(context)
        with _owned(settings, "forecast"):
            job.forecast(settings, typer.echo)

    @app.command("publish", rich_help_panel=WRONG)
    def publish(context: typer.Context) -> None:
        """Check every gate again and publish the working file if all pass."""
        from pipelines import job

        settings = settings_from(context)
        with _owned(settings, "publish"):
            job.check_and_publish(settings, typer.echo)

    @app.command("rebuild", rich_help_panel=WRONG)
    def rebuild(context: typer.Context) -> None:
        """Rebuild the working file from landing and state, as of the served run, and publish it."""
        from pipelines import job

        settings = settings_from(context)
        with _owned(settings, "rebuild"):
            job.rebuild(settings, typer.echo)


@contextmanager
def _owned(settings: Settings, step: str) -> Iterator[None]:
    from pipelines.home import warehouse
    from pipelines.serving import recovery

    with warehouse.run_lock(settings, owner=f"almanac {step}"):
        recovery.recover_quietly(settings, typer.echo)
        yield


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
