"""A contract refuses nonsense when it is read, and says in one line what to write instead."""

from pathlib import Path

import pytest

from pipelines.contracts import SQL_TYPES, canonical_objects, load_contract, load_contracts
from pipelines.errors import AlmanacError
from pipelines.home.settings import SHIPPED_SOURCES

pytestmark = pytest.mark.fast

GOOD = """
system: crm
title: CRM
objects:
  - object: opportunities
    files: "*.csv"
    exported_at: {on: 2014-01-28}
    key: [opportunity_id]
    columns:
      opportunity_id: ID
      stage: {from: [Stage, 阶段]}
      is_deleted: {from: Deleted, true_words: [true, 1, 是]}
"""


def written(folder: Path, text: str, name: str = "crm.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_words_of_a_contract_stay_words(tmp_path: Path) -> None:
    item = load_contract(written(tmp_path, GOOD)).objects[0]
    assert item.exported_at.on == "2014-01-28"
    assert item.name == "opportunities"
    assert item.columns["opportunity_id"].source == ("ID",)
    assert item.columns["is_deleted"].true_words == ("true", "1", "是")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("title: CRM", "title: CRM\ncolour: red"), "colour: unknown key"),
        (("stage: {from", "stage: {form"), "object opportunities: columns: stage: form: unknown key"),
        (("key: [opp", "keys: [opp"), "object opportunities: key"),
        (("opportunity_id: ID", "deal_id: ID"), "'deal_id' is no column of opportunities"),
        (("object: opportunities", "object: deals"), "object 'deals' is not canonical"),
        (('files: "*.csv"', 'files: "../*.csv"'), "must stay below the inbox"),
        (('files: "*.csv"', 'files: "/etc/*"'), "must stay below the inbox"),
        (("exported_at: {on: 2014-01-28}", "exported_at: {on: 2014-01-28, sidecar: true}"), "exactly one of"),
        (("exported_at: {on: 2014-01-28}", "exported_at: {filename: 'x'}"), "exactly one group"),
        (("key: [opportunity_id]", "key: none\n    extract: incremental"), "an incremental extract needs a key"),
        (("key: [opportunity_id]", "key: [ID]\n    extract: window(stage)"), "needs a date column"),
        (("key: [opportunity_id]", "key: [ID]\n    extract: monthly"), "none of full, incremental"),
        (("key: [opportunity_id]", "key: [ID]\n    on_duplicate_key: newest"), "quarantine or latest"),
        (("stage: {from: [Stage, 阶段]}", "stage: {from: Stage, const: won}"), "exactly one of from, join"),
        (("stage: {from: [Stage, 阶段]}", "stage: {from: Stage, tax: included}"), "tax_rate"),
        (("title: CRM", "title: CRM\ntimezone: Mars/Base"), "not an IANA time zone"),
        (("title: CRM", "title: CRM\nnumber_format: {thousands: '.', decimal: '.'}"), "must differ"),
        (("stage: {from: [Stage, 阶段]}", "stage: {from: Stage, scale: percent}"), "scale: percent is for shares"),
    ],
)
def test_nonsense_is_refused_naming_file_object_and_field(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = written(tmp_path, GOOD.replace(*change))
    with pytest.raises(AlmanacError) as error:
        load_contract(path)
    assert str(error.value).startswith(str(path)) and said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_system_is_declared_once(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, GOOD, "other.yml")
    with pytest.raises(AlmanacError, match="declared in another file"):
        load_contracts(tmp_path)


def test_only_what_changes_the_rows_changes_the_contract_hash(tmp_path: Path) -> None:
    def hashed(text: str) -> str:
        contract = load_contract(written(tmp_path, text))
        return contract.contract_hash(contract.objects[0], "UTC")

    assert hashed(GOOD) == hashed(GOOD.replace("title: CRM", "title: Other\npriority: 3"))
    assert hashed(GOOD) == hashed(GOOD.replace("    key:", "    cadence_days: 92\n    key:", 1))
    assert hashed(GOOD) != hashed(GOOD.replace("阶段", "销售阶段"))


def test_an_object_promises_the_cadence_of_its_system_unless_it_has_its_own(tmp_path: Path) -> None:
    def cadence(text: str) -> int:
        contract = load_contract(written(tmp_path, text))
        return contract.cadence_of(contract.objects[0])

    system = GOOD.replace("title: CRM", "title: CRM\ncadence_days: 31")
    assert (cadence(GOOD), cadence(system)) == (7, 31)
    assert cadence(system.replace("    key:", "    cadence_days: 92\n    key:", 1)) == 92


def test_every_canonical_column_is_typed_and_described() -> None:
    for item in canonical_objects().values():
        assert item.about.startswith("One row per "), item.name
        assert item.key_column in item.columns, item.name
        assert all(column.about and column.type in SQL_TYPES for column in item.columns.values()), item.name


def test_shipped_contracts_load() -> None:
    assert load_contracts(SHIPPED_SOURCES)
