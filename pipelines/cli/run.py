"""`almanac run`: the whole job, ending in a summary of what was made and where to look."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta

import typer
from rich.console import Console

from pipelines.cli.context import DAILY, say_unread, settings_from, stop_for_faults
from pipelines.errors import AlmanacError
from pipelines.home.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands."""

    @app.command("run", rich_help_panel=DAILY)
    def run(
        context: typer.Context,
        as_of: datetime | None = typer.Option(
            None, formats=["%Y-%m-%d"], help="Run as of the end of this day (default: the newest export)."
        ),
        known_at: datetime | None = typer.Option(None, help="Ignore files that landed after this time (UTC)."),
        reason: str = typer.Option("", help="Reason of an off-cycle revision."),
        force: bool = typer.Option(
            False, help="Run even if nothing changed; match every record and make every table again."
        ),
    ) -> None:
        """Run the whole job: ingest, match, model, check, forecast, publish."""
        from pipelines import inputs
        from pipelines.home import warehouse
        from pipelines.serving import recovery

        settings = settings_from(context)
        with warehouse.run_lock(settings, owner="almanac run"):
            recovery.recover_quietly(settings, typer.echo)
        arrivals, unread = inputs.look(settings)
        day = as_of.date() if as_of else inputs.newest_export(settings, arrivals)
        if not as_of and any(arrival.exported_at is None for arrival in arrivals):  # landed by now, to learn their day
            arrivals, unread = inputs.look(settings)
        if not force and not reason and (served := inputs.already_served(settings, day, known_at, arrivals)):
            typer.echo(f"nothing new: {served}; --force runs it all again")
            say_unread(unread)
            return
        from pipelines.orchestration import execute  # a night with nothing new does not wait for what a job needs
        from pipelines.serving import console as summary

        tags = {"known_at": known_at.isoformat() if known_at else "", "reason": reason}
        tags["full"] = "yes" if force else ""
        console = Console(stderr=True)
        with _told_if_it_dies(settings, is_by_hand=as_of is not None):
            passed = _with_progress(console, lambda say: execute.run_job(settings, day, tags, say))
        typer.echo(summary.render(settings, [asdict(notice) for notice in inputs.look(settings)[1]]))
        if not passed:
            raise AlmanacError(f"run as of {day} did not pass: {summary.reason(settings)}")
        stop_for_faults(summary.faults(settings))

    @app.command("backfill", rich_help_panel=DAILY)
    def backfill(
        context: typer.Context,
        first: datetime = typer.Option(..., formats=["%Y-%m-%d"], help="First as_of."),
        last: datetime = typer.Option(..., formats=["%Y-%m-%d"], help="Last as_of."),
        every_days: int = typer.Option(7, min=1, help="Days between two as_of."),
        month_ends: bool = typer.Option(False, "--month-ends", help="As of the month ends from first to last instead."),
    ) -> None:
        """Issue past forecast versions into the ledger; the served tables stay as they are."""
        from pipelines.orchestration import execute

        settings = settings_from(context)
        console = Console(stderr=True)
        for day in _days(first.date(), last.date(), every_days, month_ends):
            passed = _with_progress(console, _job(execute.run_job, settings, day))
            if not passed:
                raise AlmanacError(f"backfill stopped at {day}: see `almanac status`")
            typer.echo(f"{day}: added to the ledger")


def _days(first: date, last: date, every_days: int, month_ends: bool) -> list[date]:
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if (day + timedelta(days=1)).day == 1] if month_ends else days[::every_days]


@contextmanager
def _told_if_it_dies(settings: Settings, is_by_hand: bool) -> Iterator[None]:
    """Send word of a run that ends before its steps can say how: a policy that cannot be read, a full disk.

    Who names a day sits before the screen; and of a home that is in use, the run that has it will tell.
    """
    try:
        yield
    except Exception as error:
        from pipelines.home import warehouse
        from pipelines.home.settings import now
        from pipelines.messages import notify_of_failure

        if not is_by_hand and not warehouse.is_locked(settings):
            notify_of_failure(settings, f"{now():%Y-%m-%d} {type(error).__name__}", str(error))
        raise


def _job(run_job: Callable[..., bool], settings: object, day: date) -> Callable[[Callable[[str], None]], bool]:
    return lambda say: run_job(settings, day, {"kind": "backfill"}, say)


def _task(message: str) -> str:
    """What is being done, without how far it is: `forecasting: 3 of 28 models` is `forecasting`."""
    return re.split(r"[:\d]", message, maxsplit=1)[0]


def _with_progress(console: Console, work: Callable[[Callable[[str], None]], bool]) -> bool:
    """Run the work below a line that says what is being done and for how long; each finished step leaves a line."""
    began, last = time.monotonic(), [""]
    with console.status("") as line:

        def say(message: str) -> None:
            if last[0] and _task(last[0]) != _task(message):
                console.print(f"[dim]{time.monotonic() - began:6.1f}s[/dim]  {last[0]}", highlight=False)
            last[0] = message
            line.update(message)

        passed = work(say)
        say("")
    return passed
