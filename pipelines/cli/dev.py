"""`almanac dev`: Dagster's UI for one home, on this machine only."""

import os
import sys
from pathlib import Path

import typer

from pipelines.cli.context import settings_from


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("dev")
    def dev(context: typer.Context, port: int = typer.Option(3000, help="Port on 127.0.0.1.")) -> None:
        """Open Dagster's UI: the asset graph, schedules, the sensor and past runs of this home."""
        from pipelines.home import child
        from pipelines.orchestration.execute import environment

        settings = settings_from(context)
        command = [str(Path(sys.executable).with_name("dagster")), "dev", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--module-name", "pipelines.orchestration.definitions", "--attribute", "defs"]
        raise SystemExit(child.call(command, {**os.environ, **environment(settings)}))
