"""Parts of landing: dates of exports, names and globs, which contract is nearest, what a file may lack, the ledger."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from casting_table import LINES, contract_of

from pipelines.contracts import ObjectContract, SourceContract
from pipelines.errors import AlmanacError
from pipelines.ingest.arrival import Arrival, FileOutcome, Patch
from pipelines.ingest.casting.header_mapping import map_headers
from pipelines.ingest.files.file_ledger import FILES, FileLedger, file_id, is_older_download
from pipelines.ingest.formats.source import FileRefusedError
from pipelines.ingest.landing.absent import ProvenColumns, absent_names
from pipelines.ingest.landing.export_date import exported_at, newest_of
from pipelines.ingest.landing.inbox import InboxFile, Unread, matching_contracts, named_like, nearest_contract
from pipelines.ingest.landing.nearest import fit, nearest_by_headers
from pipelines.ingest.landing.plan import _arrival_order
from pipelines.ingest.landing.report import IngestReport, is_noted, ledger_row, note_unread, notices_of
from pipelines.ingest.landing.required import stop_for_required

pytestmark = pytest.mark.fast
NOW = datetime(2024, 2, 1, 8)


def system_of(more: str = "", columns: str = "region: Area", files: str = "*.csv") -> SourceContract:
    text = (LINES % columns).replace('files: "*.csv"', f'files: "{files}"')
    return contract_of(text + "".join(f"    {line}\n" for line in more.split("\n") if line))


def dated(rule: str) -> ObjectContract:
    return contract_of((LINES % "region: Area").replace("{on: 2025-01-31}", rule)).objects[0]


@pytest.mark.parametrize(
    ("rule", "name", "moment"),
    [
        ("{filename: 'x_(\\d{8})', format: '%Y%m%d'}", "in/X_20240305.csv", datetime(2024, 3, 4, 23)),
        ("{filename: '^(\\d{4}-\\d\\d)/', format: '%Y-%m'}", "2024-03/a.csv", datetime(2024, 2, 29, 23)),
        ("{filename: 'x_(.+)[.]csv', format: '%Y%m%d'}", "x_2024-03-05T10:00:00+00:00.csv", datetime(2024, 3, 5, 10)),
        ("{on: 2024-07-05}", "a.csv", datetime(2024, 7, 4, 22)),
        ("{column: Day}", "a.csv", None),
        ("{filename: 'x_(\\d{8})', format: '%Y%m%d'}", "Orders 2024-03-05.csv", datetime(2024, 3, 4, 23)),
        ("{filename: 'x_(\\d{8})', format: '%Y%m%d'}", "Orders 20240305 at 10h copy.csv", datetime(2024, 3, 4, 23)),
        ("{filename: 'x_(\\d{8})', format: '%Y%m%d'}", "report1709633106000.csv", datetime(2024, 3, 5, 10, 5, 6)),
    ],
)
def test_the_date_of_an_export_is_stated_by_its_name_or_contract(rule: str, name: str, moment: datetime | None) -> None:
    assert exported_at(dated(rule), Path(name), name, "Europe/Berlin") == moment


@pytest.mark.parametrize(
    ("name", "offered"),
    [
        ("Orders since 2020-01-01.csv", "Orders since 2020-01-01_2026-01-31.csv"),
        ("20231215 Orders.csv", "20231215 Orders_2026-01-31.csv"),
        ("Orders 2024-03-05 2024-03-06.csv", "Orders 2024-03-05 2024-03-06_2026-01-31.csv"),
        ("Orders 2024-02-30.csv", "Orders 2024-02-30_2026-01-31.csv"),
        ("1120240305.csv", "1120240305_2026-01-31.csv"),
        ("orders", "orders_2026-01-31"),
    ],
)
def test_a_name_without_its_date_is_refused_with_what_to_do(tmp_path: Path, name: str, offered: str) -> None:
    contract = dated("{filename: 'x_(\\d{8})', format: '%Y%m%d'}")
    path = tmp_path / name
    with pytest.raises(FileRefusedError) as refusal:
        exported_at(contract, path, name, "UTC")
    assert (
        refusal.value.code == "no_export_date"
        and f"as {offered}, or write it into {name}.meta.json" in refusal.value.reason
    )
    path.with_name(f"{name}.meta.json").write_text('{"exported_at": "2024-03-05"}')
    assert exported_at(contract, path, name, "UTC") == datetime(2024, 3, 5)


def test_a_sidecar_states_the_date_or_is_broken(tmp_path: Path) -> None:
    contract, path = dated("{sidecar: true}"), tmp_path / "a.csv"
    sidecar = tmp_path / "a.csv.meta.json"
    for text in (None, "x", "{}", '["exported_at"]', '{"exported_at": "soon"}'):
        if text is not None:
            sidecar.write_text(text)
        with pytest.raises(FileRefusedError) as refusal:
            exported_at(contract, path, "a.csv", "UTC")
        assert refusal.value.code == "no_export_date"
    sidecar.write_text(json.dumps({"exported_at": " 2024-03-05T10:00:00+02:00 "}))
    assert exported_at(contract, path, "a.csv", "UTC") == datetime(2024, 3, 5, 8)


def test_the_newest_date_of_a_column_counts() -> None:
    contract = dated("{column: Day, format: '%d.%m.%Y'}")
    assert newest_of({"05.03.2024", "2024-02-01", "01.04.2023"}, contract, "UTC") == datetime(2024, 3, 5)
    for texts in (set[str](), {"05.03.2024", "soon"}):
        with pytest.raises(FileRefusedError):
            newest_of(texts, contract, "UTC")


@pytest.mark.parametrize(
    ("glob", "name", "is_match"),
    [
        ("deals_*.csv", "DEALS_1.CSV", True),
        ("deals_*.csv", "in/deals_1.csv", False),
        ("*/deals.csv", "in/deals.csv", True),
        ("*/deals.csv", "in/x/deals.csv", False),
        ("**/deals.csv", "in/x/deals.csv", True),
        ("**/deals.csv", "deals.csv", True),
        ("in/**", "in/x/y.csv", True),
        ("d?.csv", "d1.csv", True),
        ("d?.csv", "d12.csv", False),
        ("d[0-9].csv", "d5.csv", True),
        ("d[!0-9].csv", "d5.csv", False),
        ("d[!0-9].csv", "dx.csv", True),
        ("a.csv", "abcsv", False),
    ],
)
def test_a_glob_stays_within_a_folder_unless_it_says_otherwise(glob: str, name: str, is_match: bool) -> None:
    system = system_of(files=glob)
    file = InboxFile(Path(name), name, "", 0)
    assert bool(matching_contracts([file], {"erp": system})[name]) is is_match


def test_the_contract_whose_files_are_named_most_alike_is_the_nearest() -> None:
    systems = {"erp": system_of(files="sales_orders_*.csv")}
    assert nearest_contract("in/Sales Order 2024.csv", systems) == "erp/order_lines (sales_orders_*.csv)"
    assert nearest_contract("invoice.pdf", systems) == nearest_contract("x", {}) == ""
    assert named_like("SALES_ORDERS_1.csv", systems["erp"].objects[0])
    assert not named_like("x.csv", systems["erp"].objects[0])


def test_the_contract_that_reads_most_headers_and_lacks_none_is_the_nearest(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("ID,Area,Item,Qty,X\n1,n,i,5,x\n")
    small = system_of(columns="region: Area, product_name: Item")
    large = system_of(columns="region: Area, product_name: Item, quantity: Qty", files="l_*.csv").model_copy()
    lacking = contract_of(
        (LINES % "region: Area, product_name: Item, quantity: Qty, channel: X").replace(
            "order_id: ID", "order_id: Order"
        )
    )
    assert str(nearest_by_headers(path, {"s": small, "l": large, "k": lacking})) == (
        "l/order_lines reads 4 of its 5 headers, but its files are named l_*.csv"
    )
    assert str(nearest_by_headers(path, {"k": lacking})) == "k/order_lines reads 5 of its 5 headers, but it lacks Order"
    few = system_of(columns="channel: Way")
    assert nearest_by_headers(path, {"f": few}) is None
    path.write_text("ID,Area,Item\n")
    assert nearest_by_headers(path, {"s": small}) is not None  # three
    assert fit(lacking.objects[0], ["ID", "Order", "area"]) == (True, 3)
    assert fit(lacking.objects[0], ["ID", "area"]) == (False, 2)
    assert nearest_by_headers(tmp_path / "gone.csv", {"s": small}) is None


def test_a_large_text_is_known_by_its_head_and_a_large_workbook_not_at_all(tmp_path: Path) -> None:
    systems = {"s": system_of(columns="region: Area, product_name: Item")}
    path = tmp_path / "a.csv"
    path.write_bytes(b"ID,Area,Item\n" + b"1,2,3\n" * 50_000 + b"\xff\x00,")
    assert nearest_by_headers(path, systems) is not None
    book = tmp_path / "a.json"
    book.write_text('[{"ID": 1, "Area": 2, "Item": 3}]' + " " * 7_999_967)
    assert nearest_by_headers(book, systems) is not None
    book.write_text('[{"ID": 1, "Area": 2, "Item": 3}]' + " " * 7_999_968)
    assert nearest_by_headers(book, systems) is None


def arrival_of(system: SourceContract, path: Path = Path("a.csv"), contract_hash: str = "c") -> Arrival:
    return Arrival(system, system.objects[0], contract_hash, "UTC", path, "a.csv", "s", 9, NOW)


def row_of(**about: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(FILES)
    row |= {
        "source_system": "erp",
        "contract": "order_lines",
        "contract_hash": "c",
        "status": "loaded",
        "rows_loaded": 5,
    }
    row |= {"path": "a.csv", "part": "", "set_id": "s1", "sha256": "h", "landed_at": NOW, "file_id": "f"}
    return row | about


def test_a_column_may_be_missing_unless_it_is_needed_or_a_loaded_file_had_it() -> None:
    space = "key_namespace: [{name: sap, column: SAP}]"
    system = system_of(
        space, columns="region: Area, channel: Way, quantity: {from: Q, optional: true}, cost: {const: 1}"
    )
    first = ProvenColumns([]).relaxed(arrival_of(system))
    assert first.may_lack == {"region", "channel", "key space sap"}
    assert first.contract.columns["region"].optional and not first.contract.columns["line_id"].optional
    mapping = map_headers(first.contract, ["ID", "Way"])
    assert absent_names(first, mapping) == ["key space sap", "region"]
    rows = [row_of(absent_columns="region,channel"), row_of(absent_columns="region,key space sap")]
    assert ProvenColumns(rows).relaxed(arrival_of(system)).may_lack == {"region"}
    lost = [row_of(absent_columns=None)]
    assert ProvenColumns(lost).relaxed(arrival_of(system)).may_lack == frozenset()
    for nothing in (row_of(status="rejected"), row_of(rows_loaded=0), row_of(contract_hash="old")):
        assert ProvenColumns([nothing]).relaxed(arrival_of(system)).may_lack == first.may_lack
    sheets = system_of("reader: {sheets: '.*'}")
    assert ProvenColumns([]).relaxed(arrival_of(sheets)).may_lack == frozenset()


def test_downloads_are_read_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    system = system_of()
    orders = [
        _arrival_order(arrival_of(system, Path(f"gone/{name}")))[0] for name in ("a.csv", "a (2).csv", "a（10）.csv")
    ]
    assert orders == [0, 2, 10]
    path = tmp_path / "a.csv"
    path.write_text("x")
    assert _arrival_order(arrival_of(system, path)) == (0, path.stat().st_mtime_ns, "a.csv")
    assert _arrival_order(arrival_of(system, Path("gone"))) == (0, 0, "a.csv")


def test_a_required_system_stops_runs_until_its_rejected_file_is_replaced() -> None:
    required = {"erp": system_of().model_copy(update={"required": True}), "crm": system_of()}
    bad = row_of(status="rejected", reason="no header")
    with pytest.raises(AlmanacError, match=r"a\.csv: no header \(system erp is required"):
        stop_for_required(required, FileLedger([row_of(), bad]))
    for later in (row_of(), row_of(path="b.csv"), row_of(set_id="s2")):
        stop_for_required(required, FileLedger([bad, later]))
    for other in (row_of(path="b.csv", set_id="s2"), row_of(path="b.csv", part="p"), row_of(contract="x")):
        with pytest.raises(AlmanacError):
            stop_for_required(required, FileLedger([bad, other]))
    stop_for_required(required, FileLedger([row_of(source_system="crm", status="rejected")]))


def test_a_report_counts_rows_and_names_what_was_not_read() -> None:
    report = IngestReport(known=3, ties=["x counts"])
    assert report.lines() == ["nothing new: 3 files were read before", "x counts"]
    counts = {"rows_in": 9, "rows_loaded": 5, "rows_quarantined": 3, "rows_control": 1}
    report.files = [row_of(**counts), row_of(**counts, status="rejected", path="b.csv", reason="bad")]
    assert report.summary() == (
        "2 new files (1 loaded, 1 rejected), 3 known; 18 rows in = 10 loaded + 6 quarantined + 2 control"
    )
    report.unread = [Unread("p", "a pipe", False), Unread("q", "no right", True)]
    assert report.faults() == ["q: no right"]
    found = [(notice.status, notice.path, notice.is_fault) for notice in notices_of(FileLedger([]), report)]
    assert found == [("rejected", "b.csv", False), ("unread", "p", False), ("unread", "q", True)]


def test_a_file_that_nobody_claims_is_noted_once() -> None:
    file, report = InboxFile(Path("x.csv"), "x.csv", "h", 9), IngestReport()
    note_unread(file, "", "erp/lines (*.csv)", {}, NOW, report)
    (row,) = report.files
    assert row.keys() == FILES.keys() and (row["status"], row["bytes"], row["rows_in"]) == ("unclaimed", 9, 0)
    assert "; nearest: erp/lines (*.csv): `almanac" in row["reason"]
    latest = {("", "", "x.csv"): row}
    note_unread(file, "", "", latest, NOW, report)
    assert (len(report.files), report.known, is_noted(file, latest)) == (1, 1, True)
    changed = InboxFile(Path("x.csv"), "x.csv", "other", 9)
    note_unread(changed, "demo", "", latest, NOW, report)
    assert report.files[1]["reason_code"] == "demo_home" and not is_noted(changed, latest)
    assert not is_noted(InboxFile(Path("y"), "y", "h", 1), latest)


def test_the_ledgers_row_of_a_file_says_what_became_of_it() -> None:
    outcome = FileOutcome(exported_at=NOW, rows_in=3, absent_columns=["a", "b"], window_from=date(2024, 1, 1))
    row = ledger_row(arrival_of(system_of("parts: many")), outcome, "id", NOW)
    assert row.keys() == FILES.keys()
    assert (row["part"], row["set_id"]) == ("a.csv", "erp/order_lines/order_lines/2024-02-01T08:00:00")
    assert (row["absent_columns"], row["rows_in"], row["window_from"]) == ("a,b", 3, date(2024, 1, 1))
    row = ledger_row(arrival_of(system_of()), FileOutcome(), "id", NOW)
    assert (row["part"], row["set_id"][-7:]) == ("", "undated")


def test_a_patch_is_the_part_of_its_chunk() -> None:
    patch = Patch(((1, "a", ""), (2, "b", ""), (3, "c", "")))
    assert [cell[0] for cell in patch.between(1, 2).cells] == [2]
    assert Patch().fingerprint == "" and len(patch.fingerprint) == 12 and patch.corrections().height == 3


def test_a_later_download_of_older_rows_does_not_count() -> None:
    early, late = datetime(2024, 1, 1), datetime(2024, 1, 2)
    held = row_of(changed_at=late, file_id="f1")
    older = row_of(path="b.csv", sha256="h2", changed_at=early, file_id="f2")
    assert is_older_download(older, held) and not is_older_download(held, older)
    assert not is_older_download({**older, "changed_at": late}, held)
    assert not is_older_download({**older, "path": "a.csv"}, held)
    assert not is_older_download({**older, "changed_at": None}, held)
    ledger = FileLedger([held, older])
    assert set(ledger.effective()) == {"f1"}
    assert ledger.ties(["b.csv"]) == [
        "a.csv counts and b.csv, of the same day, does not: its newest change is of 2024-01-02 00:00"
    ]
    later = FileLedger([held, {**older, "changed_at": late}])
    assert set(later.effective()) == {"f2"} and later.ties(["x"]) == []
    assert later.ties(["a.csv"]) == ["b.csv counts and a.csv, of the same day, does not: it arrived later"]


def test_a_file_is_replaced_by_the_next_of_its_slot_path_or_date() -> None:
    first = row_of(file_id="f1", exported_at=NOW)
    for second in (
        row_of(file_id="f2", sha256="h2", exported_at=NOW),
        row_of(file_id="f2", set_id="s2", exported_at=None),
        row_of(file_id="f2", set_id="s2", path="b.csv", exported_at=NOW),
    ):
        assert set(FileLedger([first, second]).effective()) == {"f2"}
    other = row_of(file_id="f2", set_id="s2", path="b.csv", exported_at=None)
    assert set(FileLedger([first, other]).effective()) == {"f1", "f2"}
    statuses = FileLedger([first, row_of(file_id="f2", sha256="h2")]).frame().select("file_id", "status").rows()
    assert statuses == [("f1", "replaced"), ("f2", "loaded")]


def test_a_rejected_file_waits_until_another_takes_its_place() -> None:
    bad = row_of(file_id="f1", status="rejected")
    assert FileLedger([bad]).awaiting_correction() == {"f1"}
    assert FileLedger([row_of(file_id="f0"), bad]).awaiting_correction() == {"f0", "f1"}
    for later in (row_of(file_id="f2", set_id="s2"), row_of(file_id="f2", path="b.csv")):
        ledger = FileLedger([bad, later])
        assert ledger.awaiting_correction() == {"f2"}
        assert ledger.frame()["status"].to_list() == ["replaced", "loaded"]
    unclaimed = row_of(file_id="f1", status="unclaimed", source_system="", contract="")
    assert FileLedger([unclaimed, row_of(file_id="f2")]).frame()["status"].to_list() == ["replaced", "loaded"]
    assert FileLedger([row_of(file_id="f2"), unclaimed]).frame()["status"].to_list() == ["loaded", "unclaimed"]


def test_what_may_be_read_again_is_effective_newest_or_not_replaced() -> None:
    rows = [
        row_of(file_id="f1", sha256="h1"),
        row_of(file_id="f2", sha256="h2"),
        row_of(file_id="f3", sha256="h3", path="b.csv", status="rejected"),
        row_of(file_id="f4", sha256="h4", path="b.csv", status="rejected", set_id="s9"),
    ]
    assert [row["file_id"] for row in FileLedger(rows).readable()] == ["f2", "f3", "f4"]
    assert FileLedger(rows).known_at(NOW).rows == rows
    assert FileLedger([row_of(landed_at=datetime(2024, 2, 2))]).known_at(NOW).rows == []
    assert FileLedger([*rows, rows[0]]).first_positions()["erp", "order_lines", "a.csv", "h1"] == 0


def test_the_id_of_an_observation_tells_bytes_that_come_back() -> None:
    assert file_id(["a", "b"], 0) == file_id(["a", "b"], 0) != file_id(["a", "b"], 1)
    assert file_id(["ab"], 0) != file_id(["a", "b"], 0) and len(file_id([], 0)) == 20
