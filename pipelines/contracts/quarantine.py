"""What the writer and the readers of `quality.quarantine` agree on."""

import polars as pl

# Every fault of a refused row, in the order of the checks.
FAULTS: pl.DataType = pl.List(pl.Struct(dict.fromkeys(("column_name", "reason_code", "reason"), pl.String)))
NOT_SHOWN = "a personal value that is not shown"
# What is wrong with a value, by the code of the fault. Codes of a contract's own checks are not listed.
REASONS = {
    "bad_number": "is not a number in the contract's format",
    "bad_integer": "is not a whole number",
    "bad_share": "is not a share: 0 to 1, or 0 to 100 with `scale: percent`",
    "bad_date": "is not a date in any of the contract's formats",
    "bad_boolean": "is none of the words for true and false",
    "damaged_id": "lost digits in a spreadsheet: export the id as text",
    "missing_value": "is required and empty",
    "missing_key": "a part of the key is empty",
    "duplicate_row": "an identical row is earlier in the file",
    "duplicate_key": "another row of the file has this key",
    "no_currency": "is empty beside an amount: which currency is it?",
    "amounts_disagree": "net + tax is not gross",
    "forgotten": "belongs to a person whose data was removed on request",
}
