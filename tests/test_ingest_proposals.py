"""Sheets with a column per period or stage, and units that are stated: what a proposal makes of them."""

import hashlib
from pathlib import Path

import pytest

from pipelines.contracts import load_contract
from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings
from pipelines.ingest.proposals.preview import preview
from pipelines.ingest.proposals.propose import propose


def test_months_in_the_columns_are_proposed_as_rows(tmp_path: Path) -> None:
    path = tmp_path / "sales_targets_20241231.csv"
    path.write_text(
        "2025年销售目标,,,,\n单位：万元,,,,\nRegion,1月,2月,3月,合计\n华东,10,12,-,22\n华南,8,9,7,24\n",
        encoding="utf-8",
    )
    text = propose(load_settings(tmp_path), path, "plan", None)
    (tmp_path / "plan.yml").write_text(text, encoding="utf-8")
    contract = load_contract(tmp_path / "plan.yml").objects[0]
    assert contract.object == "targets" and contract.unpivot is not None and contract.stated["Year"].title
    assert contract.columns["amount"].unit == 10000 and "the title states '单位：万元'" in text
    assert "metric: required and not found" in text and 'ignore: ["合计"]' in text
    assert "9 rows in = 5 loaded + 0 quarantined + 4 control" in text


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ("2025-01,2025-02,2025-03", "%Y-%m"),
        ("Jan 2025,Feb 2025,Mar 2025", "%b %Y"),
        ("Jan-25,Feb-25,Mar-25", "%b-%y"),
        ("2025年1月,2025年2月,2025年3月", "%Y年%m月"),
        ("Q1 2025,Q2 2025,Q3 2025", "quarter"),
        ("2025-W01,2025-W02,2025-W03", "week"),
        ("2023,2024,2025", "%Y"),
    ],
)
def test_periods_are_known_however_they_are_written(tmp_path: Path, headers: str, form: str) -> None:
    path = tmp_path / "targets_20241231.csv"
    path.write_text(f"Team,KPI,{headers}\nA,revenue,1,2,3\nB,revenue,4,5,6\n", encoding="utf-8")
    text = propose(load_settings(tmp_path), path, "plan", None)
    assert form in text and "object: targets" in text and "= 6 loaded + 0 quarantined + 1 control" in text


def test_the_dates_of_a_deals_stages_are_proposed_as_its_history(tmp_path: Path) -> None:
    path = tmp_path / "deals_20240131.csv"
    path.write_text(
        'Record ID,Deal Name,Deal Stage,"Date entered ""Qualified (Sales)""","Date entered ""Closed Won (Sales)"""\n'
        "1,a,Closed Won,2024-01-02 10:00,2024-01-20 09:30\n2,b,Qualified,2024-01-05 08:15,\n",
        encoding="utf-8",
    )
    text = propose(load_settings(tmp_path), path, "hub", None)
    (tmp_path / "hub.yml").write_text(text, encoding="utf-8")
    deals, history = load_contract(tmp_path / "hub.yml").objects
    assert (deals.object, history.object) == ("opportunities", "opportunity_history")
    assert "'Qualified' (1) -> qualified" in text and "'Closed Won' (1) -> won" in text
    assert "= 3 loaded + 0 quarantined + 2 control" in text


@pytest.mark.parametrize(
    ("name", "header", "remark"),
    [
        ("orders_20240131.csv", "Order no,Order date,Net amount (in thousands)", "the header states the unit"),
        ("订单_20240131.csv", "订单号,订单日期,金额(万元)", "the header states the unit"),
    ],
)
def test_a_unit_is_proposed_with_the_words_that_say_it(tmp_path: Path, name: str, header: str, remark: str) -> None:
    path = tmp_path / name
    path.write_text(f"{header}\n1,2024-01-05,12.5\n", encoding="utf-8")
    text = propose(load_settings(tmp_path), path, "erp", None)
    assert "unit: 10" in text and remark in text


def test_a_file_with_no_known_header_names_what_to_say(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text("Zq1,Zq2,Zq3\nfoo,bar,baz\nqux,quux,corge\n", encoding="utf-8")
    with pytest.raises(AlmanacError) as error:
        propose(load_settings(tmp_path), path, "crm", None)
    assert "none of its headers is known (Zq1, Zq2, Zq3)" in str(error.value)
    assert "--object (accounts, " in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("months", "pattern"),
    [
        ("2025-01,2025-01 Plan,2025-02,2025-02 Plan,2025-03,2025-03 Plan", r"((?:19|20)\d\d-\d{1,2})(?: (Plan))?"),
        ("2025-01 Ist,2025-01_Plan,2025-02 Ist,2025-02_Plan,2025-03 Ist,2025-03_Plan", None),
        ("2025-01,Plan 2025-01,2025-02,Plan 2025-02,2025-03,Plan 2025-03", None),
    ],
)
def test_both_halves_of_a_sheet_of_plan_and_actual_are_proposed(
    tmp_path: Path, months: str, pattern: str | None
) -> None:
    path = tmp_path / "budget_20241231.csv"
    path.write_text(f"Line,{months}\nTravel,9,10,11,12,13,14\nFairs,1,2,3,4,5,6\n", encoding="utf-8")
    text = propose(load_settings(tmp_path), path, "plan", None)
    (tmp_path / "plan.yml").write_text(text, encoding="utf-8")
    system = load_contract(tmp_path / "plan.yml")
    unpivot = system.objects[0].unpivot
    assert unpivot is not None and (pattern is None or unpivot.columns == pattern)
    rows = preview(load_settings(tmp_path), system, system.objects[0], path, is_sample=True).accepted
    assert rows["amount"].sum() == 10 + 12 + 14 + 2 + 4 + 6
    assert rows["amount_spent"].sum() == 9 + 11 + 13 + 1 + 3 + 5
    assert "7 of 7 columns mapped" in text and "not mapped" not in text


def test_a_measure_that_no_column_takes_is_listed_and_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "budget_20241231.csv"
    months = ",".join(f"2025-0{n} {measure}" for n in (1, 2, 3) for measure in ("Plan", "Zq"))
    path.write_text(f"Line,{months}\nTravel,9,10,11,12,13,14\nFairs,1,2,3,4,5,6\n", encoding="utf-8")
    text = propose(load_settings(tmp_path), path, "plan", None)
    assert "4 of 7 columns mapped" in text and "= 6 loaded" in text
    assert "# not mapped, kept in _extra: '2025-01 Zq', '2025-02 Zq', '2025-03 Zq'" in text


def test_what_stands_under_an_id_is_no_name_and_a_description_no_product(tmp_path: Path) -> None:
    """As a landed table whose ids were masked: nothing but the header tells what they are."""
    path = tmp_path / "sf_opportunity_data.csv"
    masked = [hashlib.md5(str(n).encode()).hexdigest() for n in range(3)]
    rows = "".join(
        f"0065g00000ABC{n},{name},a note,{name},Prospecting,10,2024-01-0{n + 1}\n" for n, name in enumerate(masked)
    )
    path.write_text(f"id,account_id,description,name,stage_name,amount,close_date\n{rows}", encoding="utf-8")
    columns = _columns(tmp_path, path)
    assert columns["account_id"] == ("account_id",) and columns["opportunity_name"] == ("name",)
    assert "account_name" not in columns and "product_name" not in columns


def test_prefixes_of_landed_tables_are_no_part_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "deal_data.csv"
    masked = [hashlib.md5(str(n).encode()).hexdigest() for n in range(3)]
    rows = "".join(f"{n},{name},10,2024-01-05 10:00:00\n" for n, name in enumerate(masked, 1244495215))
    path.write_text(f"deal_id,property_dealname,property_amount,property_closedate\n{rows}", encoding="utf-8")
    columns = _columns(tmp_path, path)
    assert columns["opportunity_name"] == ("property_dealname",) and columns["amount"] == ("property_amount",)


def test_a_table_in_unknown_words_asks_what_a_row_is(tmp_path: Path) -> None:
    """Turkish: an e-mail address and a first column of ids would fit leads as well as contacts and customers."""
    path = tmp_path / "disa_aktarim.csv"
    path.write_text(
        "Siparis,Tarih,Musteri,Adres Satiri,Odeme,Email\n"
        "S1,2025-01-05,Ada,x,nakit,a@x.com\nS2,2025-01-06,Ben,y,kart,b@x.com\n",
        encoding="utf-8",
    )
    with pytest.raises(AlmanacError) as error:
        propose(load_settings(tmp_path), path, "erp", None)
    assert "too few of its headers are known" in str(error.value) and "--object (accounts, " in str(error.value)
    assert "- object: orders" in propose(load_settings(tmp_path), path, "erp", "orders")


def test_two_taxes_of_one_invoice_lead_to_net_and_gross_and_a_column_of_zeros_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "invoices_20251231.csv"
    net = [100 + 7 * n for n in range(12)]
    rows = "".join(
        f"I{n},2025-01-{n + 1:02},{v},{v * 0.09:.2f},{v * 0.09:.2f},0,{v * 1.18:.2f}\n" for n, v in enumerate(net)
    )
    path.write_text(f"Invoice Number,Invoice Date,Zq Value,CGST,SGST,IGST Tax,Zq Sum\n{rows}", encoding="utf-8")
    columns = _columns(tmp_path, path)
    assert columns["amount_net"] == ("Zq Value",) and columns["amount_gross"] == ("Zq Sum",)
    assert "amount_tax" not in columns


def test_what_is_subtracted_from_an_amount_is_no_rate(tmp_path: Path) -> None:
    path = tmp_path / "order_lines_20251231.csv"
    rows = "".join(
        f"O{n // 2},2025-01-05,P{n % 3},{n + 1},{50 + n}.50,{n % 4}.25,{50 + n - n % 4}.25\n" for n in range(12)
    )
    path.write_text(f"Order ID,Order Date,SKU,Qty,Gross Sales,Discount,Net Sales\n{rows}", encoding="utf-8")
    columns = _columns(tmp_path, path)
    assert columns["amount_net"] == ("Net Sales",) and "discount" not in columns


def test_documents_without_goods_are_no_lines_and_their_number_outweighs_a_transaction(tmp_path: Path) -> None:
    path = tmp_path / "export_20251231.csv"
    rows = "".join(f"2025-01-05,R-{n},{n * 3 + 10}.00,{n * 3 + 11}.00,Ann\n" for n in range(12))
    path.write_text(f"Date,Receipt number,Net sales,Order total,Customer name\n{rows}", encoding="utf-8")
    assert "- object: orders" in propose(load_settings(tmp_path), path, "pos", None)


def test_rows_with_an_id_beside_an_account_id_are_no_accounts(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(
        "id,account_id,name,email,title,phone\n1,9,Ann Lee,a@x.com,CEO,+49 30 1234\n2,9,Bob Ray,b@x.com,CTO,+49 30 1\n",
        encoding="utf-8",
    )
    assert "- object: contacts" in propose(load_settings(tmp_path), path, "crm", None)


def _columns(folder: Path, path: Path) -> dict[str, tuple[str, ...]]:
    """What the proposed contract reads each canonical column from."""
    (folder / "crm.yml").write_text(propose(load_settings(folder), path, "crm", None), encoding="utf-8")
    return {name: column.source for name, column in load_contract(folder / "crm.yml").objects[0].columns.items()}
