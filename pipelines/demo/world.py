"""The whole invented world in one value, and the views of it that exporters write down."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import polars as pl

from pipelines.demo import ids
from pipelines.demo.customers import true_customers
from pipelines.demo.deals import Deals, since, true_deals
from pipelines.demo.dirt import Dirt
from pipelines.demo.listings import deal_listings
from pipelines.demo.people import true_products, true_reps
from pipelines.demo.rates import true_rates
from pipelines.demo.records import account_records
from pipelines.demo.registry import System, systems_for
from pipelines.demo.sales import Sales, true_sales
from pipelines.demo.seasons import EPOCH, ordinal
from pipelines.demo.snapshots import snapshot, stage_changes
from pipelines.demo.source_ids import account_ids, deal_ids

MONTHS = 60
MONTHS_BACK = (
    12,
    10,
    8,
    6,
    4,
    3,
    2,
    1,
    0,
)  # of the dated exports before the newest one: at the end of the month before
SPRING = 3  # March
LATER = 1_000_000  # a day after every other
MANY_CUSTOMERS = 20_000  # beyond this only the last export of each list is written: size is the point then, not history


@dataclass(frozen=True, eq=False)  # one world is itself: what is made of it may be kept beside it
class World:
    """Everything that is true, and what each system keeps of it. Days are integers since 1970-01-01."""

    seed: int
    first: int
    last: int
    customers: pl.DataFrame
    reps: pl.DataFrame
    products: pl.DataFrame
    rates: pl.DataFrame
    deals: Deals
    sales: Sales
    systems: tuple[System, ...]
    records: pl.DataFrame
    listings: pl.DataFrame
    export_days: tuple[int, ...]
    dirt: Dirt

    @property
    def list_days(self) -> tuple[int, ...]:
        """The export days that bring slow lists as well: the first, the ends of March and September and the last two.

        Accounts, contacts, products and plans are slow. Deals, their logs, invoices and rates are sent every time.
        """
        halves = [day for day in self.export_days if (EPOCH + timedelta(days=day)).month in (3, 9)]
        return tuple(sorted({self.export_days[0], *halves, *self.export_days[-2:]}))

    @property
    def few_days(self) -> tuple[int, ...]:
        """The days of what is sent twice a year: the first export day, the end of March and the newest."""
        springs = [day for day in self.export_days if (EPOCH + timedelta(days=day)).month == SPRING]
        return tuple(sorted({self.export_days[0], *springs, self.export_days[-1]}))

    @property
    def log_days(self) -> tuple[tuple[int, int], ...]:
        """Which days each export of a log covers: those since the export before it (after, up to)."""
        return tuple(pairwise([0, *self.export_days]))

    def accounts(self, system: str, day: int) -> pl.DataFrame:
        """The account records a system shows on a day, with the owner's name and id, and their parent's id there."""
        rows = self.records.filter((pl.col("system") == system) & (pl.col("created") <= day))
        rows = rows.join(
            self.reps.select("rep", "rep_id", "rep_name", "team"), on="rep", how="left", maintain_order="left"
        )
        return rows.join(self._parents(rows), on="customer", how="left", maintain_order="left")

    def _parents(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Subsidiary -> the first record of its parent among these rows."""
        first = rows.unique("customer", keep="first", maintain_order=True)
        owners = first.select(parent=pl.col("customer").cast(pl.Int64), parent_account_id="source_id")
        return self.customers.select("customer", "parent").join(owners, on="parent").drop("parent")

    def deal_rows(self, system: str, day: int) -> pl.DataFrame:
        """The deals a system shows on a day, with account, owner and product in words."""
        rows = snapshot(self.listings.filter(pl.col("system") == system), self.deals, day)
        account = self.records.select("record", "account_name", account_id="source_id")
        rows = rows.join(account, on="record", how="left", maintain_order="left")
        rows = rows.join(
            self.reps.select("rep", "rep_id", "rep_name", "team", "commit_from", "best_case_from"),
            on="rep",
            how="left",
            maintain_order="left",
        )
        return rows.join(self.products, left_on="product_no", right_on="product", how="left", maintain_order="left")

    def deal_history(self, system: str, *, guesses: bool = False) -> pl.DataFrame:
        """The changes of deals a system has ever recorded, of deals that vanished later as well."""
        kept = self.listings.filter(pl.col("system") == system)
        rows = stage_changes(kept, self.deals, self.last, guesses=guesses)
        return rows.join(self.reps.select("rep", "rep_id", "rep_name"), on="rep", how="left", maintain_order="left")

    def order_deals(self) -> pl.DataFrame:
        """One row per order of a deal: order, deal, deal_source_id (of its first record), is_told (by the ERP)."""
        orders = self.sales.order_lines.drop_nulls("deal").unique("order", maintain_order=True).select("order", "deal")
        linked = ids.rng_for(self.seed, "orders with deal").random(len(orders)) < self.dirt.orders.with_deal
        kept = pl.Series("deal", self.deals.hidden.kept)
        number = pl.DataFrame({"deal": kept, "number": pl.int_range(len(kept), eager=True)})
        originals = self.listings.filter(pl.col("kind") == "original").select(
            number="deal", deal_source_id="source_id", deal_system="system"
        )
        rows = orders.with_columns(is_told=pl.Series(linked)).join(number, on="deal", maintain_order="left")
        return rows.join(originals, on="number", maintain_order="left").drop("deal").rename({"number": "deal"})

    def spare_ids(self, system: str, kind: str) -> list[str]:
        """Ids of that system that no record has, for rows that are to be refused."""
        import numpy as np

        numbers = np.arange(6) + 9_000_001 - (8_000_000 if system == "tracker" else 0)
        return [str(one) for one in (account_ids if kind == "account" else deal_ids)(system, numbers)]


def build_world(seed: int, customers: int, systems: int, as_of: date, dirt: Dirt) -> World:
    """The world of that size as it stands at the end of as_of; the same arguments give the same world."""
    last = ordinal(as_of)
    month = as_of.year * 12 + as_of.month - MONTHS
    first = ordinal(date(month // 12, month % 12 + 1, 1))
    used = systems_for(systems)
    people = true_customers(seed, customers, dirt.customers)
    reps, products = true_reps(seed, dirt.reps, first, last), true_products()
    all_deals = true_deals(seed, people, reps, products, dirt.moves, first, last)
    sales = true_sales(seed, people, all_deals.facts, products, dirt.orders, first, last)
    deals = since(all_deals, first)
    days = export_days(as_of) if customers <= MANY_CUSTOMERS else (last,)
    records = account_records(
        seed, people, used, dirt.customers, _known_from(seed, people, all_deals.facts, first, last)
    )
    records = _identified(_in_erp_once_won(records, all_deals.facts), account_ids).with_columns(
        pl.min_horizontal("created", pl.lit(last - 10)).alias("created"), _account_rep(reps)
    )
    listings = _identified(deal_listings(seed, deals, records, used, dirt.deals, days), deal_ids)
    return World(
        seed,
        first,
        last,
        people,
        reps,
        products,
        true_rates(seed, first, last),
        deals,
        sales,
        used,
        records,
        _with_external_ids(listings),
        days,
        dirt,
    )


def export_days(as_of: date) -> tuple[int, ...]:
    """The days of the dated exports: as_of, the five month ends before it, and every second month end of eight more.

    They reach back more than a year and leave no gap of more than two months: a run as of any day of the last twelve
    months finds an export, and none that is stale.
    """
    month = as_of.year * 12 + as_of.month - 1
    firsts = [date(place // 12, place % 12 + 1, 1) for place in (month - back for back in MONTHS_BACK)]
    return (*(ordinal(first) - 1 for first in firsts), ordinal(as_of))


def _identified(frame: pl.DataFrame, make: object) -> pl.DataFrame:
    parts = [
        part.with_columns(pl.Series("source_id", make(str(system), part["number"].to_numpy())))  # type: ignore[operator]
        for (system,), part in frame.group_by("system", maintain_order=True)
    ]
    return pl.concat(parts).sort(frame.columns[0] if "listing" in frame.columns else "record")


def _with_external_ids(listings: pl.DataFrame) -> pl.DataFrame:
    originals = listings.filter(pl.col("kind") == "original").select("deal", original_id="source_id")
    joined = listings.join(originals, on="deal", how="left", maintain_order="left")
    return joined.with_columns(pl.when("shares_id").then("original_id").alias("external_id")).drop("original_id")


def _account_rep(reps: pl.DataFrame) -> pl.Expr:
    """The rep of an account: the customer's number picks one of its region."""
    members = reps.group_by("region", maintain_order=True).agg("rep")
    table = {row["region"]: row["rep"] for row in members.iter_rows(named=True)}
    first = pl.col("region").replace_strict({region: reps[0] for region, reps in table.items()}, return_dtype=pl.Int64)
    size = pl.col("region").replace_strict({region: len(reps) for region, reps in table.items()}, return_dtype=pl.Int64)
    return (first + pl.col("customer") % size).alias("rep")


def _in_erp_once_won(records: pl.DataFrame, deals: pl.DataFrame) -> pl.DataFrame:
    """An ERP gets a customer with the first deal won, not before: its list would tell who is going to buy."""
    won = deals.filter(pl.col("outcome") == "won").group_by("customer").agg(first_won=pl.col("closed").min())
    in_erp = pl.col("system").is_in(["kingdee", "sap"])
    records = records.join(won, on="customer", how="left", maintain_order="left")
    since = pl.when(in_erp).then(pl.col("first_won").fill_null(pl.lit(LATER))).otherwise("created")
    return records.with_columns(created=since).drop("first_won")


def _known_from(seed: int, customers: pl.DataFrame, deals: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    rng = ids.rng_for(seed, "known")
    earliest = deals.group_by("customer").agg((pl.col("created").min() - 3).alias("earliest"))
    anyway = pl.Series("anyway", rng.integers(first - 200, last - 30, len(customers)))
    known = customers.select("customer", anyway).join(earliest, on="customer", how="left", maintain_order="left")
    return known.select("customer", pl.coalesce("earliest", "anyway").alias("created"))
