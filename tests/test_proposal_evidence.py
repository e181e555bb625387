"""What values decide in a proposal that words leave open or contradict."""

import random
from pathlib import Path

import polars as pl
import pytest

from pipelines.contracts import load_contract
from pipelines.home.settings import load_settings
from pipelines.ingest.proposals.guess import Guess
from pipelines.ingest.proposals.headers import _alternatives
from pipelines.ingest.proposals.propose import propose
from pipelines.ingest.proposals.rates import with_rates


def _columns(folder: Path, name: str, text: str, wanted: str | None = None) -> tuple[str, dict[str, str]]:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    (folder / "x.yml").write_text(propose(load_settings(folder), path, "x", wanted), encoding="utf-8")
    contract = load_contract(folder / "x.yml").objects[0]
    return contract.object, {name: column.source[0] for name, column in contract.columns.items() if column.source}


def _lines(head: str, documents: int = 30) -> str:
    """Documents of three lines: number, day, total of the document, product, quantity, price, amount of the line."""
    rng, rows = random.Random(1), [head]
    for document in range(documents):
        for _ in range(3):
            product, quantity = rng.randint(1, 9), rng.randint(1, 5)
            price = 3.1 + product
            rows.append(
                f"D{document:03d},2025-01-{document % 28 + 1:02d},{100 + document}.50,P{product:03d},{quantity},"
                f"{price:.2f},{price * quantity:.2f}"
            )
    return "\n".join(rows) + "\n"


def test_headers_in_traditional_characters_are_read_like_simplified_ones(tmp_path: Path) -> None:
    ends = "報價,{},2026/{:02d}/15,王小明".format
    rows = [f"OP{1000 + i},客戶{i}有限公司,案件{i},{ends(i * 12000, i % 9 + 1)}" for i in range(1, 31)]
    text = "\n".join(["商機編號,客戶名稱,商機名稱,階段,金額,預計成交日期,負責人", *rows]) + "\n"
    assert _columns(tmp_path, "a.csv", text) == (
        "opportunities",
        {
            "opportunity_id": "商機編號",
            "account_name": "客戶名稱",
            "opportunity_name": "商機名稱",
            "stage": "階段",
            "amount": "金額",
            "expected_close_on": "預計成交日期",
            "owner_name": "負責人",
        },
    )


def test_a_total_that_all_lines_of_a_document_share_is_no_amount_of_a_line(tmp_path: Path) -> None:
    text = _lines("Invoice Number,Invoice Date,SubTotal,SKU,Quantity,Item Price,Worth")
    name, columns = _columns(tmp_path, "sales.csv", text)
    assert name == "invoice_lines" and columns["amount_net"] == "Worth" and "SubTotal" not in columns.values()


def test_a_price_that_grows_with_the_quantity_is_the_amount_of_the_line(tmp_path: Path) -> None:
    rows = [line.split(",") for line in _lines("order-id,purchase-date,x,sku,quantity,y,item-price").splitlines()]
    text = "\n".join(",".join([*row[:2], *row[3:5], row[6]]) for row in rows)
    _, columns = _columns(tmp_path, "report.csv", text)
    assert columns["amount_net"] == "item-price" and "unit_price" not in columns


@pytest.mark.parametrize(("base", "side"), [(1.0, "amount_net"), (1.19, "amount_gross")])
def test_one_amount_beside_its_tax_is_net_or_gross_by_the_rate(base: float, side: str) -> None:
    net = pl.Series([100.0 + n * 7.3 for n in range(20)])
    numbers = {"Total": (net * base).round(2), "Tax": (net * 0.19).round(2)}
    named = {"Total": Guess("Total", "amount_gross", 0.96), "Tax": Guess("Tax", "amount_tax", 0.97)}
    assert with_rates(numbers, named)["Total"].column == side


def test_rows_with_an_orders_number_are_no_customers_however_many_addresses_they_have(tmp_path: Path) -> None:
    head = "Bestellnummer,Bestelldatum,Firma,Email,Straße,PLZ,Ort,Bestellsumme\n"
    rows = "".join(
        f"1{n:04d},2025-01-{n:02d},F{n} GmbH,a{n}@example.com,Weg {n},1{n:04d},Ulm,{n}.50\n" for n in range(1, 20)
    )
    name, columns = _columns(tmp_path, "export.csv", head + rows)
    assert name == "orders" and columns["order_id"] == "Bestellnummer"


def test_a_list_of_payments_is_known_by_the_fee_that_is_taken_off(tmp_path: Path) -> None:
    head = "Date,Name,Status,Currency,Gross,Fee,Net,Transaction ID\n"
    rows = "".join(
        f"2025-01-{n:02d},Ann {n},Completed,EUR,{n * 10}.00,-{n * 0.3:.2f},{n * 9.7:.2f},8AB{n:05d}\n"
        for n in range(1, 20)
    )
    name, columns = _columns(tmp_path, "Download.csv", head + rows)
    assert name == "receipts" and columns["amount"] == "Gross" and columns["receipt_id"] == "Transaction ID"


def test_names_are_written_with_alternatives() -> None:
    assert _alternatives("(a|b) (c|)") == ["a c", "a", "b c", "b"] and _alternatives("impact (cny)") == ["impact (cny)"]
