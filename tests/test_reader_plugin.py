"""A reader of another package is found by its entry point, and its records are treated as any others."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ingest_world import World

EXAMPLE = Path(__file__).resolve().parent.parent / "docs" / "examples" / "almanac_iif"
CONTRACT = """
system: books
title: Books
objects:
  - object: invoice_lines
    files: "*.iif"
    exported_at: {on: 2026-10-31}
    reader: {plugin: iif}
    key: [invoice_id, line_number]
    columns:
      invoice_id: TRNS.DOCNUM
      line_number: [SPLID, _position]
      account_name: TRNS.NAME
      invoiced_on: {from: TRNS.DATE, formats: ["%m/%d/%Y"]}
      product_name: INVITEM
      quantity: {from: QNTY, unit: -1}
      amount_net: {from: AMOUNT, unit: -1}
      currency: {const: USD}
"""
INVOICES = "\n".join(
    [
        "!TRNS\tTRNSTYPE\tDATE\tNAME\tAMOUNT\tDOCNUM",
        "!SPL\tTRNSTYPE\tINVITEM\tQNTY\tAMOUNT",
        "!ENDTRNS",
        "TRNS\tINVOICE\t10/15/2026\tNorthwind\t150.00\t18897",
        "SPL\tINVOICE\tChair\t-2\t-100.00",
        "SPL\tINVOICE\tTable\t-1\t-50.00",
        "ENDTRNS",
    ]
)


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example package as `pip install` leaves it."""
    site = tmp_path / "site"
    (site / "almanac_iif-0.1.dist-info").mkdir(parents=True)
    (site / "almanac_iif-0.1.dist-info" / "METADATA").write_text("Name: almanac-iif\nVersion: 0.1\n", encoding="utf-8")
    entry = (EXAMPLE / "pyproject.toml").read_text(encoding="utf-8").split('"almanac.readers"]')[1].split("[")[0]
    points = "[almanac.readers]\n" + entry.replace('"', "")
    (site / "almanac_iif-0.1.dist-info" / "entry_points.txt").write_text(points, encoding="utf-8")
    (site / "almanac_iif.py").write_text((EXAMPLE / "almanac_iif.py").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    yield
    sys.modules.pop("almanac_iif", None)


@pytest.mark.usefixtures("_installed")
def test_the_records_of_a_reader_become_rows_and_what_it_cannot_read_refuses_the_file(tmp_path: Path) -> None:
    world = World(tmp_path).contract(CONTRACT)
    world.put("sales.iif", INVOICES)
    assert world.run().files[0]["status"] == "loaded"
    rows = world.rows(
        "select invoice_id, line_number, account_name, cast(invoiced_on as varchar), product_name, "
        "cast(quantity as int), cast(amount_net as int) from raw.invoice_lines order by line_number"
    )
    assert rows == [
        ("18897", "1", "Northwind", "2026-10-15", "Chair", 2, 100),
        ("18897", "2", "Northwind", "2026-10-15", "Table", 1, 50),
    ]
    world.put("broken.iif", "SPL\tINVOICE\tChair\t-2\t-100.00")
    reason = next(file["reason"] for file in world.run().files if file["path"] == "broken.iif")
    assert reason == "reader iif: ValueError: line 1 is a SPL, and no !SPL names its cells"


def test_a_reader_that_is_not_installed_is_named(tmp_path: Path) -> None:
    world = World(tmp_path).contract(CONTRACT)
    world.put("sales.iif", INVOICES)
    file = world.run().files[0]
    assert (file["status"], file["reason_code"]) == ("rejected", "no_reader")
    assert "'iif' is not installed" in file["reason"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import a_missing_package", "reader iif: ModuleNotFoundError: No module named 'a_missing_package'"),
        (
            "import gzip\n\n\ndef read(path):\n    return [{'a': gzip.open(path).read()}]\n",
            "reader iif: BadGzipFile: Not a gzipped file (b'!T')",
        ),
    ],
)
@pytest.mark.usefixtures("_installed")
def test_a_reader_that_cannot_be_loaded_or_opened_refuses_its_file_alone(
    tmp_path: Path, body: str, reason: str
) -> None:
    function = (tmp_path / "site/almanac_iif-0.1.dist-info/entry_points.txt").read_text(encoding="utf-8").split(":")[1]
    (tmp_path / "site" / "almanac_iif.py").write_text(body.replace("read(path)", f"{function.strip()}(path)"))
    world = World(tmp_path).contract(CONTRACT)
    world.put("sales.iif", INVOICES)
    file = world.run().files[0]
    assert (file["reason_code"], file["reason"]) == ("broken_file", reason)
