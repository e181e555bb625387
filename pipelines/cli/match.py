"""`almanac match FILE`, `explain`, `decide`, `train`: the matching engine on one file, and its results in a home."""

from pathlib import Path
from typing import Any

import typer

from pipelines.cli.context import ENGINES, Family, settings_from
from pipelines.errors import AlmanacError


class FileFirst(Family):
    """A group whose first argument may be a file: `match customers.csv` means `match file customers.csv`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Insert the default command before a first argument that is not a command."""
        if args and args[0] not in self.commands and args[0] not in {"--help", "-h"}:
            args = ["file", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the command family."""
    family = typer.Typer(
        cls=FileFirst, no_args_is_help=True, help="Find the records of one file that are the same company or person."
    )
    family.command("file")(_file)
    family.command("explain")(_explain)
    family.command("decide")(_decide)
    family.command("train")(_train)
    app.add_typer(family, name="match", rich_help_panel=ENGINES)


def _file(
    context: typer.Context,
    file: Path = typer.Argument(help="Any export (CSV, XLSX, JSONL, Parquet ...) with a name or other known columns."),
    id: str | None = typer.Option(
        None, "--id", help="Column that identifies a record [recognised, or the row number]."
    ),
    map: list[str] = typer.Option([], "--map", help="Map a column, as canonical=HEADER, e.g. account_name=Firma."),
    fit: bool = typer.Option(True, help="Fit the weights to the file (no labels needed) before scoring."),
    out: Path | None = typer.Option(
        None, help="Where to write record_id, cluster_id, cluster_size, name (default: FILE_clusters.csv)."
    ),
    review: Path | None = typer.Option(None, help="Where to write the pairs to review (default: FILE_review.csv)."),
    pairs: Path | None = typer.Option(None, help="Where to write the compared pairs with their weights, as Parquet."),
) -> None:
    """Cluster the records of a file: write record_id and cluster_id, and the pairs to review."""
    from pipelines.matching.report import match_file

    mapped = dict(_mapping(item) for item in map) | ({"source_id": id} if id else {})
    settings = settings_from(context)
    report = match_file(
        file,
        mapped,
        out=out or file.with_name(f"{file.stem}_clusters.csv"),
        review=review or file.with_name(f"{file.stem}_review.csv"),
        say=lambda text: typer.echo(f"  {text} ...", err=True),
        pairs=pairs,
        fit=fit,
        weights=settings.seed("match_weights"),
    )
    typer.echo(report)


def _mapping(item: str) -> tuple[str, str]:
    canonical, separator, header = item.partition("=")
    if not separator:
        raise AlmanacError(f"--map {item}: write it as canonical=HEADER")
    return canonical, header


def _explain(
    context: typer.Context,
    ids: list[str] = typer.Argument(help="Two records as SYSTEM|ID, or one customer id."),
) -> None:
    """Explain why two records are, or are not, one customer; or which records a customer has, and why."""
    from pipelines.home import warehouse
    from pipelines.matching.explain import explain

    with warehouse.read(settings_from(context)) as connection:
        typer.echo(explain(connection, ids))


def _decide(
    context: typer.Context,
    records: list[str] = typer.Argument(help="Two records as SYSTEM|ID."),
    same: bool = typer.Option(..., "--same/--apart", help="One customer, or two."),
    by: str = typer.Option(..., help="Who decided."),
    reason: str = typer.Option(..., help="Reason of the decision."),
) -> None:
    """Record a decision about two records in match_overrides.csv; the next run follows it."""
    from pipelines.home import warehouse
    from pipelines.home.settings import now
    from pipelines.matching.decide import decide

    if len(records) != 2:
        raise AlmanacError("match decide: give two records as SYSTEM|ID")
    settings, today = settings_from(context), now()
    decision = {"decision": "same" if same else "not_same", "by": by, "reason": reason}
    with warehouse.read(settings) as connection:
        path = decide(settings, connection, records, on=settings.local_date(today), **decision)
    typer.echo(
        f"{path}: {' and '.join(records)} are {'one customer' if same else 'two customers'} from the next run on"
    )


def _train(
    context: typer.Context,
    out: Path | None = typer.Option(
        None, help="Where to write the new match_weights.csv (default: only show the difference)."
    ),
) -> None:
    """Refit the weights with Splink on the records of the working file and show the changes."""
    from pipelines.matching.train import train

    typer.echo(train(settings_from(context), out))
