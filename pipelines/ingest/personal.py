"""Personal data at the boundary: keyed hashes or nothing leaves, and tombstones keep removed people out.

A keyed hash (HMAC-SHA256) lets two served tables be joined on a person without saying who it is, and cannot be undone
by hashing a list of known addresses. The raw tables keep the values that matching needs; they are never served.
"""

import hashlib
import hmac
from collections.abc import Mapping

import polars as pl

from pipelines.contracts import SourceContract, canonical_objects
from pipelines.errors import AlmanacError
from pipelines.ingest.shape import folded
from pipelines.settings import Settings


def keyed_hash(key: str, value: str) -> str:
    """The hash of a value under the company's key; spelling in case, width and blanks does not matter."""
    if not key:
        raise AlmanacError(
            "pii_key is empty: set ALMANAC_PII_KEY, or pii_key in company.yml, before anything is served"
        )
    return hmac.new(key.encode(), folded(value).encode(), hashlib.sha256).hexdigest()[:32]


def pii_columns(contracts: Mapping[str, SourceContract]) -> dict[str, dict[str, str]]:
    """Object to column to `hash` or `drop`, the stricter of all contracts; canonical personal columns are hashed."""
    rules: dict[str, dict[str, str]] = {
        name: {column: "hash" for column, canonical in item.columns.items() if canonical.pii}
        for name, item in canonical_objects().items()
    }
    for system in contracts.values():
        for contract in system.objects:
            for column, rule in contract.pii.items():
                known = rules[contract.object].get(column)
                rules[contract.object][column] = "drop" if "drop" in (rule, known) else "hash"
    return {name: columns for name, columns in rules.items() if columns}


def protect(frame: pl.DataFrame, rules: Mapping[str, str], key: str) -> pl.DataFrame:
    """The frame as it may be served: `hash` columns become keyed hashes (text), `drop` columns become NULL."""
    for column, rule in rules.items():
        if column not in frame.columns:
            continue
        if rule == "drop":
            frame = frame.with_columns(pl.lit(None, dtype=frame.schema[column]).alias(column))
            continue
        words = frame[column].cast(pl.String)
        known = {word: keyed_hash(key, word) for word in words.drop_nulls().unique()}
        frame = frame.with_columns(words.replace_strict(known, default=None, return_dtype=pl.String).alias(column))
    return frame


def tombstone_key(settings: Settings) -> str:
    """The key of tombstones. They must outlive a change of the served key, so they have one of their own."""
    path = settings.state / "forgotten.key"
    if not path.exists():
        import secrets

        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(secrets.token_hex(32), encoding="utf-8")
        path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()
