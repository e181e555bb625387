"""Any table, written the way some system would, is read back unchanged."""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.contracts import ObjectContract, Reader
from pipelines.ingest.preview import read_table

LETTERS = st.characters(
    codec="gb18030", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cn", "Co"), exclude_characters="\ufeff"
)
CELLS = st.one_of(
    st.text(LETTERS, min_size=1, max_size=8),
    st.sampled_from(["a,b", 'say "hi"', "two\nlines", "12.5", "2024-01-05", "北京", "a;b", "x|y", "=1+1", "  padded "]),
)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=2, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    titled=st.booleans(),
)
def test_a_messy_export_of_any_table_is_read_unchanged(
    rows: list[list[str]], encoding: str, delimiter: str, line_end: str, titled: bool
) -> None:
    out = io.StringIO(newline="")
    if titled:
        out.write(f"Report{line_end}{line_end}")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["Id", "Name", "Note"], *rows])
    contract = ObjectContract.model_construct(
        reader=Reader(encoding="auto" if encoding.startswith("utf") else encoding, delimiter=delimiter)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(out.getvalue().encode(encoding))
        frame, found = read_table(path, contract)
    assert frame.columns == ["Id", "Name", "Note"]
    assert [list(row) for row in frame.iter_rows()] == rows
    assert found["refused"] == []
