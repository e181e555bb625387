"""The whole flow on one page: export files -> raw -> keys -> resolved -> marts -> forecast -> outlook -> published.

Each asset is a few lines around a plain function that knows nothing of Dagster. Tables that Python writes are the dbt
project's sources, so the specs are read from its manifest and the graph is one.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import dagster as dg
from dagster_dbt import dbt_assets

from pipelines import inputs, job, keys, ledger, resolve, reviews
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError
from pipelines.gates import gates
from pipelines.home import dbt, grains, kept, progress, runs, seeds, warehouse
from pipelines.home.settings import Settings
from pipelines.orchestration import inbox
from pipelines.orchestration.graph import GATE_BEFORE, Graph, Translator
from pipelines.orchestration.metadata import with_metadata
from pipelines.orchestration.resources import run_tags
from pipelines.orchestration.results import check_key, grain_checks, results, standing_checks
from pipelines.serving import publish

ONE_DAY_PER_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
# Only where another try can help: files that are still being written, a full disk. SQL fails the same way twice.
RETRY = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)

FULL = "almanac/full"  # the tag of a run that matches and makes everything, whatever could be kept


def build_assets(settings: Settings, graph: Graph, partitions: dg.PartitionsDefinition) -> list[dg.AssetsDefinition]:
    """Every asset of one home, in the order in which rows flow."""
    common: dict[str, Any] = {
        "partitions_def": partitions,
        "required_resource_keys": {"home"},
        "backfill_policy": ONE_DAY_PER_RUN,
    }
    tables: dict[str, Any] = {**common, "can_subset": True}
    forecast_inputs = [dg.AssetKey(table.split(".")) for table in ledger.INPUTS]

    @dg.multi_asset(name="ingest", specs=graph.raw_specs(), retry_policy=RETRY, **tables)
    def ingest_exports(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        home = context.resources.home
        home.say("landing and loading new exports")
        with progress.making(settings, "ingest"):
            try:
                report = job.ingest_exports(settings, home.say)
                home.faults = report.faults()
                home.ties = report.ties
                home.say(report.summary())
            except AlmanacError as error:  # another try would say the same
                raise dg.Failure(str(error), allow_retries=False) from error
            day = date.fromisoformat(context.partition_key)
            run = runs.start(settings, home.run_id, day, **run_tags(context.run))
            if run.known_at:
                job.show_known_at(settings, run.known_at)
            with warehouse.opened(settings):
                warehouse.record_run(settings, run)
                reviews.load(settings, run)
        inbox.observe(context, settings, load_contracts(settings.sources))
        yield from results(context, settings, _keys(graph.raw_specs()))

    @dg.multi_asset(name="keys", specs=graph.source_specs("keys", graph.raw_keys()), **tables)
    def match_keys(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        run = _run(context)
        context.resources.home.say("normalising names, phones, domains and tax ids")
        with warehouse.opened(settings), progress.making(settings, "keys"):
            keys.build_keys(settings)
        yield from results(context, settings, _keys(graph.source_specs("keys")), run.as_of)

    @dg.multi_asset(name="resolve", specs=graph.source_specs("resolved", graph.models("staging", "matching")), **tables)
    def resolved_customers(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        run = _run(context)
        context.resources.home.say("clustering records into customers")
        with progress.making(settings, "resolve"):
            resolve.resolve_customers(settings, run)
        yield from results(context, settings, _keys(graph.source_specs("resolved")), run.as_of)

    @dg.multi_asset(name="forecast", specs=graph.source_specs("forecast", forecast_inputs), **tables)
    def forecasts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        run = _run(context)
        context.resources.home.say("forecasting")
        context.resources.home.require("marts")
        with progress.making(settings, "forecast"):
            if FULL in context.run.tags:
                kept.forget(settings, "forecast")
            job.issue_forecasts(settings, run, context.resources.home.say)
        yield from results(context, settings, _keys(graph.source_specs("forecast")), run.as_of)

    @dg.asset(
        key=["published", "almanac"],
        deps=graph.served(),
        group_name="published",
        kinds={"duckdb"},
        owners=[graph.owner],
        retry_policy=RETRY,
        **common,
    )
    def published(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        """The read-only file and the Parquet beside it, swapped in only if every gate has passed."""
        run, home = _run(context), context.resources.home
        if run.run_kind not in runs.SERVED_KINDS:
            home.outcome = "backfilled"
            return dg.MaterializeResult(metadata={"served": False, "reason": f"a {run.run_kind} run serves nothing"})
        home.require(*gates.GATES)
        home.say("publishing")
        with progress.making(settings, "published"):
            reviews.remember(settings, run)
            counts = publish.publish(settings, run, policy=inputs.policy_fingerprint(settings))
        home.outcome = "published"
        return dg.MaterializeResult(metadata={"dagster/row_count": sum(counts.values()), "tables": len(counts)})

    def dbt_step(name: str, select: str) -> dg.AssetsDefinition:
        @dbt_assets(
            name=name,
            manifest=graph.manifest,
            select=select,
            partitions_def=partitions,
            dagster_dbt_translator=Translator(graph.gate_inputs(name), graph.owner),
            required_resource_keys={"home", "dbt"},
            backfill_policy=ONE_DAY_PER_RUN,
        )
        def dbt_models(context: dg.AssetExecutionContext) -> Iterator[Any]:
            run, home = _run(context), context.resources.home
            home.require(GATE_BEFORE[name])
            home.say(f"dbt: {name}")
            is_full = FULL in context.run.tags
            left_out = job.left_to_update(settings, name, is_full=is_full)
            chosen, extra = context.selected_asset_keys, dict[str, Any]()
            with progress.making(settings, name) as was_made:
                with warehouse.opened(settings):
                    before = kept.noted(settings, job.STEP_SCHEMAS[name])
                    options = kept.all_anew(settings, name, is_full)
                anew, whole = bool(options), not context.is_subset
                with seeds.loading(settings, name, graph.nodes, is_anew=anew, is_whole=whole) as seeds_stand:
                    command = [*dbt.BUILD, *options, *job.without(left_out, seeds_stand)]
                    events = list(context.resources.dbt.cli(command, context=context).stream())
                # Where the step was never whole, all of it is made; else what stands on the chosen tables too.
                also = [model for model in graph.also(chosen, dbt_models.keys, was_made) if model not in left_out]
                job.build_models(settings, also, options)
                with warehouse.opened(settings):
                    if not options and (same := before & kept.noted(settings, job.STEP_SCHEMAS[name])):
                        home.say(f"{len(same)} tables are unchanged: they would be made of the same rows")
                    if name == "staging_and_matching":
                        matched = job.match_records(settings, left_out)
                        home.say(matched.sentence())
                        extra["matching"] = matched.metadata()
                    with warehouse.read(settings) as connection:
                        counted = grains.counted(connection, graph.nodes, job.STEP_SCHEMAS[name])
            if any(found for _, found in counted):
                progress.undo(settings, name)  # nobody goes on with it, or publishes it, in another run
            if seeds_stand:  # before what reads them: Dagster takes tables in the order of their making
                yield from results(context, settings, graph.seeds(), run.as_of)
                yield from standing_checks(graph.seeds(), context.selected_asset_check_keys)
            yield from with_metadata(settings, events, context.asset_key_for_output, run.as_of, extra)
            keys = [*(graph.key_of(model) for model in also), *(dg.AssetKey(["matching", model]) for model in left_out)]
            yield from results(context, settings, keys, run.as_of, extra)
            yield from grain_checks(counted, context.selected_asset_check_keys)
            job.stop_for_grain([one for one in counted if check_key(one[0]) not in context.selected_asset_check_keys])

        return dbt_models

    dbt_steps = [dbt_step(name, select) for name, select in job.DBT_STEPS.items()]
    return [ingest_exports, match_keys, resolved_customers, *dbt_steps, forecasts, published]


def _keys(specs: Sequence[dg.AssetSpec]) -> list[dg.AssetKey]:
    return [spec.key for spec in specs]


def _run(context: dg.AssetExecutionContext) -> runs.Run:
    home = context.resources.home
    return warehouse.current_run(home.settings, home.run_id)
