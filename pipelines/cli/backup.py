"""`almanac backup FILE`, `almanac restore FILE`: one file that holds all a home cannot make again, and the way back."""

from pathlib import Path

import typer

from pipelines.cli.context import WRONG, Options, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("backup", rich_help_panel=WRONG)
    def backup(
        context: typer.Context, out: Path = typer.Argument(help="The file to write, as home-2026-10-31.tar.zst.")
    ) -> None:
        """Write all that cannot be made again into one file, while a run goes on or not; the inbox is left out."""
        from importlib.metadata import version

        from pipelines import inputs
        from pipelines.home import backup as backups
        from pipelines.home import settings as clock

        settings = settings_from(context)
        kept = backups.write(settings, out, clock.now(), version("almanac-warehouse"))
        typer.echo(f"{out}: {kept.files} files, {kept.bytes / 1e6:.1f} MB, {out.stat().st_size / 1e6:.1f} MB packed")
        if unread := inputs.look(settings)[0]:
            typer.echo(f"{len(unread)} exports of the inbox are not landed, so they are not in it: `almanac ingest`")
        if kept.damaged:
            raise AlmanacError(f"{len(kept.damaged)} files were damaged before, as {kept.damaged[0]}: `almanac doctor`")

    @app.command("restore", rich_help_panel=WRONG)
    def restore(
        context: typer.Context,
        backup: Path = typer.Argument(help="A file that `almanac backup` wrote."),
        files_only: bool = typer.Option(False, "--files-only", help="Leave the tables for `almanac rebuild` to make."),
    ) -> None:
        """Make a home again from a backup, in the new folder that --home names, and serve what it served."""
        from pipelines import job
        from pipelines.home import backup as backups
        from pipelines.home import warehouse
        from pipelines.home.settings import load_settings

        options: Options = context.obj
        if options.home is None:
            raise AlmanacError("name the folder to restore into: almanac --home DIR restore FILE")
        restored = backups.restore(backup, options.home.resolve())
        typer.echo(f"{options.home}: {restored.files} files, {restored.bytes / 1e6:.1f} MB, every hash agrees")
        config = options.home.resolve() / "config"  # that of the backup, whatever the environment names
        settings = load_settings(options.home, config=config if config.is_dir() else None, is_switch=True)
        if files_only:
            typer.echo(f"next: almanac --home {options.home} rebuild")
            return
        with warehouse.run_lock(settings, owner="almanac restore"):
            job.rebuild(settings, typer.echo)
