"""Any table, written the way some system would, is read back unchanged: its texts, and its numbers and dates."""

import csv
import io
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ingest_world import World

from pipelines.contracts import ObjectContract, Reader, load_contracts
from pipelines.ingest.proposals.preview import preview, read_table

LETTERS = st.characters(
    codec="gb18030", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp", "Cn", "Co"), exclude_characters="\ufeff"
)
CELLS = st.one_of(
    st.text(LETTERS, min_size=1, max_size=8),
    st.sampled_from(["a,b", 'say "hi"', "it's", "two\nlines", "12.5", "2024-01-05", "北京", "a;b", "x|y", "=1+1"]),
)
ROWS = st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=2, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=ROWS,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"]),
    delimiter=st.sampled_from([",", ";", "\t", "|", "~", "^"]),
    quote=st.sampled_from(['"', "'"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    titles=st.integers(0, 3),
    has_end=st.booleans(),
)
def test_a_messy_export_of_any_table_is_read_unchanged(
    rows: list[list[str]], encoding: str, delimiter: str, quote: str, line_end: str, titles: int, has_end: bool
) -> None:
    out = io.StringIO(newline="")
    out.write(f"Report{line_end}" * titles + line_end * (titles > 0))
    writer = csv.writer(out, delimiter=delimiter, quotechar=quote, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["Id", "Name", "Note"], *rows])
    text = out.getvalue() if has_end else out.getvalue().removesuffix(line_end)
    declared = encoding if encoding in ("gb18030", "utf-16-le") else "auto"
    contract = ObjectContract.model_construct(reader=Reader(encoding=declared, delimiter=delimiter, quote=quote))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(text.encode(encoding))
        frame, about = read_table(path, contract)
    assert frame.columns == ["Id", "Name", "Note"]
    assert [list(row) for row in frame.iter_rows()] == rows
    assert about["refused"] == []


CONTRACT = """
system: erp
title: ERP
timezone: UTC
number_format: {{thousands: "{thousands}", decimal: "{decimal}"}}
objects:
  - object: order_lines
    files: "*.csv"
    exported_at: {{on: 2024-01-31}}
    key: [line_id]
    columns: {{line_id: ID, order_id: ID, ordered_on: Day, amount_net: Amount}}
"""
DAYS = {
    "iso": "%Y-%m-%d", "slashed": "%Y/%m/%d", "chinese": "%Y年%m月%d日", "compact": "%Y%m%d", "dotted": "%d.%m.%Y",
    "day_first": "%d/%m/%Y", "month_first": "%m/%d/%Y",
}  # fmt: skip
TELLING = date(2024, 1, 31)  # in every column there is a day that cannot be a month
LINES = st.lists(
    st.tuples(
        st.dates(date(1990, 1, 1), date(2060, 12, 31)),
        st.decimals(Decimal("-99999999.99"), Decimal("99999999.99"), places=2),
    ),
    min_size=1,
    max_size=8,
)


def written(amount: Decimal, style: str, thousands: str, decimal: str) -> str:
    """An amount as some system prints it."""
    digits = f"{abs(amount):,.2f}".replace(",", "\0").replace(".", decimal).replace("\0", thousands)
    digits = digits.replace(thousands, "") if style == "bare" else digits
    if amount >= 0:
        return f"$ {digits}" if style == "dollars" else digits
    return {"bracketed": f"({digits})", "behind": f"{digits}-", "dollars": f"-${digits}"}.get(style, f"-{digits}")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lines=LINES,
    world=st.sampled_from([(",", "."), (".", ","), ("'", ".")]),
    style=st.sampled_from(["bare", "grouped", "bracketed", "behind", "dollars"]),
    form=st.sampled_from(sorted(DAYS)),
    delimiter=st.sampled_from([";", "\t", "|"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    totals=st.booleans(),
)
@example(
    lines=[(date(2024, 2, 1), Decimal("-1234567.80"))], world=(".", ","), style="behind", form="day_first",
    delimiter=";", encoding="gb18030", totals=True,
)  # fmt: skip
def test_amounts_and_days_in_any_dress_become_what_they_were(
    lines: list[tuple[date, Decimal]],
    world: tuple[str, str],
    style: str,
    form: str,
    delimiter: str,
    encoding: str,
    totals: bool,
) -> None:
    expected = {str(n): line for n, line in enumerate([*lines, (TELLING, Decimal(0))])}
    rows = [["ID", "Day", "Amount"]]
    rows += [[n, f"{day:{DAYS[form]}}", written(amount, style, *world)] for n, (day, amount) in expected.items()]
    text = "".join(f"{delimiter.join(row)}\r\n" for row in rows)
    text = f"Orders 订单\r\n\r\n{text}" + f"合计{delimiter}{delimiter}99\r\n" * totals
    with tempfile.TemporaryDirectory() as folder:
        home = World(Path(folder)).contract(CONTRACT.format(thousands=world[0], decimal=world[1]))
        system = load_contracts(home.settings.sources)["erp"]
        read = preview(home.settings, system, system.objects[0], home.put("a.csv", text.encode(encoding)))
    assert (read.outcome.status, read.outcome.reason, read.refused.height) == ("loaded", "", 0)
    read_back = read.accepted.select("line_id", "ordered_on", "amount_net").rows()
    assert {key: (day, amount) for key, day, amount in read_back} == expected


PLAN = """
system: plan
title: Plan
timezone: UTC
objects:
  - object: targets
    files: "*.csv"
    exported_at: {on: 2024-01-31}
    reader: {ragged: pad}
    stated: {Year: {title: '(\\d{4})'}}
    unpivot: {columns: '\\d{1,2}月|[A-Z][a-z]{2}', name: Month, value: Value}
    key: [member, period_start]
    columns:
      target_id: {join: [Team, Month]}
      member: Team
      period_start: {join: [Year, Month], separator: "-", formats: ["%Y-%m月", "%Y-%b"]}
      amount: Value
    ignore: [Whole year]
"""
SHEETS = st.dictionaries(
    st.sampled_from(["华东大区", "华南大区", "North", "East, new", "西北办事处"]),
    st.lists(st.none() | st.decimals(Decimal("-99999.99"), Decimal("99999.99"), places=2), min_size=4, max_size=4),
    min_size=1,
    max_size=6,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sheet=SHEETS,
    form=st.sampled_from(["%-m月", "%b"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    nothing=st.sampled_from(["", "-", "待定"]),
    is_ragged=st.booleans(),
)
def test_a_sheet_of_months_becomes_the_table_that_it_was_made_of(
    sheet: dict[str, list[Decimal | None]], form: str, delimiter: str, encoding: str, nothing: str, is_ragged: bool
) -> None:
    months = [date(2024, month, 1) for month in (1, 2, 3, 12)]
    rows = [["Plan 2024 计划"], [], ["Team", *(f"{month:{form}}" for month in months), "Whole year"]]
    for team, values in sheet.items():
        cells = [team, *(nothing if value is None else str(value) for value in values), ""]
        rows.append([*cells[:-1]] if is_ragged else cells)
    rows.append(["合计", *["9"] * 5])
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter).writerows(rows)
    text = out.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        home = World(Path(folder)).contract(PLAN)
        system = load_contracts(home.settings.sources)["plan"]
        read = preview(home.settings, system, system.objects[0], home.put("a.csv", text.encode(encoding)))
    expected = {
        (team, month): value
        for team, values in sheet.items()
        for month, value in zip(months, values, strict=True)
        if value is not None
    }
    assert (read.outcome.status, read.outcome.reason, read.refused.height) == ("loaded", "", 0)
    read_back = read.accepted.select("member", "period_start", "amount").rows()
    assert {(team, month): amount for team, month, amount in read_back} == expected
    assert read.outcome.rows_in == read.outcome.rows_loaded + read.outcome.rows_control == 4 + 4 * len(sheet)
