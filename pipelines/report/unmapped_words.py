"""Words of rejected files that no policy translates: taken from the reasons that the status file keeps."""

import re
from ast import literal_eval
from collections.abc import Iterator

from pipelines.report.served import Row, Served

FILES = "status.quality.files"
VOCABULARIES = {"stage_words": "stages", "status_words": "statuses", "currency_words": "currencies"}
_QUERY = f"""select source_system, reason
from {FILES}
where status = 'rejected' and reason_code in ('unmapped_word', 'unmapped_currency')
order by source_system, path"""
# As `pipelines/ingest/casting/validate.py` words a refusal; a test holds the two together.
_LISTED = re.compile(r"unknown (.*?): add a row per word to seeds/(\w+)\.csv")
_WORD = re.compile(r"""\w+ ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*") \((\d+) rows\)(?:, perhaps (\w+))?""")


def unmapped_words(served: Served) -> list[Row]:
    """One row per system, vocabulary and word: row_count over its files, proposed_code of the nearest known word."""
    if not served.has(FILES, "source_system", "path", "status", "reason_code", "reason"):
        return []
    words: dict[tuple[str, str, str], Row] = {}
    for file in served.rows(_QUERY):
        for seed, word, count, proposed in words_of(file["reason"]):
            vocabulary = VOCABULARIES.get(seed, seed)
            row = {"source_system": file["source_system"], "vocabulary": vocabulary, "word": word, "row_count": 0}
            known = words.setdefault((file["source_system"], vocabulary, word), {**row, "proposed_code": proposed})
            known["row_count"] += count
    return sorted(words.values(), key=lambda row: (-row["row_count"], row["source_system"], row["word"]))


def words_of(reason: str) -> Iterator[tuple[str, str, int, str | None]]:
    """Seed, word, rows and proposed code of each word that a refusal names."""
    for listed, seed in _LISTED.findall(reason):
        for word, count, proposed in _WORD.findall(listed):
            yield seed, str(literal_eval(word)), int(count), proposed or None
