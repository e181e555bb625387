"""Encodings of one byte, told by their letters. Values by hand."""

from pathlib import Path

import pytest

from pipelines.ingest.formats.decode import find_encodings
from pipelines.ingest.formats.source import FileRefusedError

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("mac_roman", "1;Müller;Köln"), ("mac_roman", "1;São Paulo;Açúcar"), ("mac_roman", "1;Åse;Malmö"),
        ("cp1250", "1;Příklad;Děčín"), ("cp1250", "1;Győri Műhely Kft."), ("cp1250", "1;Łukasz Święty\n2;Zażółć"),
        ("cp1250", "1;Bucureşti\n2;Iaşi"), ("iso8859_2", "1;Zakład Żółć;Łódź"), ("cp1254", "1;Güneş Ağaç"),
        ("cp850", "1;Café;Orléans"), ("cp1251", "1;Киевский завод;Одесса"), ("koi8_r", "1;ООО Пример;Пермь"),
        ("cp866", "1;Название;Город"), ("cp1255", "1;שלום עולם;תל אביב"), ("cp1253", "1;Γιώργος;Πάτρα και Αθήνα"),
        ("cp1252", "1;McDonald’s – 5 €"), ("cp1252", "1;München;Citroën\n2;São Paulo;København"), ("gb18030", "1;张三"),
    ],
)  # fmt: skip
def test_a_file_is_read_in_the_encoding_whose_letters_make_words(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"id;name\n{text}\n".encode(encoding))
    names = find_encodings(path)
    decoded = next(out for name in names if (out := path.read_bytes().decode(name, "replace")) and "\ufffd" not in out)
    assert decoded.splitlines()[1:] == text.splitlines()


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("mac_roman", "Köln"), ("cp1254", "Yıldız"), ("cp1255", "דוד"), ("cp874", "สมชาย"), ("euc_kr", "김철수")],
)
def test_a_word_that_two_encodings_read_is_asked_about(tmp_path: Path, encoding: str, text: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"id;name\n1;{text}\n".encode(encoding))
    with pytest.raises(FileRefusedError, match=f"'(1;)?{text}' as {encoding}"):
        find_encodings(path)
