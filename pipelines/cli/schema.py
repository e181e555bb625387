"""`almanac schema`: JSON Schema of the YAML files that a company writes."""

import json
from pathlib import Path

import typer

from pipelines.cli.context import FIRST, echo_json
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("schema", rich_help_panel=FIRST)
    def schema(
        kind: str | None = typer.Argument(None, help="contract, company, messages, forecasts, suite or object."),
        out: Path | None = typer.Option(None, help="Folder to write one file for each kind into."),
    ) -> None:
        """Print the JSON Schema of one kind of YAML file, or write those of all, for editors and other programs."""
        from pipelines import schemas

        if kind not in (None, *schemas.PLACES):
            raise AlmanacError(f"{kind!r} is none of {', '.join(schemas.PLACES)}")
        if out is None:
            echo_json(schemas.schema_of(kind) if kind else {name: schemas.schema_of(name) for name in schemas.PLACES})
            return
        out.mkdir(parents=True, exist_ok=True)
        for name in [kind] if kind else schemas.PLACES:
            path = out / f"{name}.schema.json"
            path.write_text(json.dumps(schemas.schema_of(name), indent=2) + "\n", encoding="utf-8")
            typer.echo(f"{path}: {schemas.PLACES[name]}")
