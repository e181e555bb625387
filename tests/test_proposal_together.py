"""Several files of one system: which are looked at, which ids know each other, which words are asked for."""

from pathlib import Path

import pytest
from proposal_table import WORDS, Columns, named, table

from pipelines.contracts import canonical_objects
from pipelines.errors import AlmanacError
from pipelines.home.settings import load_settings
from pipelines.ingest.proposals.contract_yaml import ContractDraft
from pipelines.ingest.proposals.mapping import ProposalContext
from pipelines.ingest.proposals.together import _keys, _named, _words, files_of, propose_together


def draft(of: str, columns: Columns, path: str = "a.csv", **headers: str) -> ContractDraft:
    return ContractDraft(
        path=Path(path), system="crm", canonical=canonical_objects()[of], guesses=list(named(**headers).values()),
        frame=table(columns), reader={}, titles=[], context=ProposalContext(WORDS), wide=None, stage_dates=None,
        label_column="", labels=[],
    )  # fmt: skip


def test_files_are_those_named_and_those_in_folders_that_are_exports(tmp_path: Path) -> None:
    for name in ("in/b.csv", "in/deep/a.csv", "in/.hidden", "in/~$a.xlsx", "in/b.csv.meta.json", "c.csv", ".d"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    paths = [tmp_path / "c.csv", tmp_path / "in", tmp_path / ".d", tmp_path / "gone.csv"]
    assert [path.relative_to(tmp_path).as_posix() for path in files_of(paths)] == ["c.csv", "in/b.csv", "in/deep/a.csv"]
    with pytest.raises(AlmanacError, match=r"\.d, .*gone\.csv: no file"):
        files_of(paths[2:])


def test_ids_without_repeats_are_the_keys_that_other_files_refer_to() -> None:
    drafts = [
        draft("accounts", {"Code": ["C1", "C2"]}, account_id="Code"),
        draft("accounts", {"Code": ["C3"]}, account_id="Code"),
        draft("reps", {"No": ["R1", "R2"]}, rep_id="No"),
        draft("orders", {"No": ["O1", "O1"]}, order_id="No"),
        draft("products", {"No": ["P1"]}, product_name="No"),
        draft("quotes", {"No": ["Q1"]}, quote_id="Month"),
    ]
    assert _keys(drafts) == {"account_id": {"C1", "C2", "C3"}, "owner_id": {"R1", "R2"}}


def test_files_of_one_object_have_names_of_their_own() -> None:
    paths = ["Deals_Nord-2025.csv", "deals_nord_2024.csv", "2025.csv", "x.csv"]
    drafts = [draft("opportunities", {"Id": ["1"]}, path) for path in paths[:3]]
    drafts.append(draft("accounts", {"Id": ["1"]}, paths[3]))
    assert [item.name for item in _named(drafts)] == ["deals_nord", "deals_nord_2", "opportunities", ""]


def test_words_that_nobody_mapped_are_rows_for_the_seeds() -> None:
    columns: Columns = {"Phase": ["won", "Zq, w", "offerr", "Zq, w"], "Cur": ["EUR", "taler", "EUR", "EUR"]}
    read = draft("opportunities", columns, stage="Phase", currency="Cur")
    again = draft("opportunities", columns, stage="Phase", status="Gone", region="Cur")
    assert _words([read, again]) == {
        "seeds/stage_words.csv": ('"Zq, w",crm,?', "offerr,crm,quoted"),
        "seeds/currency_words.csv": ("taler,crm,?",),
    }


def test_files_are_proposed_once_more_with_the_keys_of_the_first_look(tmp_path: Path) -> None:
    (tmp_path / "customers_2025-10-31.csv").write_text(
        "customer id,name\n" + "".join(f"K{n:03d},Firm {n}\n" for n in range(9)), encoding="utf-8"
    )
    (tmp_path / "orders_2025-10-31.csv").write_text(
        "order no,party,order date\n" + "".join(f"B{n:03d},K{n:03d},2025-03-0{n + 1}\n" for n in range(9)),
        encoding="utf-8",
    )
    paths = files_of([tmp_path])
    found = propose_together(load_settings(tmp_path / "home"), paths, "shop")
    assert (found.system, found.questions, found.words) == ("shop", 0, {})
    assert 'account_id: "party"' in found.body
    assert [line.partition(" rows in")[0] for line in found.outcomes] == [
        "customers_2025-10-31.csv as accounts: Tried on the file: 10",
        "orders_2025-10-31.csv as orders: Tried on the file: 10",
    ]
    alone = propose_together(load_settings(tmp_path / "home"), paths[1:], "shop")
    assert 'account_id: "party"' not in alone.body
