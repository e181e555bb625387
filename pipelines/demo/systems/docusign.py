"""DocuSign's envelope report: contracts sent for signature, companies by name, instants in UTC."""

import polars as pl

from pipelines.demo.agreements import true_agreements
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day
from pipelines.demo.ids import hex_ids
from pipelines.demo.signatures import true_signatures
from pipelines.demo.systems.agreements import contract_ids
from pipelines.demo.systems.salesforce import stamp
from pipelines.demo.world import World


def write(out: Outbox, world: World) -> None:
    """All envelopes sent by each of the days on which lists come twice a year."""
    first = true_agreements(world).drop_nulls("deal").select("deal", "contract")
    envelopes = true_signatures(world).join(first, on="deal", how="left", maintain_order="left")
    for last in world.few_days:
        frame = _report(envelopes.filter(pl.col("sent") <= last), last)
        out.csv(f"docusign/envelopes_{stamp(last)}.csv", frame)


def envelope_ids() -> pl.Expr:
    """Ids of envelopes."""
    return pl.col("envelope").map_batches(
        lambda numbers: pl.Series(hex_ids(numbers.to_numpy().astype("int64"), 31_000_007)), return_dtype=pl.String
    )


def _report(rows: pl.DataFrame, last: int) -> pl.DataFrame:
    is_signed, is_declined = pl.col("signed") <= last, pl.col("declined") <= last
    status = (
        pl.when(is_signed)
        .then(pl.lit("Completed"))
        .when(is_declined)
        .then(pl.lit("Declined"))
        .otherwise(pl.lit("Sent"))
    )
    return rows.select(
        envelope_ids().alias("Envelope ID"),
        pl.concat_str(pl.lit("Please sign: "), "title").alias("Envelope Subject"),
        status.alias("Envelope Status"),
        pl.col("rep_name").alias("Sender Name"),
        pl.concat_str(day("sent"), pl.lit("T09:00:00Z")).alias("Sent On"),
        pl.when(is_signed).then(pl.concat_str(day("signed"), pl.lit("T08:12:45Z"))).alias("Completed On"),
        pl.when(is_declined).then(pl.concat_str(day("declined"), pl.lit("T17:05:10Z"))).alias("Declined On"),
        pl.col("first_name").alias("Recipient Company"),
        pl.when(is_signed).then(contract_ids()).alias("Envelope Custom Field: Contract"),
        pl.col("source_id").alias("Envelope Custom Field: Opportunity"),
    )
