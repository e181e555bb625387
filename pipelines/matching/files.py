"""One file of records -> the frame that matching reads: any export, with English, Chinese or German headers."""

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.headers import Aliases, aliases, entity_words, exact_similarities, plain
from pipelines.ingest.proposals.preview import read_table
from pipelines.ingest.series import as_numbers

HEADERS = Path(__file__).with_name("headers.yml")
# Columns of canonical accounts that matching reads; it renames two of them.
READ = (
    *("account_id", "account_name", "tax_id", "phone", "email", "website", "address", "city", "province"),
    *("postal_code", "industry", "annual_revenue", "birth_date"),
)
RENAMED = {"account_id": "source_id", "annual_revenue": "amount"}
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y%m%d", "%Y年%m月%d日")


def read_records(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Every cell of any export as text, and a remark about rows that cannot be read."""
    if not path.is_file():
        raise AlmanacError(f"{path}: no such file")
    table, preview = read_table(path)
    if not (rejected := preview["refused"]):
        return table, []
    first = rejected[0]
    return table, [f"left out: {len(rejected):,} rows that cannot be read, first record {first.record}: {first.reason}"]


@cache
def _header_words() -> Aliases:
    by_column = {RENAMED.get(name, name): dict(words) for name, words in aliases("accounts").items() if name in READ}
    for column, words in yaml.safe_load(HEADERS.read_text(encoding="utf-8")).items():
        for rank, word in enumerate(map(plain, words)):
            by_column.setdefault(column, {}).setdefault(word, rank)
            by_column[column].setdefault(word.replace(" ", ""), rank)
    return by_column


def recognise(headers: list[str], mapped: dict[str, str] | None = None) -> dict[str, str]:
    """Canonical column -> header, by the likeliest match. mapped: what the user maps explicitly, which wins."""
    mapping = dict(mapped or {})
    unknown = set(mapping.values()) - set(headers)
    if unknown:
        raise AlmanacError(f"no column {', '.join(sorted(unknown))}: the file has {', '.join(headers)}")
    entities = entity_words()["accounts"]
    likely = [
        (-similarity, position, column, header)
        for position, header in enumerate(headers)
        for column, similarity in exact_similarities(header, _header_words(), entities).items()
    ]
    used = set(mapping.values())
    for _, _, column, header in sorted(likely):
        if column not in mapping and header not in used:
            mapping[column] = header
        used.add(header)  # the second best match of a header would be a poor one
    is_house_number = plain(mapping.get("source_id", "")) == "nr" and mapping["source_id"] != headers[0]
    if "source_id" not in (mapped or {}) and is_house_number:
        del mapping["source_id"]  # as in `Straße; Nr.`
    return mapping


def as_records(table: pl.DataFrame, mapping: dict[str, str]) -> pl.DataFrame:
    """The table in canonical columns; a record without an id gets its row number."""
    columns = {name: pl.col(header).cast(pl.String) for name, header in mapping.items() if name != "birth_date"}
    records = table.select(**columns, **_birth_date(table, mapping)).with_row_index("row", offset=1)
    if "amount" in mapping:
        records = records.with_columns(amount=as_numbers(records["amount"]))
    if "source_id" not in mapping:
        records = records.with_columns(source_id=pl.col("row").cast(pl.String))
    if "source_system" not in mapping:
        records = records.with_columns(source_system=pl.lit("file"))
    if {"first_name", "last_name"} & set(mapping):
        parts = [pl.col(name).fill_null("") for name in ("first_name", "last_name") if name in mapping]
        records = records.with_columns(account_name=pl.concat_str(parts, separator=" ").str.strip_chars())
    if not {"account_name", "tax_id", "phone", "email", "website"} & set(records.columns):
        raise AlmanacError(
            f"no name, tax id, phone, e-mail or web site among the columns {', '.join(table.columns)}:"
            " map one with --map account_name=HEADER"
        )
    _reject_duplicate_ids(records)
    return records


def _reject_duplicate_ids(records: pl.DataFrame) -> None:
    duplicates = records.filter(pl.struct("source_system", "source_id").is_duplicated() | pl.col("source_id").is_null())
    if len(duplicates):
        first = duplicates["source_id"][0]
        raise AlmanacError(
            f"{len(duplicates)} records have a missing or duplicate id (the first: {first!r}): choose another --id"
        )


def _birth_date(table: pl.DataFrame, mapping: dict[str, str]) -> dict[str, pl.Expr]:
    if "birth_date" not in mapping:
        return {}
    values = pl.col(mapping["birth_date"]).str.replace(r"[ T]00:00:00(\.0+)?$", "")
    parsed = [values.str.to_date(form, strict=False) for form in DATE_FORMATS]
    plausible = pl.coalesce(parsed)
    return {"birth_date": pl.when(plausible >= date(1000, 1, 1)).then(plausible)}
