"""`almanac sources`, `read`, `quarantine`, `forget`: contracts, trial reads, rejected rows, removal of a person."""

from pathlib import Path

import typer

from pipelines.cli.context import FIRST, JSON, WRONG, Family, echo_json, settings_from
from pipelines.errors import AlmanacError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    sources = typer.Typer(cls=Family, no_args_is_help=True, help="Contracts of source systems.")
    sources.command("list")(_list)
    sources.command("check")(_check)
    sources.command("new")(_new)
    sources.command("extra")(_extra)
    app.add_typer(sources, name="sources", rich_help_panel=FIRST)
    quarantine = typer.Typer(cls=Family, no_args_is_help=True, help="List, export and resubmit rejected rows.")
    quarantine.command("list")(_quarantine_list)
    quarantine.command("export")(_quarantine_export)
    quarantine.command("resubmit")(_quarantine_resubmit)
    quarantine.command("return", hidden=True)(_quarantine_resubmit)  # its name in 0.1.0
    app.add_typer(quarantine, name="quarantine", rich_help_panel=WRONG)
    app.command("read", rich_help_panel=FIRST)(_read)
    app.command("forget", rich_help_panel=WRONG)(_forget)


def _list(context: typer.Context, as_json: bool = JSON) -> None:
    """Every contract: system, object, files."""
    from pipelines.contracts import load_contracts

    settings = settings_from(context)
    if as_json:
        names = ("system", "title", "cadence_days", "priority")
        echo_json(
            [
                {name: getattr(system, name) for name in names}
                | {"contract": item.name, "object": item.object, "files": item.files, "extract": item.extract}
                for system in load_contracts(settings.sources).values()
                for item in system.objects
            ]
        )
        return
    for system in load_contracts(settings.sources).values():
        typer.echo(f"{system.system}: {system.title}, every {system.cadence_days} days, priority {system.priority}")
        for item in system.objects:
            every = f", every {item.cadence_days} days" if item.cadence_days else ""
            typer.echo(f"  {item.name} -> {item.object}  {', '.join(item.files)}  ({item.extract}{every})")


def _check(context: typer.Context) -> None:
    """Validate every contract, and compare the rows of its samples with the expected ones."""
    from pipelines.contracts import load_contracts
    from pipelines.ingest.proposals.preview import check_samples

    settings = settings_from(context)
    contracts = load_contracts(settings.sources)
    problems = [line for system in contracts.values() for line in check_samples(settings, system, settings.sources)]
    for line in problems:
        typer.secho(line, fg=typer.colors.RED)
    if problems:
        raise AlmanacError(f"{len(problems)} problems in {settings.sources}")
    typer.echo(f"{len(contracts)} contracts and their samples are valid")


def _new(
    context: typer.Context,
    file: Path = typer.Argument(help="One export of the system."),
    system: str = typer.Option("", help="Name of the system (default: from the file's name)."),
    object: str | None = typer.Option(None, "--object", help="Canonical object (default: the one that fits best)."),
    encoding: str = typer.Option("", help="Of a text file whose bytes leave it open, such as cp1254."),
    out: Path | None = typer.Option(None, help="Write the contract here."),
) -> None:
    """Propose a contract from one export, with the confidence of each column, and list unmapped headers."""
    from pipelines.ingest.proposals.propose import propose

    text = propose(settings_from(context), file, system, object, encoding)
    typer.echo(text)
    if out:
        out.write_text(text, encoding="utf-8")


def _extra(context: typer.Context, as_json: bool = JSON) -> None:
    """List unmapped fields of loaded exports: how they are queried, and the line of YAML that maps them."""
    from dataclasses import asdict

    from pipelines.contracts import load_contracts
    from pipelines.ingest.proposals.extra_fields import extra_fields

    settings = settings_from(context)
    fields = extra_fields(settings, load_contracts(settings.sources))
    if as_json:
        echo_json([asdict(field) for field in fields])
        return
    for field in fields:
        line = f"; promote with  {field.promote}" if field.promote else ""
        typer.echo(
            f"{field.source_system}/{field.object} {field.header}: {field.type}, filled in {field.filled:,} of "
            f"{field.rows:,} rows: select {field.sql} from raw.{field.object}{line}"
        )
    if not fields:
        typer.echo("every header of the loaded exports is mapped or ignored")


def _read(
    context: typer.Context,
    file: Path = typer.Argument(help="A file, in the inbox or not."),
    contract: str | None = typer.Option(None, help="system/name (default: the contract whose files match)."),
    plain: bool = typer.Option(False, help="Without a contract: the file's table as it is."),
    out: Path | None = typer.Option(None, help="Write the accepted rows as plain UTF-8 CSV."),
) -> None:
    """Show what would be loaded and quarantined from one file, without loading it."""
    from pipelines.contracts import load_contracts
    from pipelines.home.spreadsheet import write_table
    from pipelines.ingest.proposals.preview import find_contract, money_lines, preview, read_table

    if not file.is_file():
        raise AlmanacError(f"{file} does not exist")
    settings = settings_from(context)
    if plain:
        frame, about = read_table(file)
        typer.echo(
            f"{file}: {about['rows']} rows, {about['control']} control, {len(about['refused'])} refused, "
            f"{about['encoding']} {about['delimiter']!r}"
        )
    else:
        system, item = find_contract(settings, load_contracts(settings.sources), file, contract)
        read = preview(settings, system, item, file)
        outcome, frame = read.outcome, read.accepted
        if outcome.status != "loaded":
            raise AlmanacError(
                f"{file} under {read.contract} would be rejected: {outcome.reason_code}: {outcome.reason}"
            )
        typer.echo(
            f"{file} under {read.contract}: {outcome.rows_in} rows in = {outcome.rows_loaded} loaded + "
            f"{outcome.rows_quarantined} quarantined + {outcome.rows_control} control"
        )
        refused = [f"record {row[3]}: {row[8]}" for row in read.refused.head(20).rows()]
        for line in [*money_lines(frame, item.object, settings.company.base_currency), *outcome.warnings, *refused]:
            typer.echo(f"  {line}")
        frame = frame.drop("_namespaces", strict=False)
    if out:
        write_table(frame, out)


def _quarantine_list(context: typer.Context, as_json: bool = JSON) -> None:
    """List rejected rows by file and reasons, and rejected files."""
    from pipelines.home import warehouse

    codes = "array_to_string(list_transform(faults, lambda fault: fault.reason_code), ' + ')"
    with warehouse.read(settings_from(context)) as connection:
        rows = connection.execute(
            f"select files.path, coalesce({codes}, refused.reason_code), count(*), "
            "any_value(refused.reason order by refused.record) "
            "from quality.quarantine as refused join control.files as files using (file_id) "
            "group by 1, 2 order by 3 desc, 1, 2"
        ).fetchall()
        files = connection.execute(
            "select path, reason_code, reason from control.files where status = 'rejected' order by landed_at, path"
        ).fetchall()
    if as_json:
        names = ("path", "reason_code", "row_count", "reason")
        refused = [dict(zip(names, row, strict=True)) for row in rows]
        rejected = [dict(zip(("path", "reason_code", "reason"), file, strict=True)) for file in files]
        echo_json({"rows": refused, "files": rejected})
        return
    for path, code, count, reason in rows:
        typer.echo(f"{path}: {count} x {code}: {reason}")
    for path, code, reason in files:
        typer.echo(f"{path}: rejected, {code}: {reason}")
    if not rows and not files:
        typer.echo("nothing is in quarantine")


def _quarantine_export(
    context: typer.Context,
    path: str = typer.Argument(help="Path below the inbox, as `quarantine list` shows it."),
    out: Path = typer.Option(..., help="CSV to correct. It holds raw text of people's data: keep it private."),
    contract: str = typer.Option("", help="The contract whose rows are exported, where several read the file."),
) -> None:
    """Write the rejected rows of a file for correction."""
    from pipelines.contracts import load_contracts
    from pipelines.home.spreadsheet import write_private
    from pipelines.ingest.quarantine.resubmission import export_rejected

    settings = settings_from(context)
    refused = export_rejected(settings, load_contracts(settings.sources), path, contract)
    write_private(out, refused)
    typer.echo(f"{out}: correct the cells, keep the first three columns, then `almanac quarantine resubmit {out}`")


def _quarantine_resubmit(context: typer.Context, file: Path = typer.Argument(help="The corrected CSV.")) -> None:
    """Resubmit corrected rows; the next run loads them under their file and record."""
    from pipelines.contracts import load_contracts
    from pipelines.home import settings as clock
    from pipelines.ingest.quarantine.resubmission import resubmit

    settings = settings_from(context)
    count = resubmit(settings, load_contracts(settings.sources), file.read_text(encoding="utf-8-sig"), clock.now())
    typer.echo(f"{count} rows resubmitted: `almanac ingest` or the next run loads them")


def _forget(
    context: typer.Context,
    person: str = typer.Argument(help="Record id, e-mail, telephone or name, exactly as the exports write it."),
) -> None:
    """Remove a person from landing onward, and keep them out when old files are read again."""
    from pipelines import ingest
    from pipelines.contracts import load_contracts
    from pipelines.decisions import forget as decisions
    from pipelines.home import progress, warehouse
    from pipelines.home import settings as clock
    from pipelines.ingest.erasure.erase import forget

    settings = settings_from(context)
    contracts = load_contracts(settings.sources)
    with warehouse.run_lock(settings, "forget"):
        for path in decisions.forget(settings, person):
            typer.echo(f"{path}: decisions no longer name this person; earlier versions of the file still do")
        changed = forget(settings, contracts, person, f"forget-{clock.now():%Y%m%dT%H%M%S%f}")
        ingest.rebuild(settings, contracts)
        progress.forget(settings)  # what was made still holds the person
    if not changed:
        typer.echo(
            f"no kept record has exactly {person!r}; a later one will be kept out. "
            "Try the other ways in which exports name them: id, e-mail, telephone, name"
        )
        return
    typer.echo(f"removed from {len(changed)} kept files; delete the copies in the inbox yourself")
    typer.echo("published tables still hold the last run: `almanac run` publishes them without the person")
