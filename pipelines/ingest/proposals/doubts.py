"""What lowers the confidence that a header feeds a column: the words of another kind of column, values that deny it.

Belongs here: one header and one column. What columns say together is `evidence.py`.
"""

import re

from pipelines.contracts import CanonicalObject
from pipelines.ingest.casting.currency_marks import HEADER_MARK
from pipelines.ingest.proposals.column_values import ColumnSample
from pipelines.ingest.proposals.header_patterns import compiled, patterns
from pipelines.ingest.proposals.headers import plain

# A header with the key's name whose values repeat is likely a reference to another object.
REPEATED_KEY_FACTOR = 0.85
NUMBERS = ("decimal", "number", "integer", "share")
# Nearly all goods are sold more than once: an id of each of so many rows is no product's.
UNIQUE_PRODUCT_FACTOR, MANY_ROWS = 0.7, 50


def is_other_amount(header: str, item: CanonicalObject, column: str) -> bool:
    """Whether a similar name is that of a number of something else: freight is no amount of the goods."""
    is_number = item.columns[column].type in NUMBERS
    return is_number and compiled(patterns()["other_amount"]).search(header) is not None


def is_name(column: str) -> bool:
    """Whether the column holds a name that is no address; some systems name their own people by address."""
    return column.endswith("_name") and column != "owner_name"


def holds_ids(header: str) -> bool:
    """Whether the header ends in the word for an id."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.strip())  # `AccountId`, but not `Paid`
    return bool(compiled(patterns()["id_endings"]).search(words))


def ends_as_key(header: str) -> bool:
    """Whether the header is that of a record's number, which is no amount."""
    return bool(compiled(patterns()["number_endings"]).search(header.strip())) and plain(header) != "number"


def is_rate(header: str) -> bool:
    """Whether the header is that of a percentage or of an amount per something; a price is one per piece."""
    is_price = compiled(patterns()["price_words"]).search(header) is not None
    return compiled(patterns()["rate_words"]).search(header) is not None and not is_price


def as_product(sample: ColumnSample, column: str, item: CanonicalObject) -> float:
    """What is left of the confidence that ids of lines are products, where no two rows share one."""
    is_other = column == "product_id" and item.key_column == "line_id" and len(sample.texts) > MANY_ROWS
    return UNIQUE_PRODUCT_FACTOR if is_other and sample.is_unique else 1.0


def is_money_for_share(header: str, column: str, item: CanonicalObject) -> bool:
    """Whether a header names a currency, and the column takes a rate."""
    return item.columns[column].type == "share" and HEADER_MARK.search(header.replace("_", " ")) is not None


def is_no_id(column: str, item: CanonicalObject) -> bool:
    """Whether the column is free text: no id, no key, no code list."""
    canonical = item.columns[column]
    return canonical.type == "text" and not canonical.map and not column.endswith(("_id", "_number", "_by"))


def as_key(sample: ColumnSample, column: str, item: CanonicalObject) -> float:
    """What is left of the confidence that a column is the key, where its values repeat."""
    return REPEATED_KEY_FACTOR if column == item.key_column and sample.distinct_share < 0.7 else 1.0
