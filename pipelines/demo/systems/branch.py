"""A branch office with a CRM of its own, each of another shape, for companies of more than eight systems."""

import polars as pl

from pipelines.demo.branch_shapes import Shape, shape_of
from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.systems import fxiaoke, salesforce
from pipelines.demo.systems.salesforce import country, industry, stamp
from pipelines.demo.world import World

STAGES = {"en": salesforce.STAGES, "zh": fxiaoke.STAGES}


def write(out: Outbox, world: World, name: str) -> None:
    """Accounts and deals of one branch on every export day, in its own format, language and notation."""
    shape = shape_of(name)
    accounts, deals = (f"{name}/{file}" for file in shape.files)
    for last in world.export_days:
        if last in world.list_days:
            _write(out, shape, accounts.replace("{day}", stamp(last)), _accounts(world, name, last, shape))
        path = deals.replace("{day}", stamp(last))
        _write(out, shape, path, _deals(out, world, name, last, path, shape))


def _write(out: Outbox, shape: Shape, path: str, frame: pl.DataFrame) -> None:
    if shape.format == "xlsx":
        out.workbook(path, frame, sheet="Export", title=list(shape.title))
    elif shape.format == "jsonl":
        out.json_lines(path, frame)
    else:
        out.csv(
            path, frame, encoding=shape.encoding, delimiter=shape.delimiter, quote_all=shape.quote_all, bom=shape.bom
        )


def _moment(column: str, shape: Shape) -> pl.Expr:
    """A day as the shape writes it: milliseconds since 1970 are those of its local noon."""
    if shape.date == "epoch_ms":
        return (pl.col(column).cast(pl.Int64) * 86_400_000 + 4 * 3_600_000).cast(pl.String)
    return day(column, shape.date)


def _id(column: str, shape: Shape) -> pl.Expr:
    before, after = map(pl.lit, shape.ids)
    return pl.concat_str(before, column, after)


def _chance(shape: Shape) -> pl.Expr:
    percent = pl.col("probability")
    if shape.probability == "share":
        return (percent / 100).cast(pl.String)
    return pl.concat_str(text("probability"), pl.lit("%" if shape.probability == "sign" else ""))


def _accounts(world: World, name: str, last: int, shape: Shape) -> pl.DataFrame:
    rows = (
        *(_id("source_id", shape), pl.col("account_name"), pl.col("tax_id"), pl.col("phone_text"), pl.col("domain")),
        *(industry(), pl.col("street"), pl.col("city"), country(), pl.col("region"), pl.col("rep_name")),
        _moment("created", shape),
    )
    named = zip(rows, shape.accounts, strict=True)
    return world.accounts(name, last).select(row.alias(header) for row, header in named)


def _deals(out: Outbox, world: World, name: str, last: int, path: str, shape: Shape) -> pl.DataFrame:
    thousands, point = shape.number
    rows = (
        *(
            _id("source_id", shape),
            pl.col("title"),
            _id("account_id", shape),
            translated("stage", STAGES[shape.stages]),
        ),
        *(money("amount", thousands=thousands, point=point), pl.col("currency"), _chance(shape)),
        *(_moment("created", shape), _moment("expected", shape), pl.col("rep_name"), pl.col("region"), pl.col("team")),
        *(pl.col("product_id"), pl.col("product_line"), pl.col("channel"), pl.col("external_id")),
    )
    named = zip(rows, shape.deals, strict=True)
    frame = world.deal_rows(name, last).select(row.alias(header) for row, header in named)
    if last != world.last:
        return frame
    key, created, amount = shape.deals[0], shape.deals[7], shape.deals[4]
    spare = world.spare_ids(name, "deal")
    return out.spoilt(path, "opportunities", frame, keys=spare, key=key, day=created, amount=amount)
