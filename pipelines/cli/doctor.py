"""`almanac doctor`: every file of a home against its hashes, and what to do about each that is damaged."""

from dataclasses import asdict

import typer

from pipelines.cli.context import JSON, WRONG, echo_json, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("doctor", rich_help_panel=WRONG)
    def doctor(context: typer.Context, as_json: bool = JSON) -> None:
        """Check every file of the home against its hash; say which is damaged, what is lost, and what mends it."""
        from pipelines.home import warehouse
        from pipelines.serving import recovery, status
        from pipelines.serving.doctor import examine

        settings = settings_from(context)
        if not settings.home.is_dir():
            raise AlmanacError(f"{settings.home}: there is no such home: `almanac --home DIR run` makes one")
        findings = examine(settings, lambda step: typer.echo(f"  looking at {step}", err=True))
        if as_json:
            echo_json([asdict(finding) for finding in findings])
        for finding in () if as_json else findings:
            typer.echo(finding.sentence())
        lost = [finding for finding in findings if not finding.is_safe]
        if lost:
            raise AlmanacError(f"{len(lost)} files hold what cannot be made again: see the lines above")
        with warehouse.run_lock(settings, owner="almanac doctor"):
            recovery.recover_quietly(settings, typer.echo)
            status.write_again(settings)
        if left := [finding for finding in findings if not finding.is_rewritten]:
            raise AlmanacError(f"{len(left)} files are to be made again, nothing is lost: see the lines above")
        if not as_json:
            typer.echo("the status files are written again" if findings else "every file is as it was written")
