"""The customer records of every system: which system knows which customer, and what each record says.

The first record of a customer is complete. Every further one may spell the name otherwise, and one in five shares
nothing else with the others: no key, no tax id, no telephone, no domain.
"""

import numpy as np
import polars as pl

from pipelines.demo import ids
from pipelines.demo.dirt import Customers
from pipelines.demo.registry import System
from pipelines.demo.renames import draw_rules, renamed

COUNTRY_CODE = {"DE": "49", "US": "1", "AU": "61"}


def account_records(
    seed: int, customers: pl.DataFrame, systems: tuple[System, ...], rates: Customers, created: pl.DataFrame
) -> pl.DataFrame:
    """One row per account record. `number` counts within the system; `is_first` marks the customer's complete record.

    created: customer and day (since the epoch) from which the customer is known.
    """
    rng = ids.rng_for(seed, "records")
    records = _memberships(rng, customers, systems, rates)
    records = records.join(customers, on="customer", how="left", maintain_order="left").join(
        created, on="customer", how="left", maintain_order="left"
    )
    records = _dirtied(rng, records, systems, rates)
    return records.with_columns((pl.int_range(pl.len()).over("system") + 1).alias("number"))


def _memberships(
    rng: np.random.Generator, customers: pl.DataFrame, systems: tuple[System, ...], rates: Customers
) -> pl.DataFrame:
    count = len(customers)
    customer = customers["customer"].to_numpy()
    chinese = customers["is_chinese"].to_numpy()
    crms = [system for system in systems if system.kind == "crm"]
    weights = np.array([[system.chinese for system in crms], [system.overseas for system in crms]])
    weights = weights / weights.sum(axis=1, keepdims=True)
    names = np.array([system.name for system in crms])
    home, second = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for row, side in enumerate((True, False)):
        here = chinese == side
        home[here] = rng.choice(len(crms), int(here.sum()), p=weights[row])
        second[here] = rng.choice(len(crms), int(here.sum()), p=weights[row])
    second = np.where(second == home, (home + 1) % len(crms), second)
    known_twice = ids.picked(rng, second != home, rates.second_crm)
    twin = ids.picked(rng, np.ones(count, dtype=bool), rates.twice_in_one_system)
    buyer = customers["is_buyer"].to_numpy()
    overseas_erp = "sap" if any(system.name == "sap" for system in systems) else "kingdee"
    erp = np.where(chinese, "kingdee", overseas_erp)
    parts = [
        _part(customer, names[home], is_first=True),
        _part(customer[known_twice], names[second[known_twice]]),
        _part(customer[buyer], erp[buyer]),
        _part(customer[twin], names[home[twin]], is_twin=True),
    ]
    return pl.concat(parts).sort("customer", maintain_order=True).with_row_index("record")


def _part(customer: np.ndarray, system: np.ndarray, *, is_first: bool = False, is_twin: bool = False) -> pl.DataFrame:
    frame = pl.DataFrame({"customer": customer, "system": system.astype(str)})
    return frame.with_columns(pl.lit(is_first).alias("is_first"), pl.lit(is_twin).alias("is_twin"))


def _dirtied(
    rng: np.random.Generator, records: pl.DataFrame, systems: tuple[System, ...], rates: Customers
) -> pl.DataFrame:
    count = len(records)
    first = records["is_first"].to_numpy()
    changed = ids.picked(rng, ~first, rates.changed_name)
    alone = ids.picked(rng, ~first, rates.without_shared_key)
    rules = np.where(changed, draw_rules(rng, records["is_chinese"].to_numpy()), "")
    system = records["system"]
    keeps_tax = system.is_in([one.name for one in systems if one.has_tax_id]).to_numpy()
    keeps_domain = system.is_in([one.name for one in systems if one.has_domain]).to_numpy()
    has_tax = keeps_tax & ~alone & (first | (rng.random(count) < 0.6))
    has_domain = keeps_domain & ~alone & (first | (rng.random(count) < 0.65))
    # every system keeps a telephone: it is there wherever the record would otherwise share nothing
    has_phone = first | (~alone & ((rng.random(count) < 0.5) | _would_stand_alone(records, has_tax, has_domain)))
    strange = alone & (rng.random(count) < 0.5)
    records = records.with_columns(
        pl.Series("name_rule", rules),
        pl.Series("is_changed", changed),
        pl.Series("is_alone", alone),
        pl.when(pl.Series(has_tax)).then("tax_id").alias("tax_id"),
        pl.when(pl.Series(has_domain)).then("domain").alias("domain"),
        pl.when(pl.Series(has_phone))
        .then(_phone(rng, "phone", count))
        .when(pl.Series(strange))
        .then(_phone(rng, "other_phone", count))
        .alias("phone_text"),
        pl.Series("has_erp_code", _erp_code(rng, records, systems, alone, rates)),
        pl.Series("address_dropped", ~first & (rng.random(count) < 0.35)),
        (pl.col("created") + pl.Series(np.where(first, 0, rng.integers(0, 60, count)))).alias("created"),
    )
    return records.with_columns(renamed(), pl.when("address_dropped").then(None).otherwise("street").alias("street"))


def _would_stand_alone(records: pl.DataFrame, has_tax: np.ndarray, has_domain: np.ndarray) -> np.ndarray:
    """Whether neither tax id nor domain of a record stands in the customer's first record as well."""
    frame = records.select("customer", "is_first", pl.Series("tax", has_tax), pl.Series("domain_kept", has_domain))
    firsts = frame.filter("is_first").select("customer", "tax", "domain_kept")
    both = frame.join(firsts, on="customer", how="left", maintain_order="left", suffix="_first")
    shared = (both["tax"] & both["tax_first"]) | (both["domain_kept"] & both["domain_kept_first"])
    return ~shared.to_numpy()


def _erp_code(
    rng: np.random.Generator, records: pl.DataFrame, systems: tuple[System, ...], alone: np.ndarray, rates: Customers
) -> np.ndarray:
    """A CRM record may carry the ERP's number, unless either of the two is to share nothing."""
    erp = records.select("customer", "system", pl.Series("alone", alone)).filter(
        pl.col("system").is_in(["kingdee", "sap"]) & ~pl.col("alone")
    )
    carriers = [one.name for one in systems if one.has_erp_code]
    fits = records["customer"].is_in(erp["customer"].implode()) & records["system"].is_in(carriers)
    return ids.picked(rng, fits.to_numpy() & ~alone, rates.erp_code_known)


def _phone(rng: np.random.Generator, column: str, count: int) -> pl.Expr:
    """A telephone number in one of four spellings; `other_phone` is a number that nobody else has."""
    number = (
        pl.col("phone") if column == "phone" else pl.Series(rng.integers(20_000_000, 89_999_999, count).astype(str))
    )
    number = pl.when(pl.col("code") == "US").then(number.str.slice(1)).otherwise(number)
    style = pl.Series(rng.integers(0, 4, count))
    head, tail = number.str.slice(0, 4), number.str.slice(4)
    country = pl.col("code").replace_strict(COUNTRY_CODE, default="86", return_dtype=pl.String)
    return (
        pl.when(pl.col("is_chinese") & (style == 2))
        .then(pl.concat_str(pl.lit("(0"), "area", pl.lit(")"), head, pl.lit("-"), tail))
        .when(pl.col("is_chinese") & (style == 3))
        .then(pl.concat_str(pl.lit("0"), "area", pl.lit("-"), head, tail))
        .when(style % 2 == 0)
        .then(pl.concat_str(pl.lit("+"), country, pl.lit(" "), "area", pl.lit(" "), head, tail))
        .otherwise(pl.concat_str(pl.lit("00"), country, pl.lit("-"), "area", pl.lit("-"), head, pl.lit(" "), tail))
    )
