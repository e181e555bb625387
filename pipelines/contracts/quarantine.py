"""What the writer and the readers of `quality.quarantine` agree on."""

import polars as pl

# Every fault of a refused row, in the order of the checks.
FAULTS: pl.DataType = pl.List(pl.Struct(dict.fromkeys(("column_name", "reason_code", "reason"), pl.String)))
NOT_SHOWN = "a personal value that is not shown"
