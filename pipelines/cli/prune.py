"""`almanac prune`: what old runs have left in state and nobody reads any more."""

import typer

from pipelines.cli.context import JSON, WRONG, echo_json, settings_from


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("prune", rich_help_panel=WRONG)
    def prune(
        context: typer.Context,
        days: int = typer.Option(400, min=31, help="Keep what runs of the last days have left."),
        apply: bool = typer.Option(False, "--apply", help="Remove it; without, only show it."),
        as_json: bool = JSON,
    ) -> None:
        """Show what a home holds and a run adds; remove details of old runs, never exports, forecasts or ids."""
        from pipelines.home import growth, warehouse
        from pipelines.home import prune as old
        from pipelines.home import settings as clock

        settings = settings_from(context)
        with warehouse.run_lock(settings, owner="almanac prune"):
            items = old.prunable(settings, days, clock.now())
            listed = [{"log": item.log, "files": len(item.files), "bytes": item.size} for item in items]
            for item in () if as_json else items:
                typer.echo(f"{item.log}: {len(item.files)} files, {item.size / 1e6:.1f} MB")
            if apply:
                old.remove(items)
        held = growth.sizes(settings), growth.a_run(settings)
        if as_json:
            echo_json({"removed": apply, "logs": listed, "folders": growth.as_rows(*held)})
            return
        typer.echo("\n".join(growth.lines(*held)))
        total = f"{sum(item.size for item in items) / 1e6:.1f} MB" if not apply else "all of it"
        count = sum(len(item.files) for item in items)
        if not items:
            typer.echo(f"nothing is older than {days} days")
        elif apply:
            typer.echo(f"removed {total}: {count} files")
        else:
            typer.echo(f"{count} files, {total}, would go: --apply removes them")
