"""Headers of a file to the columns of its contract, what they state of zones and units, and words to codes."""

from pathlib import Path

import pytest
from casting_table import LINES, VOCABULARIES, cells, contract_of
from ingest_world import World

from pipelines.ingest.casting.code_lists import Vocabulary, load_vocabulary
from pipelines.ingest.casting.header_mapping import map_headers, missing_header, refuse_misspelled
from pipelines.ingest.casting.header_zone import refuse_named_zone, stated_zone
from pipelines.ingest.casting.position import add_position
from pipelines.ingest.casting.stated_units import refuse_unread_units
from pipelines.ingest.casting.undecided import refuse_undecided_amounts
from pipelines.ingest.formats.source import FileRefusedError, Source

pytestmark = pytest.mark.fast


def declared(columns: str, more: str = "") -> str:
    return LINES % columns + "".join(f"    {line}\n" for line in more.split("\n") if line)


def code_and_reason(step: object, *arguments: object, **named: object) -> tuple[str, str]:
    """The refusal of a step; two empty texts where there is none."""
    try:
        step(*arguments, **named)  # type: ignore[operator]
    except FileRefusedError as refusal:
        return refusal.code, refusal.reason
    return "", ""


def test_a_column_is_read_from_the_first_alias_that_is_there_or_from_its_parts() -> None:
    contract = contract_of(
        declared(
            "product_name: {from: [Item, Name], join: [A, B]}, region: {from: Area, optional: true}", "ignore: [x]"
        )
    ).objects[0]
    mapping = map_headers(contract, ["ID", "NAME", "item*", "A", "X", "New", "_sheet", "_column"])
    assert mapping.columns == {"line_id": ("ID",), "order_id": ("ID",), "product_name": ("item*",), "region": ()}
    assert mapping.extra == ("NAME", "A", "New", "_sheet", "_column")
    assert mapping.warnings == ("new columns kept in _extra: NAME, A, New",)
    mapping = map_headers(contract, ["ID", "b", "a", "Area"])
    assert mapping.columns["product_name"] == ("a", "b") and mapping.columns["region"] == ("Area",)
    assert mapping.warnings == () and mapping.extra == ()
    assert map_headers(contract, ["ID", "id", "B"]).columns["line_id"] == ("ID",)  # the first of two alike


def test_what_the_reader_and_the_key_need_is_no_new_column() -> None:
    spaces = "key_namespace: [{name: sap, column: SAP, optional: true}, {name: vat, column: VAT}]"
    more = f"reader: {{fill_down: [Doc]}}\n{spaces}"
    contract = contract_of(declared("amount_net: {from: A, tax: included, tax_rate: Rate}", more)).objects[0]
    mapping = map_headers(contract, ["ID", "A", "Rate", "doc", "Vat", "Extra"])
    assert mapping.keys == {"VAT": "Vat", "Rate": "Rate"} and mapping.extra == ("Extra",)
    assert map_headers(contract, ["ID", "A", "rate", "vat", "SAP"]).keys["SAP"] == "SAP"
    code, reason = code_and_reason(map_headers, contract, ["ID", "A", "Vat No"])
    assert code == "missing_header" and reason.endswith(": rename it in the contract's `from`")
    assert reason.startswith("header 'VAT' is missing; nearest is 'Vat No'; header 'Rate' is missing; ")


def test_expressions_name_headers_or_columns_and_nothing_else() -> None:
    text = declared("""quantity: Q, amount_net: {expression: 'quantity * "Unit Price" + "quantity"'}""")
    contract = contract_of(text).objects[0]
    mapping = map_headers(contract, ["ID", "Q", "UNIT PRICE"])
    assert mapping.expression_headers == {"Unit Price": "UNIT PRICE"} and mapping.extra == ()
    code, reason = code_and_reason(map_headers, contract, ["ID", "Q", "Unit Prices"])
    assert code == "contract_sql" and "'Unit Price' is neither a header" in reason
    assert reason.endswith("nearest is 'Unit Prices'")
    strange = contract_of(text.replace("Unit Price", "#")).objects[0]
    assert code_and_reason(map_headers, strange, ["ID", "Q"])[1].endswith("that the contract fills")


def test_a_missing_header_is_shown_with_the_nearest_or_the_first_thirty() -> None:
    assert missing_header(("Amount", "Sum"), ["ID", "Amnt"]) == "header 'Amount' or 'Sum' is missing; nearest is 'Amnt'"
    many = [f"h{n}" for n in range(31)]
    said = missing_header(("Zzzzzz",), many)
    assert said.startswith("header 'Zzzzzz' is missing; the file has 'h0', ") and said.endswith("'h29'")


@pytest.mark.parametrize(
    ("wanted", "header", "is_refused"),
    [
        ("Amount", "Amonut", True),
        ("Amount", "Amount EUR", False),
        ("Unit Price", "Unit Prise", True),
        ("Price", "Unit Price", False),
        ("City", "Country", False),
        ("名称（英文）", "名称（中文）", False),
        ("金额", "金额（万元）", True),
        ("Amount (USD)", "Amount (EUR)", True),
        ("Owner (Name)", "Owner (Email)", False),
    ],
)
def test_a_header_that_is_nearly_an_absent_one_is_asked_about(wanted: str, header: str, is_refused: bool) -> None:
    contract = contract_of(declared(f"amount_net: {{from: '{wanted}', optional: true}}")).objects[0]
    mapping = map_headers(contract, ["ID", header])
    assert bool(code_and_reason(refuse_misspelled, contract, ["amount_net"], mapping)[0]) is is_refused
    assert code_and_reason(refuse_misspelled, contract, [], mapping) == ("", "")


@pytest.mark.parametrize(
    ("header", "zone"),
    [
        ("Created (UTC)", "UTC"),
        ("Created UTC", "UTC"),
        ("Start [GMT+8]", "Etc/GMT-8"),
        ("Start（UTC-05:00）", "Etc/GMT+5"),
        ("Start (UTC−5)", "Etc/GMT+5"),
        ("Start (UTC+14)", "Etc/GMT-14"),
        ("Start (UTC-12)", "Etc/GMT+12"),
        ("Start (UTC+5:30)", "Asia/Kolkata"),
        ("Start (UTC-9:30)", "Pacific/Marquesas"),
        ("Start (UTC+0)", "UTC"),
        ("Start (UTC+15)", None),
        ("Start (UTC-13)", None),
        ("Start (UTC+3:30)", None),
        ("Start (UTC+8 Beijing)", None),
        ("Start", ""),
        ("OUTC", ""),
    ],
)
def test_an_offset_at_the_end_of_a_header_is_the_zone_of_its_times(header: str, zone: str | None) -> None:
    if zone is None:
        assert code_and_reason(stated_zone, header)[0] == "undecided_zone"
    else:
        assert stated_zone(f" {header} ") == zone


def test_the_abbreviation_of_a_zone_is_asked_about() -> None:
    for header, zone in (("Created (CST)", "CST"), ("Start [MEZ] ", "MEZ")):
        code, reason = code_and_reason(refuse_named_zone, header)
        assert code == "undecided_zone" and reason.startswith(f"which zone is {zone} of")
    assert code_and_reason(refuse_named_zone, "Cost (ABC)") == code_and_reason(refuse_named_zone, "CST") == ("", "")


def positioned(*rows: str, key: str = "[order_id, line_number]", is_chunk: bool = False) -> list[object]:
    text = (
        declared("line_number: {from: [No, _position]}")
        .replace("[line_id]", key)
        .replace("order_id: ID", "order_id: Order")
    )
    with cells(*rows) as (connection, source):
        table = add_position(connection, source, contract_of(text).objects[0], is_chunk=is_chunk)
        assert ("_position" in table.headers) is ("_position" in table.added)
        rows_by_record = connection.execute(f"select * from {table.relation} order by _record").fetchall()
    return [row[-1] for row in rows_by_record]


def test_a_line_without_a_number_has_its_place_in_its_document() -> None:
    rows = ("ID|Order", "1|A", "2|B", "3|A")
    assert positioned(*rows) == ["1", "1", "2"]
    assert positioned(*rows, key="[line_number]") == ["1", "2", "3"]
    assert positioned("ID|Order|no", "1|A|7") == ["7"]
    with pytest.raises(FileRefusedError, match="line_number: a file of this size needs a header"):
        positioned(*rows, is_chunk=True)


@pytest.mark.parametrize(
    ("columns", "headers", "titles", "said"),
    [
        ("amount_net: 'Amount (万元)'", "Amount (万元)", [], "the header 'Amount (万元)' states a unit of 10,000"),
        ("amount_net: {from: 'Amount (万元)', unit: 1}", "Amount (万元)", [], ""),
        ("quantity: 'Pieces (万元)'", "Pieces (万元)", [], ""),
        ("amount_net: Amount", "Amount", ["单位：万元"], "the title ('单位：万元') states a unit of 10,000"),
        ("amount_net: Amount, cost: {from: Cost, unit: 1}", "Amount|Cost", ["单位：万元"], ""),
        ("quantity: Amount", "Amount", ["单位：万元"], ""),
        ("amount_net: Amount", "Amount", ["Report"], ""),
    ],
)
def test_a_unit_that_the_contract_is_silent_about_is_asked(
    columns: str, headers: str, titles: list[str], said: str
) -> None:
    contract = contract_of(declared(columns)).objects[0]
    source = Source(["ID", *headers.split("|")], "cells", titles=titles)
    code, reason = code_and_reason(refuse_unread_units, contract, map_headers(contract, source.headers), source)
    assert (code, reason[: len(said)]) == ("unread_unit" if said else "", said)


@pytest.mark.parametrize(
    ("currency", "header", "rows", "code"),
    [
        ("", "A", ["1 €", "2"], ""),
        ("", "A", ["1 €", "2 USD"], "mixed_currencies"),
        ("", "A", ["$1", "2 USD"], ""),
        ("", "A", ["1 MIL", "2 €"], ""),
        ("currency: {const: eur}", "A", ["1 €"], ""),
        ("currency: {const: EUR}", "A", ["1 $"], "other_currency"),
        ("currency: {const: EUR}", "A (USD)", ["1"], "other_currency"),
        ("currency: {const: EUR}", "A (EUR)", ["1"], ""),
        ("currency: {const: RMB}", "A", ["￥1"], ""),
        ("currency: C", "A", ["1 €|EUR", "2|USD"], ""),
        ("currency: C", "A", ["1 €| usd "], "other_currency"),
        ("currency: C", "A", ["1 €|"], ""),
        ("currency: C", "A", ["1 €|Dollars"], ""),
        ("currency: C", "A", ["1 €|EUR", "2 USD|USD"], ""),
        ("currency: C", "A", ["1 CNH|RMB"], ""),
    ],
)
def test_a_currency_in_a_cell_is_that_of_its_column_and_row(
    currency: str, header: str, rows: list[str], code: str
) -> None:
    system = contract_of(declared(f"amount_net: '{header}'" + (f", {currency}" if currency else "")))
    contract = system.objects[0]
    second = "|C" if currency == "currency: C" else ""
    with cells(f"ID|{header}{second}", *(f"{n}|{row}" for n, row in enumerate(rows))) as (connection, source):
        mapping = map_headers(contract, source.headers)
        assert code_and_reason(refuse_undecided_amounts, connection, system, contract, mapping, source)[0] == code


def test_three_digits_are_asked_about_where_no_format_is_stated() -> None:
    form = "{thousands: '.', decimal: ','}"
    open_column = declared("amount_net: A")
    stated = [
        declared("amount_net: A", f"number_format: {form}"),
        declared(f"amount_net: {{from: A, number_format: {form}}}"),
        declared("amount_net: A").replace("title: ERP", f"title: ERP\nnumber_format: {form}"),
        declared("discount: A"),
    ]
    for text, code in ((open_column, "undecidable_number_format"), *((text, "") for text in stated)):
        system = contract_of(text)
        with cells("ID|A", "1|1.500") as (connection, source):
            mapping = map_headers(system.objects[0], source.headers)
            arguments = (connection, system, system.objects[0], mapping, source)
            assert code_and_reason(refuse_undecided_amounts, *arguments)[0] == code


def test_words_are_known_in_any_spelling_and_numbered() -> None:
    stages, currencies = VOCABULARIES["stages"], VOCABULARIES["currencies"]
    assert [stages.code(word) for word in ("Closed  WON", "1-Closed Won", "02. prospecting", "x")] == [
        *("won", "won", "lead", None),
    ]
    assert [currencies.code(word) for word in (" chf ", "XYZ", "Euro")] == ["CHF", None, "EUR"]
    assert stages.code("CHF") is None
    assert (stages.seed, currencies.seed) == ("seeds/stage_words.csv", "seeds/currency_words.csv")


def test_the_nearest_known_word_is_alike_or_contained() -> None:
    words = Vocabulary("stages", {"closed won": "won", "closed": "lost", "new": "lead", "赢单": "won", "单": "x"})
    assert words.nearest("Closed Won!") == ("won", pytest.approx(20 / 21))
    assert words.proposal("deal closed won by us") == "won"  # the longest that it contains
    assert words.proposal("enclosed") == "lost"  # of nearly the same letters
    assert words.proposal("unenclosedly as such") is None  # within a word
    assert words.proposal("brand new thing") is None  # three letters are too few
    assert words.proposal("已赢单了吗朋友") == "won" and words.proposal("下单了吗朋友们") is None
    assert words.nearest("zzz") is None


def test_words_of_a_system_win_over_those_of_all(tmp_path: Path) -> None:
    world = World(tmp_path)
    path = world.folder / "config/seeds/stage_words.csv"
    path.write_text("word,source_system,canonical\nA,*,open\nA,crm,won\nB,,lost\nC,erp,lead\n", encoding="utf-8-sig")
    words = load_vocabulary(world.settings, "stages", "crm")
    assert words.codes == {"open": "open", "won": "won", "lost": "lost", "lead": "lead", "a": "won", "b": "lost"}
    other = load_vocabulary(world.settings, "stages", "erp")
    assert (other.code("A"), other.code("C")) == ("open", "lead")
    assert words.fingerprint != other.fingerprint and len(words.fingerprint) == 12
    assert words.fingerprint == load_vocabulary(world.settings, "stages", "crm").fingerprint
