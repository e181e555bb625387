"""Tables with a column per period or stage: which headers are periods, what they measure, where the year stands."""

from pathlib import Path

import pytest
from proposal_table import WORDS, Columns, named, table

from pipelines.contracts import canonical_objects
from pipelines.ingest.proposals.contract_yaml import ContractDraft, to_yaml
from pipelines.ingest.proposals.mapping import ProposalContext
from pipelines.ingest.proposals.wide_sheets import (
    WideTable,
    find_stage_dates,
    find_wide,
    measure_columns,
    periodic_objects,
    value_columns,
)

pytestmark = pytest.mark.fast
OBJECTS = canonical_objects()
MONTHS = ("2025-01", "2025-02", "2025-03")


def wide_of(
    *headers: str, cells: tuple[str, ...] = ("1", "2"), titles: tuple[str, ...] = (), stem: str = "x"
) -> WideTable:
    found = find_wide(table({"Team": ["a", "b"], **dict.fromkeys(headers, cells)}), list(titles), stem)
    assert found is not None
    return found


def test_three_headers_of_periods_with_numbers_make_a_wide_table() -> None:
    wide = wide_of(*MONTHS)
    assert (wide.period, wide.name, wide.formats, wide.lacks_year, wide.year) == (
        "month",
        "Month",
        ("%Y-%m",),
        False,
        {},
    )
    assert wide.headers == {month: (month, "Value") for month in MONTHS}
    assert wide.measures == ["Value"] and wide.months == list(MONTHS)
    assert wide.pattern == r"(?:19|20)\d\d-\d{1,2}"
    for columns in ({"Team": ["a"], "2025-01": ["1"], "2025-02": ["1"]}, {month: ["x", "y"] for month in MONTHS}):
        assert find_wide(table(columns), [], "x") is None
    mostly: Columns = {month: ["1", "2", "3", "x", "y"] for month in MONTHS}
    assert find_wide(table(mostly), [], "x") is None
    assert find_wide(table({month: ["", ""] for month in MONTHS}), [], "x") is not None


@pytest.mark.parametrize(
    ("headers", "periods", "measures", "pattern"),
    [
        (["2025-01 Plan", "2025-02 Plan", "2025-03 Plan"], MONTHS, ["Plan"], r"((?:19|20)\d\d-\d{1,2}) (Plan)"),
        (
            ["Plan 2025-01", "Plan 2025-02", "Plan 2025-03"],
            MONTHS,
            ["Plan"],
            r"(?P<value>Plan) (?P<name>(?:19|20)\d\d-\d{1,2})",
        ),
        (
            ["2025-01", "2025-01 Plan", "2025-02", "2025-02 Plan", "2025-03", "2025-03 Plan"],
            MONTHS,
            ["Value", "Plan"],
            r"((?:19|20)\d\d-\d{1,2})(?: (Plan))?",
        ),
        (
            ["2025-01", "Plan 2025-01", "2025-02", "Plan 2025-02", "2025-03", "Plan 2025-03"],
            MONTHS,
            ["Value", "Plan"],
            r"(?:(?P<value>Plan) )?(?P<name>(?:19|20)\d\d-\d{1,2})",
        ),
        (
            ["2025-01 Ist", "2025-01_Plan", "2025-02 Ist", "2025-02_Plan", "2025-03 Ist", "2025-03_Plan"],
            MONTHS,
            ["Ist", "Plan"],
            r"((?:19|20)\d\d-\d{1,2})(?: |_)(Ist|Plan)",
        ),
        (
            ["2025年1月计划", "2025年2月计划", "2025年3月计划"],
            ("2025年1月", "2025年2月", "2025年3月"),
            ["计划"],
            r"((?:19|20)\d\d年(?:\d{1,2}|十[一二]?|[一二三四五六七八九])月)(计划)",
        ),
    ],
)
def test_what_stands_beside_a_period_is_its_measure(
    headers: list[str], periods: tuple[str, ...], measures: list[str], pattern: str
) -> None:
    wide = wide_of(*headers)
    assert wide.months == list(periods) and wide.measures == measures and wide.pattern == pattern
    assert set(wide.headers) == set(headers)


def test_a_measure_of_one_period_and_headers_written_the_other_way_are_left_out() -> None:
    assert set(wide_of(*MONTHS, "2025-01 Zq").headers) == set(MONTHS)
    mixed = wide_of("2025-01 A", "2025-02 A", "2025-03 A", "A 2025-04", "A 2025-05")
    assert set(mixed.headers) == {"2025-01 A", "2025-02 A", "2025-03 A"}
    half = wide_of("2025-01 A", "2025-02 A", "A 2025-03", "A 2025-04")
    assert set(half.headers) == {"2025-01 A", "2025-02 A"}


def test_the_kind_of_period_of_most_headers_is_chosen_and_of_equal_ones_the_first() -> None:
    assert wide_of("Q1 2025", "Q2 2025", "Q3 2025", *MONTHS).period == "month"
    assert wide_of("Q1 2025", "Q2 2025", "Q3 2025", "Q4 2025", *MONTHS).period == "quarter"


@pytest.mark.parametrize(
    ("others", "titles", "stem", "year"),
    [
        ({}, ["plan of 2025"], "plan_2024", {"title": "((?:19|20)\\d\\d)"}),
        ({"Y": ["2025", "2025年"]}, ["plan"], "plan_2024", {"column": "Y"}),
        ({"Y": ["2025", "25"]}, ["plan"], "plan_2024", {"filename": "((?:19|20)\\d\\d)"}),
        ({"Y": ["", ""]}, [], "plan", {}),
    ],
)
def test_the_year_of_months_is_stated_in_a_title_a_column_or_the_name(
    others: Columns, titles: list[str], stem: str, year: dict[str, str]
) -> None:
    frame = table({**others, **{month: ["1", "2"] for month in ("Jan", "Feb", "Mar")}})
    wide = find_wide(frame, titles, stem)
    assert wide is not None and wide.lacks_year and wide.year == year and wide.formats == ("%Y-%b",)


@pytest.mark.parametrize(
    ("months", "later"),
    [(["Apr", "Nov", "Jan", "Mar"], ["Jan", "Mar"]), (["Jan", "Feb", "Mar"], []), (["Jul", "Aug", "Dec"], [])],
)
def test_months_behind_december_are_of_the_next_year(months: list[str], later: list[str]) -> None:
    assert wide_of(*months).next_year == later
    assert wide_of("2025-04", "2025-11", "2026-01").next_year == [] == wide_of("Q4", "Q1", "Q2").next_year


def test_rows_are_unpivoted_without_those_that_are_empty() -> None:
    frame = table({"Team": ["a", "b"], "2025-01": ["1", ""], "2025-01 Plan": ["2", " "], "2025-02": ["", "3"],
                   "2025-02 Plan": ["", ""], "2025-03": ["4", "5"]})  # fmt: skip
    wide = find_wide(frame, [], "x")
    assert wide is not None
    assert wide.long(frame).rows() == [
        ("a", "2025-01", "1", "2"), ("b", "2025-02", "3", ""), ("a", "2025-03", "4", None), ("b", "2025-03", "5", None),
    ]  # fmt: skip
    assert wide.of({"Plan"}) == {"2025-01 Plan", "2025-02 Plan"}
    assert set(wide.without("Plan").headers) == set(MONTHS) and wide.without("Plan").period == "month"
    assert wide.totals.fullmatch("Grand total") and not wide.totals.fullmatch("Team")


@pytest.mark.parametrize(
    ("dates", "is_stage"), [(["2025-01-01", "x"], False), (["2025-01-01", "2025-01-02", "x"], True)]
)
def test_dates_of_stages_are_at_least_two_columns_of_mostly_dates(dates: list[str], is_stage: bool) -> None:
    both = ["进入谈判时间", "进入赢单时间"]
    found = find_stage_dates(table({"Id": dates, **dict.fromkeys(both, dates)}))
    assert (found is not None and found[1] == both) is is_stage
    assert find_stage_dates(table({"Id": dates, both[0]: ["2025-01-01"] * len(dates)})) is None


def test_columns_that_take_a_value_stand_with_the_required_one_first() -> None:
    assert value_columns(OBJECTS["headcount"]) == ["heads", "heads_planned", "cost"]
    assert value_columns(OBJECTS["dealer_reports"])[:2] == ["quantity_bought", "quantity_sold"]
    assert {"targets", "budgets", "headcount"} <= set(periodic_objects()) and "orders" not in periodic_objects()


@pytest.mark.parametrize(
    ("of", "measures", "text", "columns"),
    [
        ("targets", ["Value"], "", {"Value": ("amount", 0.9)}),
        ("dealer_reports", ["Value"], "", {"Value": ("quantity_bought", 0.5)}),
        ("dealer_reports", ["Value"], "Stock of dealers", {"Value": ("quantity_stock", 0.75)}),
        ("budgets", ["Plan", "Actual"], "", {"Plan": ("amount", 0.97), "Actual": ("amount_spent", 0.98)}),
        ("budgets", ["Actual", "Value"], "", {"Actual": ("amount_spent", 0.98), "Value": ("amount", 0.5)}),
        ("budgets", ["Zq", "Plan"], "", {"Plan": ("amount", 0.97)}),
    ],
)
def test_a_measure_is_the_column_of_its_words_or_the_one_that_is_left(
    of: str, measures: list[str], text: str, columns: dict[str, tuple[str, float]]
) -> None:
    headers = {f"2025-0{n} {measure}": (f"2025-0{n}", measure) for measure in measures for n in (1, 2, 3)}
    wide = WideTable(r"\d{4}-\d\d", "month", (), False, headers)
    chosen = measure_columns(OBJECTS[of], wide, text)
    assert {measure: column for measure, (column, _) in chosen.items()} == {m: c for m, (c, _) in columns.items()}
    for measure, (_, confidence) in columns.items():
        assert chosen[measure][1] == pytest.approx(confidence, abs=0.012)


def contract_of(columns: Columns, of: str = "targets", titles: tuple[str, ...] = ()) -> list[str]:
    frame = table(columns)
    wide = find_wide(frame, list(titles), "x")
    assert wide is not None
    guesses = named(metric="Kpi", period_start=wide.name, amount="Value")
    context = ProposalContext(WORDS, base_currency="EUR")
    draft = ContractDraft(
        path=Path("x.csv"), system="plan", canonical=OBJECTS[of], guesses=list(guesses.values()),
        frame=frame, reader={}, titles=[], context=context, wide=wide, stage_dates=None, label_column="", labels=[],
    )  # fmt: skip
    return [line.strip() for line in to_yaml(draft).splitlines()]


def test_a_wide_table_is_written_as_unpivoted_rows() -> None:
    lines = contract_of(
        {"Kpi": ["a", "b"], **{month: ["1", "2"] for month in MONTHS}, "Total": ["3", "6"], "Note": ["x", "y"]}
    )
    assert r"unpivot: {columns: '(?:19|20)\d\d-\d{1,2}', name: Month, value: Value}" in lines
    assert 'period_start: {from: Month, formats: ["%Y-%m"]}' in lines and "period: {const: month}" in lines
    assert 'ignore: ["Total"]  # the sum of the periods' in lines
    assert "# not mapped, kept in _extra: 'Note'" in lines
    assert "key: [metric, period_start]" in lines and not any(line.startswith(("stated:", "reader:")) for line in lines)


def test_a_year_that_is_stated_elsewhere_is_joined_to_the_month() -> None:
    months = {month: ["1", "2"] for month in ("Jan", "Feb", "Mar")}
    asked = contract_of({"Kpi": ["a", "b"], **months})
    assert 'stated: {Year: {const: "?"}}  # which year? The file does not state it' in asked
    assert 'period_start: {join: ["Year", Month], separator: "-", formats: ["%Y-%b"]}' in asked
    titled = contract_of({"Kpi": ["a", "b"], **months}, titles=("2025",))
    assert r"stated: {Year: {title: '((?:19|20)\d\d)'}}" in titled
    column = contract_of({"Kpi": ["a", "b"], "Y": ["2025", "2026"], **months})
    assert 'period_start: {join: ["Y", Month], separator: "-", formats: ["%Y-%b"]}' in column
    assert not any(line.startswith(("stated:", "# not mapped")) for line in column)


def test_months_of_a_fiscal_year_are_read_with_the_year_after() -> None:
    lines = contract_of({"Kpi": ["a", "b"], "Y": ["2025", "2025"], **{m: ["1", "2"] for m in ("Apr", "Nov", "Jan")}})
    assert "# Apr to Jan: those from Jan on are taken for the year" in lines
    written = """cast(cast(\\"Y\\" as integer) + cast(\\"Month\\" in ('Jan') as integer) as varchar)"""
    assert f"""period_start: {{expression: "strptime({written} || '-' || \\"Month\\", '%Y-%b')::date"}}""" in lines
    assert "period: {const: month}" in lines


@pytest.mark.parametrize(
    ("first", "key"),
    [
        (["a", None, "b", None], 'key: [metric, period_start, "Area"]'),
        (["a", "a", "b", "b"], 'key: [metric, period_start, "Area"]'),
        (
            [None, "a", None, "b"],
            'key: [metric, period_start, "Area"]  # 3 rows repeat a key: which column distinguishes them?',
        ),
    ],
)
def test_a_column_that_tells_rows_apart_joins_the_key_of_a_sheet(first: list[str | None], key: str) -> None:
    columns: Columns = {"Area": first, "Kpi": ["k", "l", "k", "l"], **{month: ["1"] * 4 for month in MONTHS}}
    lines = contract_of(columns)
    assert key in lines
    assert ('reader: {"fill_down": ["Area"]}' in lines) is (first == ["a", None, "b", None])
