"""Any export as the long table that forecasting reads: `unique_id, ds, y`, in any dialect, header and notation.

The steps in plain order: read.py. Which columns are read: columns.py, wide.py (a column per period), parts.py (year and
month apart). Cells: period_words.py, moments.py, amounts.py, names.py. Rows that are sums of others: controls.py.
What a file leaves open is refused with the option that says it; what was decided on evidence is a note.
Does not belong here: a frequency, absent periods or a forecast (forecasts); a contract's columns (casting).
"""

from pipelines.ingest.series.amounts import as_numbers
from pipelines.ingest.series.read import SeriesTable, read_series

__all__ = ["SeriesTable", "as_numbers", "read_series"]
