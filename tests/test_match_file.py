"""What `almanac match FILE` reads, whatever its dialect, encoding, title rows and headers; what it writes."""

from pathlib import Path

import polars as pl
import pytest
from match_home import ACME, strangers, valid_tax_id
from typer.testing import CliRunner

from pipelines.errors import AlmanacError
from pipelines.matching.files import as_records, recognise
from pipelines.matching.report import match_file, match_records

GERMAN = """Kundenliste 2026

Vorname;Nachname;Geburtsdatum;E-Mail;Straße;PLZ;Ort
Hans;Müller;01.02.1980;hans.mueller@web.de;Hauptstr. 5;50667;Köln
Hans;Mueller;1980-02-01;;Hauptstraße 5;50667;Koeln
Anna;Schmidt;03.04.1975;anna@x.de;Ring 1;10115;Berlin
Hans;Müller;05.06.1990;hm@web.de;Weg 3;80331;München
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_a_list_of_persons_is_matched_as_its_system_wrote_it(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "kunden.csv"
    file.write_bytes(GERMAN.encode(encoding))
    summary = match_file(file, {}, out=tmp_path / "out.csv")
    assert "birth_date from 'Geburtsdatum'" in summary and "postal_code from 'PLZ'" in summary
    assert pl.read_csv(tmp_path / "out.csv")["cluster_id"].to_list() == [1, 1, 3, 4]


def test_a_row_that_cannot_be_read_is_reported_and_the_others_are_matched(tmp_path: Path) -> None:
    file = tmp_path / "firms.csv"
    file.write_text("id,name\n1,Acme Ltd\n2,Bolt,GmbH,x,y\n3,Acme Limited\n", encoding="utf-8")
    summary = match_file(file, {}, out=tmp_path / "out.csv")
    assert "left out: 1 rows that cannot be read, first record 2" in summary
    assert pl.read_csv(tmp_path / "out.csv")["record_id"].to_list() == [1, 3]


@pytest.mark.parametrize(
    ("written", "meant"),
    [(["1.234,50", "7,5"], [1234.5, 7.5]), (["1.2万", "-"], [12000.0, None]), (["$1,234", None], [1234.0, None])],
)
def test_money_at_stake_is_read_as_people_write_it(written: list[str | None], meant: list[float | None]) -> None:
    table = pl.DataFrame({"Firma": ["A", "B"], "Umsatz": written})
    assert as_records(table, recognise(table.columns))["amount"].to_list() == meant


TWO_SYSTEMS = """system,id,name,phone,city,revenue
crm,1,Quorland Foods Ltd,6175550001,Boston,5
erp,1,Zumtobia Steel AG,7135550002,Houston,70
crm,2,Zumtobia Steel AG,7135550002,Houston,100
erp,2,Quorland Foods Limited,6175550001,Boston,6
crm,3,Anders Optics Inc,4045550009,Atlanta,1
erp,3,Belmonte Wines SpA,3055550003,Miami,2
"""


def test_one_id_in_two_systems_is_not_one_cluster(tmp_path: Path) -> None:
    file = tmp_path / "firms.csv"
    file.write_text(TWO_SYSTEMS, encoding="utf-8")
    match_file(file, {}, out=tmp_path / "out.csv")
    clusters = pl.read_csv(tmp_path / "out.csv", infer_schema_length=0)
    assert clusters.columns == ["source_system", "record_id", "cluster_id", "cluster_size", "name"]
    assert clusters.select("source_system", "record_id", "cluster_id", "cluster_size").rows() == [
        ("crm", "1", "crm|1", "2"),
        ("erp", "1", "crm|2", "2"),
        ("crm", "2", "crm|2", "2"),
        ("erp", "2", "crm|1", "2"),
        ("crm", "3", "crm|3", "1"),
        ("erp", "3", "erp|3", "1"),
    ]


def test_weak_merges_are_listed_after_undecided_pairs(tmp_path: Path) -> None:
    rows = ["Nr.,company,phone,address,city,website,revenue"]
    rows += ["1,Quorland Foods,6175550001,12 Elm St,Boston,quorland.com,30"]
    rows += ["2,Zumtobia Kitchen,6175550001,12 Elm St,Boston,quorland.com,4"]
    rows += [
        "3,Anders Optics Inc,4045550009,7 Oak St,Atlanta,anders.com,1",
        "4,Anders Optics Inc,4045550009,,Atlanta,,",
    ]
    rows += [f"x{n},Stranger{n} of{n * n} Ltd,2{n:09},{n} Lime{n} Rd,Town{n},stranger{n}.com," for n in range(60)]
    file = tmp_path / "firms.csv"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    summary = match_file(file, {}, out=tmp_path / "out.csv", review=tmp_path / "review.csv", fit=False)
    assert "source_id from 'Nr.'" in summary and "1 weak merges" in summary
    clusters = dict(pl.read_csv(tmp_path / "out.csv").select("record_id", "cluster_id").iter_rows())
    assert clusters["2"] == "1" and clusters["4"] == "3"
    listed = pl.read_csv(tmp_path / "review.csv").select(
        "record_id_l", "record_id_r", "kind", "reason", "amount_at_stake"
    )
    (weak,) = listed.filter(pl.col("kind") == "weak merge").rows()
    assert weak == (1, 2, "weak merge", "the names differ, the match rests on phone, domain, address, place", 34.0)
    assert listed["kind"][-1] == "weak merge"


@pytest.mark.parametrize("header", ["Nr", "Nr.", "Kundennr", "Kundennr.", "Kunden-Nr.", "KundenNr", "Kundennummer"])
def test_german_numbers_of_customers_are_their_ids(header: str) -> None:
    assert recognise([header, "Firma"]) == {"source_id": header, "account_name": "Firma"}


def test_a_house_number_is_no_record_id() -> None:
    assert recognise(["Firma", "Straße", "Nr."]) == {"account_name": "Firma", "address": "Straße"}


def test_a_file_is_written_back_as_clusters(tmp_path: Path) -> None:
    file = tmp_path / "firms.csv"
    firms = [("1", "Acme Widgets, Inc.", "(312) 386-5286"), ("2", "ACME WIDGETS", "312-386-5286")]
    firms += [(row[1], row[2], "") for row in strangers(30)]
    pl.DataFrame(firms, schema=["Nr", "公司名称", "Telephone"], orient="row").write_csv(file)
    summary = match_file(file, {"source_id": "Nr"}, out=tmp_path / "out.csv")
    cluster_of = dict(
        pl.read_csv(tmp_path / "out.csv", infer_schema_length=0).select("record_id", "cluster_id").iter_rows()
    )
    assert cluster_of["1"] == cluster_of["2"] == "1" and len(set(cluster_of.values())) == 31
    assert "account_name from '公司名称'" in summary


def test_the_order_of_a_file_changes_nothing() -> None:
    rows = [("crm", "1", *ACME), ("crm", "9", "Acme Widgets", *ACME[1:]), *strangers(30)]
    fields = ["source_system", "source_id", "account_name", "tax_id", "phone", "city"]
    frame = pl.DataFrame([dict(zip(fields, row, strict=False)) for row in rows])
    clusters, undecided = match_records(frame)
    clusters_again, undecided_again = match_records(frame.sample(fraction=1, shuffle=True, seed=3))
    assert clusters.sort("record_id").equals(clusters_again.sort("record_id"))
    assert undecided.equals(undecided_again)


def test_undecided_pairs_are_listed_by_the_money_at_stake(tmp_path: Path) -> None:
    valid = valid_tax_id()
    firms = [
        ("1", "Acme Widgets Ltd", valid, "021-55512345", "$1,000"),
        ("2", "Acme Widgets Ltd", "DE136695976", "021-55512345", ""),
    ]
    firms += [
        ("3", "Bolt Pumps GmbH", valid[:-1] + "0", "030-123456", "5"),
        ("4", "Bolt Pumps GmbH", "DE136695976", "030-123456", "2,000,000"),
    ]
    firms += [(f"x{n}", f"Stranger{n} of{n * n} Ltd", "", f"0{n:02}-77{n:05}", "") for n in range(30)]
    file = tmp_path / "firms.csv"
    pl.DataFrame(firms, schema=["id", "company", "tax id", "phone", "revenue"], orient="row").write_csv(file)
    summary = match_file(file, {}, out=tmp_path / "out.csv", review=tmp_path / "review.csv")
    assert "amount from 'revenue'" in summary and "to review: " in summary
    listed = pl.read_csv(tmp_path / "review.csv")
    assert listed["amount_at_stake"].is_sorted(descending=True)
    assert ("Acme Widgets Ltd", "Acme Widgets Ltd", 1000.0) in listed.select(
        "name_l", "name_r", "amount_at_stake"
    ).rows()


def test_headers_are_recognised_and_missing_ones_are_named() -> None:
    assert recognise(["Unique_ID", "First Name", "Surname", "dob"]) == {
        "source_id": "Unique_ID",
        "first_name": "First Name",
        "last_name": "Surname",
        "birth_date": "dob",
    }
    with pytest.raises(AlmanacError, match="no name, tax id, phone"):
        as_records(pl.DataFrame({"colour": ["red"]}), {})
    with pytest.raises(AlmanacError, match="no column Firma"):
        recognise(["a"], {"account_name": "Firma"})
    with pytest.raises(AlmanacError, match="choose another --id"):
        as_records(pl.DataFrame({"id": ["1", "1"], "name": ["a", "b"]}), {"source_id": "id", "account_name": "name"})


def test_the_first_argument_of_match_may_be_a_file(tmp_path: Path) -> None:
    from pipelines.cli import app

    (tmp_path / "a.csv").write_text("id,name\n1,Acme Ltd\n2,Bolt GmbH\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["--home", str(tmp_path), "match", str(tmp_path / "a.csv")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "a_clusters.csv").read_text() == (
        "record_id,cluster_id,cluster_size,name\n1,1,1,Acme Ltd\n2,2,1,Bolt GmbH\n"
    )
