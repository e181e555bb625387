"""A branch office with a small CRM of its own: the plainest shape, for companies of more than eight systems."""

import polars as pl

from pipelines.demo.files import Outbox
from pipelines.demo.formats import day, money, text, translated
from pipelines.demo.systems.salesforce import STAGES, country, industry, stamp
from pipelines.demo.world import World

DELIMITERS = (",", ";", "\t", "|")


def write(out: Outbox, world: World, name: str) -> None:
    """Accounts and deals of one branch on every export day; delimiter and date order differ from branch to branch."""
    delimiter = DELIMITERS[int(name[-2:]) % len(DELIMITERS)]
    for last in world.export_days:
        if last in world.list_days:
            out.csv(f"{name}/accounts_{stamp(last)}.csv", _accounts(world, name, last), delimiter=delimiter)
        path = f"{name}/deals_{stamp(last)}.csv"
        out.csv(path, _deals(out, world, name, last, path), delimiter=delimiter)


def _accounts(world: World, name: str, last: int) -> pl.DataFrame:
    return world.accounts(name, last).select(
        account_id="source_id",
        name="account_name",
        tax_number="tax_id",
        phone="phone_text",
        web="domain",
        industry=industry(),
        street="street",
        city="city",
        country=country(),
        region="region",
        owner="rep_name",
        created=day("created"),
    )


def _deals(out: Outbox, world: World, name: str, last: int, path: str) -> pl.DataFrame:
    frame = world.deal_rows(name, last).select(
        deal_id="source_id",
        title="title",
        account_id="account_id",
        stage=translated("stage", STAGES),
        amount=money("amount"),
        currency="currency",
        probability=text("probability"),
        created=day("created"),
        expected_close=day("expected"),
        owner="rep_name",
        region="region",
        team="team",
        product="product_id",
        product_line="product_line",
        source="channel",
        other_system_id="external_id",
    )
    if last == world.last:
        frame = out.spoilt(
            path,
            "opportunities",
            frame,
            keys=world.spare_ids(name, "deal"),
            key="deal_id",
            day="created",
            amount="amount",
        )
    return frame
