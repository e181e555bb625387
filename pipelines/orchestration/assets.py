"""The whole flow on one page: export files -> raw -> keys -> resolved -> marts -> forecast -> outlook -> published.

Each asset is a few lines around a plain function that knows nothing of Dagster. Tables that Python writes are the dbt
project's sources, so the specs are read from its manifest and the graph is one.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from pipelines import inputs, job, keys, resolve
from pipelines.errors import AlmanacError
from pipelines.home import dbt, grains, runs, warehouse
from pipelines.home.settings import Settings
from pipelines.orchestration.graph import Graph, Translator
from pipelines.orchestration.metadata import table_metadata, with_metadata
from pipelines.serving import publish

ONE_DAY_PER_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
# Only where another try can help: files that are still being written, a full disk. SQL fails the same way twice.
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)

FULL = "almanac/full"  # the tag of a run that matches everything, whatever could be kept


def build_assets(settings: Settings, graph: Graph, partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Every asset of one home, in the order in which rows flow."""
    common: dict[str, Any] = {
        "partitions_def": partitions,
        "required_resource_keys": {"home"},
        "backfill_policy": ONE_DAY_PER_RUN,
    }

    @dg.multi_asset(name="ingest", specs=graph.raw_specs(), retry_policy=RETRY, **common)
    def ingest_exports(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        home = context.resources.home
        home.say("landing and loading new exports")
        try:
            report = job.ingest_exports(settings, home.say)
            home.faults = report.faults()
            home.ties = report.ties
            home.say(report.summary())
        except AlmanacError as error:  # another try would say the same
            raise dg.Failure(str(error), allow_retries=False) from error
        run = runs.start(settings, home.run_id, date.fromisoformat(context.partition_key), **_run_tags(context))
        if run.known_at:
            job.show_known_at(settings, run.known_at)
        warehouse.record_run(settings, run)
        yield from _results(settings, graph.raw_specs())

    @dg.multi_asset(name="keys", specs=graph.source_specs("keys", graph.raw_keys()), **common)
    def match_keys(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        run = _run(context)
        context.resources.home.say("normalising names, phones, domains and tax ids")
        keys.build_keys(settings)
        yield from _results(settings, graph.source_specs("keys"), as_of=run.as_of)

    @dg.multi_asset(name="resolve", specs=graph.source_specs("resolved", graph.models("staging", "matching")), **common)
    def resolved_customers(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        run = _run(context)
        context.resources.home.say("clustering records into customers")
        resolve.resolve_customers(settings, run)
        yield from _results(settings, graph.source_specs("resolved"), as_of=run.as_of)

    @dg.multi_asset(name="forecast", specs=graph.source_specs("forecast", graph.models("marts")), **common)
    def forecasts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        run = _run(context)
        context.resources.home.say("forecasting")
        job.issue_forecasts(settings, run, context.resources.home.say)
        yield from _results(settings, graph.source_specs("forecast"), as_of=run.as_of)

    @dg.asset(
        key=["published", "almanac"],
        deps=graph.served(),
        group_name="published",
        kinds={"duckdb"},
        retry_policy=RETRY,
        **common,
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        """The read-only file and the Parquet beside it, swapped in only if every gate has passed."""
        run, home = _run(context), context.resources.home
        if run.run_kind not in runs.SERVED_KINDS:
            home.outcome = "backfilled"
            return dg.MaterializeResult(metadata={"served": False, "reason": f"a {run.run_kind} run serves nothing"})
        home.say("publishing")
        counts = publish.publish(settings, run, policy=inputs.policy_fingerprint(settings))
        home.outcome = "published"
        return dg.MaterializeResult(metadata={"dagster/row_count": sum(counts.values()), "tables": len(counts)})

    def dbt_step(name: str, select: str) -> dg.AssetsDefinition:
        @dbt_assets(
            name=name,
            manifest=graph.manifest,
            select=select,
            partitions_def=partitions,
            dagster_dbt_translator=Translator(graph.gate_inputs(name)),
            required_resource_keys={"home", "dbt"},
            backfill_policy=ONE_DAY_PER_RUN,
        )
        def step(context: dg.AssetExecutionContext) -> Iterator[Any]:
            run, home = _run(context), context.resources.home
            home.say(f"dbt: {name}")
            left_out = job.left_to_update(settings, name, is_full=FULL in context.run.tags)
            command = [*dbt.BUILD, *job.without(left_out)]
            events = list(context.resources.dbt.cli(command, context=context).stream())
            extra: dict[str, Any] = {}
            if name == "staging_and_matching":
                matched = job.match_records(settings, left_out)
                home.say(matched.sentence())
                extra["matching"] = matched.metadata()
            yield from with_metadata(settings, events, context.asset_key_for_output, run.as_of, extra)
            specs = [dg.AssetSpec(["matching", model]) for model in left_out]
            yield from _results(settings, specs, as_of=run.as_of, extra=extra)
            yield from _grain_checks(settings, graph, context.selected_asset_check_keys)

        return step

    dbt_steps = [dbt_step(name, select) for name, select in job.DBT_STEPS.items()]
    return [ingest_exports, match_keys, resolved_customers, *dbt_steps, forecasts, published]


def _run(context: dg.AssetExecutionContext) -> runs.Run:
    home = context.resources.home
    return warehouse.current_run(home.settings, home.run_id)


def _run_tags(context: dg.AssetExecutionContext) -> dict[str, str]:
    """What a person may add to a run: `almanac/known_at`, `almanac/kind`, `almanac/reason`."""
    prefix = "almanac/"
    tags = {tag.removeprefix(prefix): value for tag, value in context.run.tags.items() if tag.startswith(prefix)}
    return {name: value for name, value in tags.items() if name in ("known_at", "kind", "reason")}


def _results(
    settings: Settings,
    specs: Sequence[dg.AssetSpec],
    as_of: date | None = None,
    extra: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[dg.MaterializeResult]:
    """A result for each table with its row count, and a small picture where people look.

    extra: more metadata for all tables of a schema.
    """
    described = table_metadata(settings, [tuple(spec.key.path) for spec in specs], as_of)
    for spec in specs:
        schema, table = spec.key.path[0], tuple(spec.key.path)
        metadata = {**described[table], **(extra or {}).get(schema, {})}
        yield dg.MaterializeResult(asset_key=spec.key, metadata=metadata)


def _grain_checks(settings: Settings, graph: Graph, wanted: Set[dg.AssetCheckKey]) -> Iterator[dg.AssetCheckResult]:
    """The grain tests of the models of a step: two rows of one key stop the run."""
    with warehouse.read(settings) as connection:
        for grain in grains.grains(graph.nodes):
            key = dg.AssetKey([grain.schema, grain.table])
            if dg.AssetCheckKey(key, grain.test) in wanted:
                found = grains.offenders(connection, grain)
                yield dg.AssetCheckResult(
                    asset_key=key, check_name=grain.test, passed=found == 0, metadata={"offenders": found}
                )
