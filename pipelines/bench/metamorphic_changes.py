"""Changes of a company's exports of which everybody can say what must follow: no formula of the product is needed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl

from pipelines.bench.exports import Exports, Listing
from pipelines.contracts.canonical import canonical_objects
from pipelines.home.settings import SHIPPED_SEEDS

FACTOR = 2.0
YEARS = "-4y"  # back: no run is for a day that is still to come; four: the leap day stays where it is
# Seeds that hold money: the columns, and where a seed holds other things too, the rows.
MONEY_POLICY = {
    "tiers": (("revenue_12m_from",), pl.lit(True)),
    "deal_grades": (("least_expected_base",), pl.lit(True)),
    "value_bands": (("value_above",), pl.col("level") == "amount_band"),
    "customer_label_rules": (("lowest", "highest"), pl.col("measure") == "revenue_12m"),
}
NAMED = {  # canonical columns that name a member of a dimension
    "region": ("region",),
    "team": ("team",),
    "product_line": ("product_line",),
    "rep": ("owner_name", "rep_name", "manager_name"),
}


def steady(exports: Exports) -> Exports:
    """The company with one rate per currency for all days: then a base currency is a unit of measure, and no more."""

    def held(listing: Listing) -> list[Listing]:
        if listing.object != "exchange_rates":
            return [listing]
        return [
            replace(
                listing, rows=listing.rows.with_columns(pl.col("rate").last().over("currency", order_by="rated_on"))
            )
        ]

    return exports.having(held)


def repeated(exports: Exports) -> Exports:
    """Every newest export sent once more, a minute later."""

    def again(listing: Listing) -> list[Listing]:
        newest = listing.rows.filter(pl.col("exported_at") == pl.col("exported_at").max())
        later = newest.with_columns(
            pl.col("exported_at") + pl.duration(minutes=1), set_id=pl.col("set_id") + pl.lit(" again")
        )
        return [replace(listing, rows=pl.concat([listing.rows, later]))]

    return exports.having(again)


def doubled(exports: Exports, factor: float = FACTOR) -> Exports:
    """Every amount times a factor, with the thresholds that the company keeps in money."""

    def more(listing: Listing) -> list[Listing]:
        columns = canonical_objects()[listing.object].columns
        money = [name for name in listing.rows.columns if name in columns and columns[name].unit.startswith("currency")]
        is_money = pl.col("metric").is_in(["revenue", "bookings"]) if "metric" in listing.rows.columns else pl.lit(True)
        scaled = [pl.when(is_money).then(pl.col(name) * factor).otherwise(name).alias(name) for name in money]
        return [replace(listing, rows=listing.rows.with_columns(scaled))]

    return replace(exports.having(more), policy={**exports.policy, **scaled_policy(factor)})


def scaled_policy(factor: float) -> dict[str, pl.DataFrame]:
    """The shipped seeds that hold money, times a factor."""
    return {
        name: pl.read_csv(SHIPPED_SEEDS / f"{name}.csv").with_columns(
            pl.when(is_money).then(pl.col(columns) * factor).otherwise(pl.col(columns)).name.keep()
        )
        for name, (columns, is_money) in MONEY_POLICY.items()
    }


def in_another_currency(exports: Exports) -> tuple[Exports, float]:
    """The same exports under the base currency that the most rates are told of, and what one unit of the old one is."""
    rates = next(listing.rows for listing in exports.listings if listing.object == "exchange_rates")
    currency = rates["currency"].mode().sort()[0]
    factor = 1 / float(rates.filter(pl.col("currency") == currency)["rate"].last())  # type: ignore[arg-type]
    company = {**exports.company, "base_currency": currency}
    return replace(exports, company=company, policy={**exports.policy, **scaled_policy(factor)}), factor


def shifted(exports: Exports, by: str = YEARS) -> Exports:
    """Every day and instant four years earlier, the day of the run as well."""

    def earlier(listing: Listing) -> list[Listing]:
        return [replace(listing, rows=listing.rows.with_columns(pl.col(pl.Date, pl.Datetime).dt.offset_by(by)))]

    as_of = pl.Series([exports.as_of]).dt.offset_by(by)[0]
    return replace(exports.having(earlier), as_of=as_of)


def renamed(exports: Exports) -> tuple[Exports, dict[str, str]]:
    """Other names for regions, teams, product lines and reps, in the opposite order of the alphabet; and which."""
    names = {
        name
        for listing in exports.listings
        for columns in NAMED.values()
        for column in columns
        if column in listing.rows.columns
        for name in listing.rows[column].drop_nulls().to_list()
    }
    members = {
        name for listing in exports.listings if "member" in listing.rows.columns for name in listing.rows["member"]
    }
    canonical = pl.read_csv(SHIPPED_SEEDS / "regions.csv")
    regions = set(canonical["region"])
    regions_of_words = dict(canonical.rows())
    ordered = sorted(names | regions | {name for name in members if name}, reverse=True)
    words = {name: f"Member {place:03d}" for place, name in enumerate(ordered)}

    def other(listing: Listing) -> list[Listing]:
        columns = [c for group in (*NAMED.values(), ("member",)) for c in group if c in listing.rows.columns]
        return [replace(listing, rows=listing.rows.with_columns(pl.col(columns).replace(words)))]

    own = {words[word]: words[region] for word, region in regions_of_words.items() if word in words}
    seed = pl.DataFrame({"word": list(own), "region": list(own.values())})
    return replace(exports.having(other), policy={**exports.policy, "regions": seed}), words


def split(exports: Exports, system: str) -> Exports:
    """One system as two with the same contract: each account, and all that hangs on it, in one of them."""
    own = [listing for listing in exports.listings if listing.system == system]
    accounts = next(listing.rows for listing in own if listing.object == "accounts")
    second = accounts.select("account_id").unique().with_columns(is_second=pl.col("account_id").hash(7) % 2 == 0)
    deals = next(listing.rows for listing in own if listing.object == "opportunities")
    deals = deals.select("opportunity_id", "account_id").unique("opportunity_id", keep="last")
    deals = deals.join(second, on="account_id", how="left").select("opportunity_id", "is_second")

    def halves(listing: Listing) -> list[Listing]:
        if listing.system != system:
            return [listing]
        key, side = ("account_id", second) if "account_id" in listing.rows.columns else ("opportunity_id", deals)
        if key not in listing.rows.columns:
            return [replace(listing, system=f"{system}_{half}") for half in ("a", "b")]
        rows = listing.rows.join(side, on=key, how="left", maintain_order="left").with_columns(
            pl.col("is_second").fill_null(False)
        )
        return [
            replace(
                listing, system=f"{system}_{half}", rows=rows.filter(pl.col("is_second") == is_second).drop("is_second")
            )
            for half, is_second in (("a", False), ("b", True))
        ]

    rules = exports.systems[system]
    return replace(exports.having(halves), systems={**exports.systems, f"{system}_a": rules, f"{system}_b": rules})


def without_newest(exports: Exports, system: str, name: str) -> Exports:
    """The company before the newest export of one object of one system came."""

    def before(listing: Listing) -> list[Listing]:
        newest = listing.rows["exported_at"].max()
        return [
            listing.on_days(lambda at: at != newest) if (listing.system, listing.object) == (system, name) else listing
        ]

    return exports.having(before)


def thinned(exports: Exports, every_days: int) -> Exports:
    """Full lists of deals of which only some are kept: the newest, and going back each that is so many days older."""

    def fewer(listing: Listing) -> list[Listing]:
        if listing.object != "opportunities":
            return [listing]
        kept: list[datetime] = []
        for at in sorted(listing.rows["exported_at"].unique(), reverse=True):
            if not kept or kept[-1] - at >= timedelta(days=every_days):
                kept.append(at)
        return [listing.on_days(lambda at: at in kept)]

    return exports.having(fewer)


Change = Callable[[Exports], Exports]
