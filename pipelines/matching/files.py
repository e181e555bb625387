"""One file of records -> the frame that matching reads: any export, its headers in English, Chinese and German."""

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from pipelines.errors import AlmanacError
from pipelines.ingest.proposals.headers import Aliases, aliases, entity_words, exact_likenesses, plain
from pipelines.ingest.proposals.preview import read_table
from pipelines.ingest.series import as_numbers

WORDS = Path(__file__).with_name("headers.yml")
# Columns of canonical accounts that matching reads, two of them under names of its own.
READ = (
    *("account_id", "account_name", "tax_id", "phone", "email", "website", "address", "city", "province"),
    *("postal_code", "industry", "annual_revenue", "birth_date"),
)
RENAMED = {"account_id": "source_id", "annual_revenue": "amount"}
DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%Y%m%d", "%Y年%m月%d日")


def read_records(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Every cell of any export as text, and a remark on rows that cannot be read."""
    if not path.is_file():
        raise AlmanacError(f"{path}: no such file")
    table, found = read_table(path)
    if not (refused := found["refused"]):
        return table, []
    first = refused[0]
    return table, [f"left out: {len(refused):,} rows that cannot be read, first record {first.record}: {first.reason}"]


@cache
def _words() -> Aliases:
    known = {RENAMED.get(name, name): dict(words) for name, words in aliases("accounts").items() if name in READ}
    for column, words in yaml.safe_load(WORDS.read_text(encoding="utf-8")).items():
        for rank, word in enumerate(map(plain, words)):
            known.setdefault(column, {}).setdefault(word, rank)
            known[column].setdefault(word.replace(" ", ""), rank)
    return known


def recognise(headers: list[str], said: dict[str, str] | None = None) -> dict[str, str]:
    """Canonical column -> header, the likeliest first. said: what the user maps by hand, which wins."""
    found = dict(said or {})
    unknown = set(found.values()) - set(headers)
    if unknown:
        raise AlmanacError(f"no column {', '.join(sorted(unknown))}: the file has {', '.join(headers)}")
    entities = entity_words()["accounts"]
    likely = [
        (-likeness, place, column, header)
        for place, header in enumerate(headers)
        for column, likeness in exact_likenesses(header, _words(), entities).items()
    ]
    spoken_for = set(found.values())
    for _, _, column, header in sorted(likely):
        if column not in found and header not in spoken_for:
            found[column] = header
        spoken_for.add(header)  # the second best guess at a header would be a poor one
    if (
        "source_id" not in (said or {})
        and plain(found.get("source_id", "")) == "nr"
        and found["source_id"] != headers[0]
    ):
        del found["source_id"]  # `Straße; Nr.` is the number of a house
    return found


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
            " say which is which with --map account_name=HEADER"
        )
    _refuse_double_ids(records)
    return records


def _refuse_double_ids(records: pl.DataFrame) -> None:
    doubles = records.filter(pl.struct("source_system", "source_id").is_duplicated() | pl.col("source_id").is_null())
    if len(doubles):
        first = doubles["source_id"][0]
        raise AlmanacError(
            f"{len(doubles)} records have no id of their own (the first: {first!r}): choose another --id"
        )


def _birth_date(table: pl.DataFrame, mapping: dict[str, str]) -> dict[str, pl.Expr]:
    if "birth_date" not in mapping:
        return {}
    values = pl.col(mapping["birth_date"]).str.replace(r"[ T]00:00:00(\.0+)?$", "")
    parsed = [values.str.to_date(form, strict=False) for form in DATE_FORMATS]
    plausible = pl.coalesce(parsed)
    return {"birth_date": pl.when(plausible >= date(1000, 1, 1)).then(plausible)}
