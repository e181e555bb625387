"""`almanac bench SUBJECT`: the figures of the docs, as JSON, each beside its peer or the truth."""

import importlib
import json
from pathlib import Path

import typer

from pipelines.cli.context import WORK
from pipelines.errors import AlmanacError

SERIES = ("forecast", "deals", "funnel", "grain")
COMPANY = ("truth", "said", "metamorphic", "questions", "cash")
SUBJECTS = ("ingest", "match", *SERIES, *COMPANY, "cases", "pages", "postgres", "soak", "mutants", "job")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("bench", rich_help_panel=WORK)
    def bench(
        subject: str = typer.Argument(help=f"one of {', '.join(SUBJECTS)}"),
        option: list[str] = typer.Option([], "--set", help="An option of the benchmark, as name=value."),
        out: Path | None = typer.Option(None, help="Write the JSON here as well."),
    ) -> None:
        """Measure one part of the product against its peers, or the truth, in the same run.

        Benchmarks with a table of their own print it; one that can fail does so behind it.
        """
        if subject not in SUBJECTS:
            raise typer.BadParameter(f"{subject!r} is none of {', '.join(SUBJECTS)}")
        options = dict(item.split("=", 1) for item in option)
        module = importlib.import_module(f"pipelines.bench.{subject}")
        figures = module.run(**options)
        text = json.dumps(figures, indent=2, ensure_ascii=False, default=str)
        typer.echo(module.table(figures) if hasattr(module, "table") else text)
        if out:
            out.write_text(text + "\n", encoding="utf-8")
        if hasattr(module, "failure") and (failure := module.failure(figures)):
            raise AlmanacError(f"bench {subject}: {failure}")
