"""When the job runs by itself: weekly, monthly, and when new exports have arrived."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from pipelines import inputs
from pipelines.home import warehouse
from pipelines.home.settings import Settings, now
from pipelines.messages import notify_if_late, notify_of_failure
from pipelines.orchestration.resources import kept_run_id

if TYPE_CHECKING:  # Dagster does not export the type that `define_asset_job` returns
    from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

JOB = "almanac"
EXPORTS = "almanac/exports"  # tag of the runs that the sensor asked for: a hash over what was waiting
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)


def build_job(partitions: dg.PartitionsDefinition) -> "UnresolvedAssetJobDefinition":
    """The whole flow for one `as_of`. In one process: the run lock belongs to a process."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        partitions_def=partitions,
        executor_def=dg.in_process_executor,
        description="Exports to published forecast tables, as known at the end of one day.",
    )


def build_schedules(settings: Settings, job: "UnresolvedAssetJobDefinition") -> list[dg.ScheduleDefinition]:
    """Every Monday and every first of the month, early, for the day before."""

    def schedule(name: str, cron: str, when: str) -> dg.ScheduleDefinition:
        zone = settings.company.timezone
        described = f"{when} at 05:00 in {zone}: the whole flow for the day before, new exports or not."

        @dg.schedule(name=name, cron_schedule=cron, job=job, execution_timezone=zone, description=described)
        def yesterday(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
            as_of = settings.day_before(context.scheduled_execution_time)
            return dg.RunRequest(run_key=f"{name} {as_of}", partition_key=as_of.isoformat())

        return yesterday

    return [schedule("weekly", "0 5 * * 1", "Mondays"), schedule("monthly", "0 5 1 * *", "The first of each month")]


def build_sensor(settings: Settings, job: "UnresolvedAssetJobDefinition") -> dg.SensorDefinition:
    """One run for all exports and answers since the last; their content, not their time, makes them new."""

    described = (
        f"Looks into {settings.inbox} each minute and asks for one run of all that is new by content. "
        "Exports whose run died are asked for again after 5 minutes, then each time after twice as long, up to a day."
    )

    @dg.sensor(name="new_exports", job=job, minimum_interval_seconds=60, description=described)
    def new_exports(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
        if warehouse.is_locked(settings):
            yield dg.SkipReason("a run owns the home: what is waiting now may be part of it")
            return
        arrivals, answers = inputs.look(settings)[0], inputs.answers_waiting(settings)
        if not arrivals and not answers:
            yield dg.SkipReason(f"nothing new in {settings.inbox}")
            return
        last = context.instance.get_run_records(dg.RunsFilter(job_name=JOB), limit=1)
        if last and not last[0].dagster_run.is_finished:
            yield dg.SkipReason("a run is waiting to start: it will read what is waiting")
            return
        exports = inputs.fingerprint(arrivals, answers)
        if pause := _pause(context.instance, exports):
            yield dg.SkipReason(pause)
            return
        as_of = inputs.newest_export(settings, arrivals)
        # With the run before it in the key, exports whose run died before it landed them are asked for again.
        after = last[0].dagster_run.run_id if last else "nothing"
        yield dg.RunRequest(f"{exports} after {after}", partition_key=as_of.isoformat(), tags={EXPORTS: exports})

    return new_exports


def build_failure_sensor(settings: Settings, job: "UnresolvedAssetJobDefinition") -> dg.SensorDefinition:
    """Tells of a run that died before it could: its process was killed, or it never started."""

    @dg.run_failure_sensor(
        name="failed_run",
        monitored_jobs=[job],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the channels of `messages.yml` of a run that died before it could say so itself.",
    )
    def failed_run(context: dg.RunFailureSensorContext) -> None:
        for notice in notify_of_failure(
            settings, kept_run_id(context.dagster_run), context.failure_event.message or ""
        ):
            context.log.info(f"message to {notice.channel}: {notice.outcome}")

    return failed_run


def build_late_sensor(settings: Settings) -> dg.SensorDefinition:
    """Tells when no run has been served for longer than `late_after_days` of `messages.yml`."""

    @dg.sensor(
        name="late_run",
        minimum_interval_seconds=3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Tells the channels of `messages.yml` when nothing was served for longer than `late_after_days`.",
    )
    def late_run() -> dg.SkipReason:
        notices = notify_if_late(settings)
        return dg.SkipReason("; ".join(f"{notice.channel}: {notice.outcome}" for notice in notices) or "no run is late")

    return late_run


def _pause(instance: dg.DagsterInstance, exports: str) -> str:
    """Why these exports are not to be asked for now: each run that died over them doubles the wait for the next one.

    A run that cannot start, for want of a package or of disk, would otherwise be tried every minute, day and night.
    """
    asked = dg.RunsFilter(job_name=JOB, tags={EXPORTS: exports})
    last, times = instance.get_run_records(asked, limit=1), instance.get_runs_count(asked)
    if not last:
        return ""
    doublings = min(times - 1, (LONGEST_PAUSE // FIRST_PAUSE).bit_length())
    again = _utc(last[0].create_timestamp) + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
    return f"{times} runs have died over these exports: the next one not before {again} UTC" if now() < again else ""


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)
