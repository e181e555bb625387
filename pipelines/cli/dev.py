"""`almanac dev`: Dagster's UI for one home, on this machine only; `almanac serve`: its two halves, as services."""

import os
import sys
from pathlib import Path
from typing import NoReturn

import typer

from pipelines.cli.context import DAILY, settings_from
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("dev", rich_help_panel=DAILY)
    def dev(context: typer.Context, port: int = typer.Option(3000, help="Port on 127.0.0.1.")) -> None:
        """Open Dagster's UI: the asset graph, schedules, the sensor and past runs of this home."""
        from pipelines.home import warehouse

        settings = settings_from(context)
        if context.obj.switch:  # Dagster's own processes read what the home remembers
            with warehouse.run_lock(settings, owner="almanac dev"):
                pass
        _start(settings, "dagster", "dev", "--host", "127.0.0.1", "--port", str(port))

    @app.command("serve", rich_help_panel=DAILY)
    def serve(
        context: typer.Context,
        half: str = typer.Argument(help="webserver, which shows the UI, or daemon, which runs schedules and sensors."),
        host: str = typer.Option("127.0.0.1", help="Address of the UI: it asks nobody who is there, a proxy must."),
        port: int = typer.Option(3000, help="Port of the UI."),
    ) -> None:
        """Run one half of Dagster for this home, for a service manager or a container; both share the home."""
        settings = settings_from(context)
        if half == "webserver":
            _start(settings, "dagster-webserver", "--host", host, "--port", str(port))
        if half == "daemon":
            _start(settings, "dagster-daemon", "run")
        raise AlmanacError(f"{half!r} is neither webserver nor daemon")


def _start(settings: Settings, program: str, *arguments: str) -> NoReturn:
    from pipelines.home import child
    from pipelines.orchestration.execute import environment

    command = [str(Path(sys.executable).with_name(program)), *arguments]
    command += ["--module-name", "pipelines.orchestration.definitions", "--attribute", "defs"]
    raise SystemExit(child.call(command, {**os.environ, **environment(settings)}))
