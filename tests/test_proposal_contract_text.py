"""The text of a proposed contract: what was mapped as lines that can be read, what is open as remarks."""

from pathlib import Path
from typing import Any

import pytest
from proposal_table import WORDS, Columns, named, samples_of, table

from pipelines.contracts import canonical_objects
from pipelines.ingest.proposals.contract_yaml import ContractDraft, filled_down, quoted, to_yaml
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.mapping import ProposalContext
from pipelines.ingest.proposals.number_columns import Guesses

pytestmark = pytest.mark.fast


def draft(of: str, columns: Columns, guesses: Guesses, **others: Any) -> ContractDraft:
    given: dict[str, Any] = {
        "path": Path("export.csv"), "system": "my_crm", "reader": {}, "titles": [], "wide": None,
        "context": ProposalContext(WORDS, base_currency="EUR"), "stage_dates": None, "label_column": "", "labels": [],
    }  # fmt: skip
    given |= others
    return ContractDraft(
        canonical=canonical_objects()[of], guesses=list(guesses.values()), frame=table(columns), **given
    )


def text_of(of: str, columns: Columns, guesses: Guesses, **others: Any) -> list[str]:
    return to_yaml(draft(of, columns, guesses, **others)).splitlines()


def line_of(lines: list[str], start: str) -> str:
    return next((line.strip() for line in lines if line.strip().startswith(start)), "")


DEALS: Columns = {
    "Id": ["1", "2", "3"], "Title": ["a", "b", "c"], "Phase": ["won", "Zq", "won"], "Sum": ["1.234,50", "2,5", "7"],
    "Note": ["x", "y", "z"],
}  # fmt: skip
KNOWN = named(opportunity_id="Id", opportunity_name="Title", stage="Phase", amount="Sum")


def test_the_whole_contract_of_a_list_of_deals() -> None:
    guesses = KNOWN | {"Title": Guess("Title", "opportunity_name", 0.85)}
    assert text_of("opportunities", DEALS, guesses, path=Path("deals_20250131.csv")) == [
        "system: my_crm",
        "title: My Crm",
        "objects:",
        "  - object: opportunities",
        '    files: "**/deals_*.csv"',
        "    exported_at: {filename: '(\\d{8})', format: \"%Y%m%d\"}",
        '    number_format: {thousands: ".", decimal: ","}',
        "    extract: full  # or incremental, window(<date column>)",
        "    key: [opportunity_id]",
        "    columns:",
        '      opportunity_id: "Id"',
        '      opportunity_name: "Title"  # 85% confident',
        '      stage: "Phase"',
        "      # 'won' (2) -> won",
        "      # 'Zq' (1) -> unmapped",
        '      amount: "Sum"',
        "      currency: {const: EUR}  # which currency? the file does not state it; the company counts in EUR",
        "    # not mapped, kept in _extra: 'Note'",
    ]


@pytest.mark.parametrize(
    ("name", "files", "moment"),
    [
        ("a_2025-01-31.csv", "**/a_*.csv", "{filename: '(\\d{4}-\\d{2}-\\d{2})', format: \"%Y-%m-%d\"}"),
        ("2025_01_31 a.csv", "**/* a.csv", "{filename: '(\\d{4}_\\d{2}_\\d{2})', format: \"%Y_%m_%d\"}"),
        ("a.csv", "**/a.csv", "{sidecar: true}  # the name holds no date"),
    ],
)
def test_the_date_of_a_file_is_read_from_its_name(name: str, files: str, moment: str) -> None:
    lines = text_of("opportunities", DEALS, KNOWN, path=Path(name))
    assert (
        line_of(lines, "files:") == f'files: "{files}"' and line_of(lines, "exported_at:") == f"exported_at: {moment}"
    )


def test_several_objects_of_a_system_stand_in_one_contract_by_name() -> None:
    first = draft("opportunities", DEALS, KNOWN, name="deals_a")
    lines = to_yaml(first, draft("accounts", {"Name": ["a"]}, named(account_name="Name"))).splitlines()
    assert [line.strip() for line in lines if "object: " in line] == ["- object: opportunities", "- object: accounts"]
    assert lines[4] == "    name: deals_a" and sum("name: deals_a" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("money", "titles", "others", "remark"),
    [
        ("Sum_CHF", [], [], "{const: CHF}  # which currency? 'Sum_CHF' reads like CHF; the company counts in EUR"),
        ("Sum", ["in £"], [], "{const: GBP}  # which currency? '£' reads like GBP; the company counts in EUR"),
        ("Sum $", [], [], "{const: USD}  # which currency? '$' reads like USD; the company counts in EUR"),
        ("Sum", [], ["客户"], "{const: CNY}  # which currency? '客户' reads like CNY; the company counts in EUR"),
    ],
)
def test_the_currency_of_amounts_is_asked_about(money: str, titles: list[str], others: list[str], remark: str) -> None:
    columns: Columns = {"Id": ["1"], money: ["5"], **{header: ["x"] for header in others}}
    guesses = named(opportunity_id="Id", amount=money)
    assert line_of(text_of("opportunities", columns, guesses, titles=titles), "currency:") == f"currency: {remark}"
    both = {**columns, "Cur": ["EUR"]}
    assert line_of(text_of("opportunities", both, guesses | named(currency="Cur")), "currency:") == 'currency: "Cur"'
    assert line_of(text_of("opportunities", columns, named(opportunity_id="Id")), "currency:") == ""


def test_a_sign_in_a_cell_of_money_tells_the_currency() -> None:
    columns: Columns = {"Id": ["1", "2"], "Sum": ["5", "7 £"], "Note": ["$", "$"]}
    lines = text_of("opportunities", columns, named(opportunity_id="Id", amount="Sum"))
    assert line_of(lines, "currency:").startswith("currency: {const: GBP}")


@pytest.mark.parametrize(
    ("ids", "key"),
    [
        ([*range(10), 9], "key: [opportunity_id]  # 1 rows repeat a key: which column distinguishes them?"),
        ([*range(9), 8], "key: [opportunity_id, stage]  # 1 rows repeat a key: which column distinguishes them?"),
        (list(range(10)), "key: [opportunity_id]"),
    ],
)
def test_a_key_column_is_one_that_hardly_repeats(ids: list[object], key: str) -> None:
    columns: Columns = {"Id": ids, "Phase": ["won"] * len(ids), "Note": ids}
    lines = text_of("opportunities", columns, named(opportunity_id="Id", stage="Phase"))
    assert line_of(lines, "key:") == key


def test_lines_are_told_apart_by_their_document_and_number() -> None:
    columns: Columns = {"Doc": ["a", "a"], "No": ["1", "2"], "Bill": ["x", "y"]}
    guesses = named(order_id="Doc", line_number="No")
    assert line_of(text_of("order_lines", columns, guesses), "key:") == "key: [order_id, line_number]"
    both = named(order_id="Doc", line_number="No", invoice_id="Bill")
    assert line_of(text_of("invoice_lines", columns, both), "key:") == "key: [invoice_id, line_number]"
    alone = line_of(text_of("order_lines", columns, named(line_number="No")), "key:")
    assert alone == "key: none  # no columns identify a row"


def test_without_an_id_the_required_columns_identify_a_row_together() -> None:
    columns: Columns = {"Kpi": ["a"], "Who": ["b"], "Day": ["2025-01-01"], "Sum": ["5"], "Blank": [""]}
    guesses = named(metric="Kpi", member="Who", period_start="Day", amount="Sum", version="Blank")
    lines = text_of("targets", columns, guesses)
    assert line_of(lines, "key:") == "key: [metric, period_start, member]"
    assert line_of(lines, "# level:").startswith("# level: required and not found: ")
    assert line_of(lines, "# level:").endswith(" Name its header, or set {const: ...}")
    assert not line_of(lines, "# version:") and not line_of(lines, "# metric:")
    assert line_of(text_of("targets", columns, named(metric="Kpi")), "key:").startswith("key: none")


@pytest.mark.parametrize(
    ("header", "level"), [("Sales Region", "region"), ("Product Line", "product_line"), ("Zq", "")]
)
def test_the_dimension_of_a_member_is_that_of_its_header(header: str, level: str) -> None:
    columns: Columns = {header: ["a"], "Level": ["x"]}
    lines = text_of("targets", columns, named(member=header))
    assert line_of(lines, "level:") == (f"level: {{const: {level}}}  # {header!r} is one" if level else "")
    assert bool(line_of(lines, "# level:")) is not bool(level)
    stated = text_of("targets", columns, named(member=header, level="Level"))
    assert line_of(stated, "level:") == 'level: "Level"'
    assert line_of(text_of("opportunities", columns, named(stage=header)), "level:") == ""


def test_questions_and_joined_parts_stand_in_the_columns() -> None:
    columns: Columns = {"First": ["a"], "Last": ["b"], "Mail": ["c"], "Day (UTC)": ["2025-01"]}
    parts = {name: Guess(name, "contact_name", 0.9) for name in ("First", "Last")} | named(created_on="Day (UTC)")
    lines = text_of("contacts", columns, parts, questions=(Guess("Mail", "email", 0.62),))
    assert line_of(lines, "contact_name:") == 'contact_name: {join: ["First", "Last"]}'
    assert line_of(lines, "# email:") == '# email: "Mail"  # a question, 62% sure: remove the # if so'
    assert line_of(lines, "created_on:") == (
        'created_on: {from: "Day (UTC)", formats: ["%Y-%m"], timezone: "UTC"}  # the header states the zone'
    )


def test_options_of_the_reader_and_repeated_labels_are_written() -> None:
    lines = text_of(
        "opportunities", DEALS, KNOWN, reader={"sheet": "Übersicht"}, label_column='a"b', labels=["x", "it's"]
    )
    assert line_of(lines, "reader:") == 'reader: {"sheet": "Übersicht"}'
    assert line_of(lines, "where:") == (
        "where: \"\\\"a\\\"\\\"b\\\" not in ('x', 'it''s')\"  # the rows below the header repeat its labels"
    )
    assert line_of(text_of("opportunities", DEALS, KNOWN), "reader:") == ""


def test_dates_per_stage_are_a_second_object_of_the_same_deals() -> None:
    headers = ["entered won", "entered Zq"]
    columns = {**DEALS, **{header: ["2025-01-01"] * 3 for header in headers}}
    lines = text_of("opportunities", columns, KNOWN, stage_dates=("ENTERED (.+)", headers))
    assert lines[
        lines.index("  - object: opportunity_history  # the dates on which the deals entered their stages") :
    ] == [
        "  - object: opportunity_history  # the dates on which the deals entered their stages",
        "    name: stage_entries",
        '    files: "**/export.csv"',
        "    exported_at: {sidecar: true}  # the name holds no date",
        "    unpivot: {columns: 'ENTERED (.+)', name: Stage, value: Entered, optional: true}",
        "    key: [opportunity_id, stage]",
        "    columns:",
        '      opportunity_id: "Id"',
        "      stage: Stage",
        "      # 'won' (1) -> won",
        "      # 'Zq' (1) -> unmapped",
        "      changed_at: Entered",
    ]
    assert line_of(lines, "# not mapped") == "# not mapped, kept in _extra: 'Note'"
    for header, name, entered in (("stage", "Stage_history", "Entered"), ("Entered", "Stage", "Entered_history")):
        own = text_of("opportunities", {**columns, header: ["x"] * 3}, KNOWN, stage_dates=("ENTERED (.+)", headers))
        assert f"    unpivot: {{columns: 'ENTERED (.+)', name: {name}, value: {entered}, optional: true}}" in own
        assert f"      stage: {name}" in own and f"      changed_at: {entered}" in own
    unnamed = text_of("opportunities", columns, named(stage="Phase"), stage_dates=("ENTERED (.+)", headers))
    assert not line_of(unnamed, "- object: opportunity_history")


HEAD: Columns = {
    "No": ["a", "", "b", ""], "Day": ["2025-01-01", "", "2025-01-02", ""], "Customer": ["x", "", "y", ""],
    "Total": ["9.50", "", "8.25", ""], "Item": ["p", "q", "r", "s"],
}  # fmt: skip


def test_a_documents_head_is_filled_down_without_its_total() -> None:
    guesses = named(order_id="No", ordered_on="Day", account_name="Customer", product_name="Item")
    lines = text_of("order_lines", HEAD, guesses)
    assert line_of(lines, "reader:") == 'reader: {"fill_down": ["No", "Day", "Customer"], "fill_down_within": "No"}'
    mapped = text_of("order_lines", HEAD, guesses | named(amount_net="Total"))
    assert '"Customer", "Total"]' in line_of(mapped, "reader:")
    orders = text_of("orders", HEAD, named(order_id="No", ordered_on="Day", account_name="Customer"))
    assert line_of(orders, "reader:") == 'reader: {"fill_down": ["No", "Day", "Customer"]}'
    whole = {**HEAD, "No": ["a", "a", "b", "b"]}
    assert line_of(text_of("order_lines", whole, guesses), "reader:") == (
        'reader: {"fill_down": ["No", "Day", "Customer"], "fill_down_within": "No"}'
    )
    assert line_of(text_of("orders", whole, named(order_id="No")), "reader:") == ""


@pytest.mark.parametrize(
    ("columns", "headers"),
    [
        ({"a": ["1", ""], "b": ["1", ""], "c": ["1", ""], "d": ["1", "2"]}, ["a", "b", "c"]),
        ({"a": ["1", ""], "b": ["1", ""], "d": ["1", "2"]}, []),
        ({"a": ["1", "2"], "b": ["1", "2"], "c": ["1", "2"]}, []),
        ({"a": ["", "1"], "b": ["", "1"], "c": ["", "1"], "d": ["1", "2"]}, []),
        ({"a": ["", ""], "b": ["1", ""], "c": ["1", ""], "d": ["1", "2"]}, []),
        ({"a": ["1", "", "3"], "b": ["1", "", ""], "c": ["1", "", "3"], "d": ["1", "2", "3"]}, []),
        (
            {"a": ["1", "", "3"], "b": ["1", "", "3"], "c": ["1", "", "3"], "d": ["", "", "3"], "e": ["1"] * 3},
            list("abcd"),
        ),
        ({"a": ["1", ""], "e": ["", ""], "b": ["1", ""], "c": ["1", ""], "d": ["1", "2"]}, ["a", "b", "c"]),
    ],
)
def test_a_head_is_at_least_three_columns_that_are_filled_together(columns: Columns, headers: list[str]) -> None:
    assert filled_down(samples_of(table(columns))) == headers


def test_text_is_quoted_as_yaml() -> None:
    assert quoted('ä "b"') == '"ä \\"b\\""' and quoted("x " * 300 + "x") == f'"{"x " * 300}x"'
