"""`almanac notify`: the digest of the last run, and a word if a run is late; for cron and for trying a channel."""

import typer

from pipelines.cli.context import DAILY, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("notify", rich_help_panel=DAILY)
    def notify(
        context: typer.Context,
        dry_run: bool = typer.Option(False, "--dry-run", help="Show what would be sent, and send nothing."),
    ) -> None:
        """Send the digest of the last run where it was not sent yet, and say if a run is late."""
        from pipelines.messages import load_channels, notify_if_late, notify_of_run

        settings = settings_from(context)
        if not load_channels(settings).channels:
            raise AlmanacError("messages.yml names no channel: `almanac init DIR` copies it, with an example of each")
        notices = notify_of_run(settings, is_dry=dry_run)
        if not dry_run:
            notices += notify_if_late(settings)
        for notice in notices:
            typer.echo(f"{notice.channel or 'messages'}: {notice.outcome}")
            if dry_run:
                typer.echo(notice.text)
        if not notices:
            typer.echo("nothing to say: every channel knows of the last run")
        if failed := [notice for notice in notices if notice.outcome != "sent" and not dry_run]:
            raise AlmanacError(f"{len(failed)} of {len(notices)} messages were not sent")
