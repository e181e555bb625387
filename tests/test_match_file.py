"""What `almanac match FILE` reads: any export, whatever its dialect, encoding, title rows and language of headers."""

from pathlib import Path

import polars as pl
import pytest

from pipelines.matching.files import as_records, recognise
from pipelines.matching.report import match_file

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
    said = match_file(file, {}, out=tmp_path / "out.csv")
    assert "birth_date from 'Geburtsdatum'" in said and "postal_code from 'PLZ'" in said
    assert pl.read_csv(tmp_path / "out.csv")["cluster_id"].to_list() == [1, 1, 3, 4]


def test_a_row_that_cannot_be_read_is_told_and_the_others_are_matched(tmp_path: Path) -> None:
    file = tmp_path / "firms.csv"
    file.write_text("id,name\n1,Acme Ltd\n2,Bolt,GmbH,x,y\n3,Acme Limited\n", encoding="utf-8")
    said = match_file(file, {}, out=tmp_path / "out.csv")
    assert "left out: 1 rows that cannot be read, first record 2" in said
    assert pl.read_csv(tmp_path / "out.csv")["record_id"].to_list() == [1, 3]


@pytest.mark.parametrize(
    ("written", "meant"),
    [(["1.234,50", "7,5"], [1234.5, 7.5]), (["1.2万", "-"], [12000.0, None]), (["$1,234", None], [1234.0, None])],
)
def test_money_at_stake_is_read_as_people_write_it(written: list[str | None], meant: list[float | None]) -> None:
    table = pl.DataFrame({"Firma": ["A", "B"], "Umsatz": written})
    assert as_records(table, recognise(table.columns))["amount"].to_list() == meant
