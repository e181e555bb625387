"""Records with known truth in canonical columns: `source_system, source_id, ..., truth`."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

SEED = 7
RECORDS_PER_CUSTOMER = 1.77  # of the sample company's default dirt


def chicago_organisations(folder: Path) -> pl.DataFrame:
    """3,337 records of early-childhood organisations."""
    table = pl.read_csv(folder / "identity" / "chicago_organisations.csv", infer_schema_length=0)
    return table.select(
        source_system=pl.lit("file"),
        source_id="Id",
        account_name="Site name",
        address="Address",
        postal_code="Zip",
        phone="Phone",
        website="Website",
        truth="True Id",
    )


def historical_50k(folder: Path) -> pl.DataFrame:
    """50,578 records of historical persons with errors."""
    table = pl.read_parquet(folder / "identity" / "historical_figures_with_errors_50k.parquet")
    return _persons(table, city="birth_place", postal_code="postcode_fake", industry="occupation")


def fake_1000(folder: Path) -> pl.DataFrame:
    """1,000 invented persons with errors."""
    table = pl.read_csv(folder / "identity" / "fake_1000.csv", infer_schema_length=0)
    return _persons(table, city="city", email="email")


def _persons(table: pl.DataFrame, **columns: str) -> pl.DataFrame:
    """Persons as both sets write them. columns: canonical column -> the set's own, for all others."""
    first, last = pl.col("first_name").fill_null(""), pl.col("surname").fill_null("")
    return table.select(
        source_system=pl.lit("file"),
        source_id="unique_id",
        account_name=pl.concat_str(first, pl.lit(" "), last).str.strip_chars(),
        birth_date=pl.col("dob").str.to_date("%Y-%m-%d", strict=False),
        truth="cluster",
        **columns,
    )


DATA: dict[str, Callable[[Path], pl.DataFrame]] = {
    "chicago_organisations": chicago_organisations,
    "historical_50k": historical_50k,
    "fake_1000": fake_1000,
}


def sample_company(records: int) -> pl.DataFrame:
    """About that many account records of the sample company's eight systems, dirtied as shipped."""
    from pipelines.demo.customers import true_customers
    from pipelines.demo.dirt import load_dirt
    from pipelines.demo.records import account_records
    from pipelines.demo.registry import systems_for

    rates = load_dirt().customers
    customers = true_customers(SEED, round(records / RECORDS_PER_CUSTOMER), rates)
    created = customers.select("customer", created=pl.lit(0))
    return account_records(SEED, customers, systems_for(8), rates, created).select(
        source_system="system",
        source_id=pl.col("number").cast(pl.String),
        account_name="account_name",
        tax_id="tax_id",
        phone="phone_text",
        website="domain",
        address="street",
        city="city",
        truth="customer",
    )
