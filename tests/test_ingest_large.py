"""A large file is read in chunks, and nobody can tell: the same rows, refusals, reasons and rejections as in one."""

import random
from pathlib import Path
from typing import Any

import pytest
from ingest_world import DEALS, World

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.errors import AlmanacError, MachineFaultError
from pipelines.ingest.files import store
from pipelines.ingest.formats import chunks
from pipelines.ingest.formats.careful_parser import Dialect, parse
from pipelines.ingest.formats.chunks import chunk_offsets
from pipelines.ingest.proposals.preview import find_contract, preview
from pipelines.ingest.quarantine.resubmission import export_rejected, resubmit

SMALL = 5_000  # bytes per chunk
TABLES = (
    "select * exclude (landed_at) from raw.opportunities order by _record",
    "select * from quality.quarantine order by record",
    "select status, reason_code, reason, rows_in, rows_loaded, rows_quarantined, rows_control, encoding, delimiter, "
    "exported_at, window_from, window_to, warnings from control.files",
    "select * from control.corrections order by all",
)
FILLED = DEALS.replace("    key:", "    reader: {fill_down: [Title], totals: [Total]}\n    key:")
LATEST = DEALS.replace("    key:", "    extract: window(closed_on)\n    on_duplicate_key: latest(amount)\n    key:")
DATED = DEALS.replace("{filename: 'deals_(\\d{8})', format: \"%Y%m%d\"}", "{column: Title}")
REPAIRED = (
    DEALS + "    corrections: [{name: sign, set: {amount: 'abs(amount)'}, when: 'amount < 0', because: sign slips}]\n"
)


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Both":
    return Both(tmp_path, monkeypatch)


class Both:
    """Two homes with the same inbox: one that reads in chunks of a few records, and one that does not."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.patch, self.worlds = patch, (World(folder / "chunks"), World(folder / "whole"))

    def read(self, contract: str, text: str) -> list[list[tuple[Any, ...]]]:
        """The tables of the home that read in chunks, which are those of the other."""
        tables = []
        for world, size in zip(self.worlds, (SMALL, 10**9), strict=True):
            self.patch.setattr(chunks, "CHUNK_BYTES", size)
            world.contract(contract).put("deals_20240131.csv", text)
            world.run()
            tables.append([world.rows(sql) for sql in TABLES])
        assert tables[0] == tables[1]
        return tables[0]

    @property
    def chunks(self) -> int:
        """How many chunks were kept of the one file."""
        world = self.worlds[0]
        file_id = world.column("select file_id from control.files")[0]
        return len(store.rows_paths(world.settings, "opportunities", file_id))


def lines(count: int, **changed: str) -> str:
    """A deals export of sound rows; `changed` replaces some of them by their number, as `row_7='...'`."""
    rows = [f'{n},"deal, {n}",Prospecting,{n}.50,2024-01-{n % 28 + 1:02d}' for n in range(1, count + 1)]
    for name, row in changed.items():
        rows[int(name.removeprefix("row_")) - 1] = row
    return "ID,Title,Stage,Amount,Closed\n" + "\n".join(rows) + "\n"


def test_sound_rows_are_all_loaded_under_their_records(both: Both) -> None:
    rows, refused, files, _ = both.read(DEALS, lines(400))
    assert both.chunks > 2
    assert [row[-2] for row in rows] == list(range(1, 401)) and refused == []
    assert files[0][3:7] == (401, 400, 0, 1)


@pytest.mark.parametrize(
    "faulty", ['7,"x"y,Prospecting,1,', '7,"never closed,Prospecting,1,', '7,5" pipe,Prospecting,1,']
)
def test_text_pasted_into_a_cell_is_never_taken_for_records(both: Both, faulty: str) -> None:
    pasted = "\n".join(f"{n},pasted,Prospecting,{n}.50,2024-01-05" for n in range(900, 1200))
    _, _, files, _ = both.read(DEALS, lines(400, row_2=faulty, row_205=f'205,"{pasted}",Prospecting,1,'))
    loaded = both.worlds[0].column("select opportunity_name from raw.opportunities where _record = 205")
    assert both.chunks > 2 and loaded == [pasted] and files[0][3] == 401


def test_cells_of_nothing_but_lines_like_records_are_cut_around(both: Both) -> None:
    narrow = DEALS.replace("stage: Stage", "stage: {const: Prospecting}").replace("      amount: Amount\n", "")
    log = "\n".join(f"12:00:{n % 60:02d};step {n}" for n in range(120))
    text = "ID;Title\n" + "".join(f'{n};"{log}"\n' for n in range(1, 30))
    rows, refused, _, _ = both.read(narrow.replace("      closed_on: Closed\n", ""), text)
    assert both.chunks > 5 and len(rows) == 29 and refused == []


DIALECTS = [Dialect(mark) for mark in (",", "\t", "||", ", ")] + [
    Dialect(*marks) for marks in ((",", "'"), (",", '"', "\\"), (",", "'", '"'), (",", ""), ("||", '"', "\\"))
]


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_cuts_lie_where_records_end_whatever_the_quotes_do(
    dialect: Dialect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, path, mark, quote = random.Random(11), tmp_path / "any.csv", dialect.delimiter, dialect.quote
    for _ in range(300):
        letters = ["a", "é", mark, quote, "\n", mark + quote, quote + mark, *chance.sample(' \t\r\n\\|"', 3)]
        text = "".join(chance.choices(letters, k=chance.randrange(1, 120)))
        path.write_bytes(text.encode())
        monkeypatch.setattr(chunks, "CHUNK_BYTES", chance.choice([1, 3, 20]))
        monkeypatch.setattr(chunks, "SCANNED_BYTES", chance.choice([1, 5, 64]))
        begins = {len(text[: record.start].encode()) for record in parse(text, dialect)}
        assert {*chunk_offsets(path, dialect)} <= begins | {0, path.stat().st_size}, text
        monkeypatch.setattr(chunks, "CHUNK_BYTES", 1)
        assert {*chunk_offsets(path, dialect)} >= begins - {1}, text  # the first place looked behind is 1


@pytest.mark.parametrize("change", ["bad", "delimiter", "blank"])
def test_files_of_many_faults_are_cut_like_any_other(both: Both, change: str) -> None:
    text = lines(400, **({f"row_{n}": f"{n},short" for n in range(40, 401, 40)} if change == "bad" else {}))
    text = text if change == "bad" else text.replace("\n", ",\n" if change == "delimiter" else "\n\n")
    rows, refused, _, _ = both.read(DEALS, text)
    assert both.chunks > 2 and len(rows) + len(refused) == 400 and len(refused) == (10 if change == "bad" else 0)


def test_values_that_cannot_be_read_have_their_record_and_reason(both: Both) -> None:
    text = lines(400, row_3='3,"a ""b""",Prospecting,tbc?,', row_390="390,x,Prospecting,1,2024-13-41", row_391=",,,,")
    _, refused, files, _ = both.read(DEALS, text)
    assert [row[3] for row in refused] == [3, 390] and files[0][3:7] == (401, 397, 2, 2)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_newlines_in_cells_never_part_a_record_and_stay_as_they_are(both: Both, end: str) -> None:
    chance = random.Random(7)
    cells = [f"line of text, and more{end}" + end.join(["3,4,5,6,7"] * chance.randrange(9)) for _ in range(299)]
    rows = [f'{n},"{cell}",Prospecting,{n},' for n, cell in enumerate(cells, start=1)]
    _, refused, _, _ = both.read(DEALS, end.join(["ID,Title,Stage,Amount,Closed", *rows, ""]))
    names = both.worlds[0].column("select opportunity_name from raw.opportunities order by _record")
    assert both.chunks > 2 and refused == [] and names == [cell.strip() for cell in cells]


def test_records_that_cannot_be_split_are_refused_one_by_one_with_their_place(both: Both) -> None:
    text = lines(400, row_205='205,"x"y,Prospecting,1,', row_330="330,short")
    _, refused, _, _ = both.read(DEALS, text)
    assert [(row[3], row[7]) for row in refused] == [(205, "stray_quote"), (330, "too_few_cells")]
    assert [row[4] for row in refused] == [text.index('205,"x"'), text.index("330,short")]


def test_rows_that_share_a_key_are_found_wherever_they_stand(both: Both) -> None:
    same = lines(400).splitlines()[10]
    text = lines(400, row_200=same, row_201=same, row_390="20,other,Prospecting,1,", row_391="21,z,Prospecting,x,")
    _, refused, files, _ = both.read(DEALS, text)
    assert [(row[3], row[7]) for row in refused] == [
        (20, "duplicate_key"),
        (200, "duplicate_row"),
        (201, "duplicate_row"),
        (390, "duplicate_key"),
        (391, "bad_number"),
    ]
    assert files[0][3:7] == (401, 395, 5, 1)


def test_the_newest_of_rows_with_one_key_stays(both: Both) -> None:
    text = lines(400, row_300="7,new,Prospecting,900,2025-05-05", row_310="7,older,Prospecting,800,2023-01-01")
    rows, refused, files, _ = both.read(LATEST, text)
    assert [row[3] for row in refused] == [7, 310] and len(rows) == 398
    assert [str(day) for day in files[0][10:12]] == ["2024-01-01", "2025-05-05"]


def test_keys_are_compared_in_shares_that_fit_into_memory(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.ingest.landing.chunked_file.HASHES_PER_PASS", 50)
    text = lines(200) + lines(200).split("\n", 1)[1]
    _, refused, _, _ = both.read(DEALS, text)
    assert [(row[3], row[7]) for row in refused] == [(n, "duplicate_row") for n in range(201, 401)]


def test_days_and_months_are_told_apart_by_all_chunks(both: Both) -> None:
    slashed = {f"row_{n}": f"{n},x,Prospecting,1,03/{n % 9 + 1:02d}/2024" for n in range(1, 400)}
    rows, _, _, _ = both.read(DEALS, lines(400, **slashed, row_400="400,x,Prospecting,1,03/31/2024"))
    months = both.worlds[0].column("select distinct month(closed_on) from raw.opportunities")
    assert months == [3] and len(rows) == 400


@pytest.mark.parametrize(
    ("last", "code"), [("03/04/2024", "undecidable_date_order"), ("31/03/2024", "mixed_date_order")]
)
def test_dates_that_cannot_be_told_apart_refuse_the_file(both: Both, last: str, code: str) -> None:
    first = "03/31/2024" if code.startswith("mixed") else "03/05/2024"
    text = lines(400, row_2=f"2,x,Prospecting,1,{first}", row_399=f"399,x,Prospecting,1,{last}")
    both.worlds[0].contract(DEALS).put("deals_20240131.csv", text)
    both.patch.setattr(chunks, "CHUNK_BYTES", SMALL)
    both.worlds[0].run()
    assert both.worlds[0].column("select reason_code from control.files") == [code]
    assert not list((both.worlds[0].settings.landing / "rows").rglob("0*.parquet"))


def test_unknown_words_are_reported_with_their_rows_in_the_whole_file(both: Both) -> None:
    strange = {f"row_{n}": f"{n},x,Mystery,1," for n in (5, 150, 399)} | {"row_300": "300,x,Riddle,1,"}
    _, _, files, _ = both.read(DEALS, lines(400, **strange))
    assert files[0][1] == "unmapped_word"
    assert "'Mystery' (3 rows)" in files[0][2] and "'Riddle' (1 rows)" in files[0][2]


def test_cells_are_filled_down_across_chunks(both: Both) -> None:
    blank = {f"row_{n}": f"{n},,Prospecting,1," for n in range(2, 350)}
    both.read(FILLED, lines(400, **blank))
    assert both.worlds[0].column("select count(*) from raw.opportunities where opportunity_name = 'deal, 1'") == [349]


def test_corrections_of_all_chunks_are_logged(both: Both) -> None:
    *_, corrections = both.read(REPAIRED, lines(400, row_2="2,x,Prospecting,-5,", row_399="399,x,Prospecting,-6,"))
    assert len(corrections) == 2


def test_the_newest_date_of_all_chunks_is_the_export_date(both: Both) -> None:
    days = {f"row_{n}": f"{n},2024-0{n % 3 + 1}-05,Prospecting,1," for n in range(1, 400)}
    _, _, files, _ = both.read(DATED, lines(400, **days, row_400="400,2024-05-06,Prospecting,1,"))
    assert str(files[0][9]) == "2024-05-06 00:00:00"


def test_resubmitted_rows_find_their_chunk(both: Both) -> None:
    both.read(DEALS, lines(400, row_3="3,a,Prospecting,tbc?,", row_390="390,short"))
    for world in both.worlds:
        both.patch.setattr(chunks, "CHUNK_BYTES", SMALL if world is both.worlds[0] else 10**9)
        contracts = load_contracts(world.settings.sources)
        fixed = export_rejected(world.settings, contracts, "deals_20240131.csv")
        fixed = fixed.replace("tbc?", "33").replace("390,short,,,", "390,long,Prospecting,44,")
        assert resubmit(world.settings, contracts, fixed, world.column("select landed_at from control.files")[0]) == 2
        world.run()
        assert world.rows("select source_id, amount from raw.opportunities where _record in (3, 390) order by 1") == [
            ("3", 33),
            ("390", 44),
        ]
        assert world.column("select count(*) from raw.opportunities") == [400]


def test_resubmitted_rows_count_for_the_export_date_and_the_date_order(both: Both) -> None:
    dated = DEALS.replace("{filename: 'deals_(\\d{8})', format: \"%Y%m%d\"}", "{column: Title}")
    days = {f"row_{n}": f"{n},2024-01-0{n % 5 + 1},Prospecting,1,03/{n % 9 + 1:02d}/2024" for n in range(1, 400)}
    days["row_300"] = "300,2042-01-05,Prospecting,tbc?,03/31/2024"
    both.read(dated, lines(399, **days))
    for world in both.worlds:
        both.patch.setattr(chunks, "CHUNK_BYTES", SMALL if world is both.worlds[0] else 10**9)
        contracts = load_contracts(world.settings.sources)
        fixed = export_rejected(world.settings, contracts, "deals_20240131.csv").replace("2042-01-05", "2024-01-09")
        fixed = fixed.replace("tbc?", "33").replace("03/31/2024", "31/03/2024")
        resubmit(world.settings, contracts, fixed, world.column("select landed_at from control.files")[0])
        world.run()
        assert world.column("select distinct exported_at::varchar from raw.opportunities") == ["2024-01-09 00:00:00"]
        assert world.column("select count(*) from raw.opportunities where day(closed_on) = 3") == [398]


def test_refused_rows_of_a_file_too_large_to_be_read_as_one_can_be_exported(both: Both) -> None:
    both.patch.setattr("pipelines.ingest.formats.delimited.CAREFUL_BYTES", 2 * SMALL)
    world, text = both.worlds[0].contract(DEALS), lines(400, row_390="390,short")
    both.patch.setattr(chunks, "CHUNK_BYTES", SMALL)
    world.put("deals_20240131.csv", text)
    world.run()
    exported = export_rejected(world.settings, load_contracts(world.settings.sources), "deals_20240131.csv")
    assert len(text) > 3 * SMALL and "390,short" in exported


def test_files_that_can_no_longer_be_read_say_why_instead_of_their_headers(both: Both) -> None:
    world = both.worlds[0].contract(DEALS)
    world.put("deals_20240131.csv", lines(9, row_3="3,short"))
    world.run()
    world.contract(DEALS.replace("    key:", "    reader: {header_row: 5000}\n    key:"))
    with pytest.raises(AlmanacError, match="header_row 5000 is beyond"):
        export_rejected(world.settings, load_contracts(world.settings.sources), "deals_20240131.csv")


@pytest.mark.parametrize("reader", ["", "    reader: {fill_down: [Title]}\n"])
def test_a_file_that_fails_in_a_late_chunk_leaves_no_row(both: Both, reader: str) -> None:
    world = both.worlds[0].contract(
        DEALS.replace("    key:", f"{reader}    where: cast(Amount as double) > 0\n    key:")
    )
    both.patch.setattr(chunks, "CHUNK_BYTES", SMALL)
    path = world.put("deals_20240131.csv", lines(400, row_3="3,short", row_390="390,x,Prospecting,abc,"))
    world.run()
    assert world.column("select reason_code from control.files") == ["contract_sql"]
    assert not list((world.settings.landing / "rows").rglob("*.parquet"))
    assert not list((world.settings.landing / "refused").rglob("*.parquet"))
    contracts = load_contracts(world.settings.sources)
    read = preview(world.settings, *find_contract(world.settings, contracts, path, None), path)
    assert read.outcome.status == "rejected" and read.accepted.is_empty() and read.refused.is_empty()


def test_a_disk_that_fails_in_a_late_chunk_leaves_no_row(both: Both) -> None:
    world, keep, kept = both.worlds[0].contract(DEALS), store.keep_query, list[Path]()

    def failing(connection: Any, sql: str, target: Path) -> None:
        if len(kept) == 2:
            raise OSError(28, "No space left on device")
        kept.append(target)
        keep(connection, sql, target)

    both.patch.setattr(chunks, "CHUNK_BYTES", SMALL)
    both.patch.setattr(store, "keep_query", failing)
    world.put("deals_20240131.csv", lines(400))
    with pytest.raises(MachineFaultError, match="No space left on device"):
        world.run()
    assert not list((world.settings.state / "files").glob("*.parquet"))
    assert len(kept) == 2 and not any(path.exists() for path in kept)


def test_a_rebuild_from_landing_gives_every_chunk_again(both: Both) -> None:
    rows, *_ = both.read(DEALS, lines(400))
    world = both.worlds[0]
    world.settings.working_file.unlink()
    world.rebuild()
    assert world.rows(TABLES[0]) == rows and len(rows) == 400


def test_a_run_killed_between_two_chunks_leaves_nothing_that_the_next_one_keeps(both: Both) -> None:
    world, kept = both.worlds[0].contract(DEALS), list[Path]()
    world.put("deals_20240131.csv", lines(400))
    keep = store.keep_query

    def killed(connection: Any, sql: str, target: Path) -> None:
        if len(kept) == 3:
            raise KeyboardInterrupt
        kept.append(target)
        keep(connection, sql, target)

    both.patch.setattr(chunks, "CHUNK_BYTES", SMALL)
    both.patch.setattr(store, "keep_query", killed)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    both.patch.setattr(store, "keep_query", keep)
    assert all(path.exists() for path in kept)
    assert ingest.newest_export(world.settings) is None
    both.patch.setattr(chunks, "CHUNK_BYTES", 2 * SMALL * len(kept))
    world.run()
    assert world.column("select _record from raw.opportunities order by 1") == list(range(1, 401))


def test_a_line_too_long_for_any_cut_leaves_one_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.csv"
    path.write_text("a,b\n1," + "x" * 3_000_000)
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 500_000)
    assert chunk_offsets(path, Dialect()) == [0, path.stat().st_size]
