"""Who is forgotten is named by no decision any more: seeds, scenarios, and what the forecast ledger kept of them."""

import re
from pathlib import Path

import polars as pl
import pytest
import yaml
from conftest import found

from pipelines.decisions.forget import LEDGER, SEEDS, STANDS_FOR, forget
from pipelines.home import state
from pipelines.home.settings import SHIPPED_SEEDS, Settings, load_settings

pytestmark = pytest.mark.fast

APPROVAL = "model,features_hash,approved_by,approved_on,reason\nstage_table,,{},2026-01-02,it is right\n"
DELETION = "source_system,contract,exported_on,confirmed_by,reason\ncrm,deals,2026-01-02,{},it was asked for\n"
IN_A_LINE = (
    "# kept\nscenarios:\n  - {{name: slump, because: fear, response: {{action: ask Ms Li, owner: {}, trigger: x}}}}\n"
)
IN_LINES = (
    "scenarios:\n  - name: boom\n    because: hope\n    response:\n      owner: {} # now\n"
    "      action: a\n      trigger: x\n"
)
FOLDED = (
    "scenarios:\n- name: s\n  because: b\n  response:\n    action: a\n"
    "    owner: >-\n      Ms\n      Li\n    trigger: t\n"
)  # fmt: skip
ROLES = {"kpis.owner": "a role that answers for a figure", "review_rules.default_owner": "a role for a kind of review"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config" / "seeds").mkdir(parents=True)
    (tmp_path / "home").mkdir()
    return load_settings(tmp_path / "home", config=tmp_path / "config")


def test_who_is_forgotten_approved_no_model_and_answers_no_scenario(settings: Settings) -> None:
    assert settings.config is not None
    texts = {
        settings.config / "seeds" / "model_approvals.csv": APPROVAL,
        settings.config / "seeds" / "confirmed_deletions.csv": DELETION,
        settings.config / "scenarios.yml": IN_A_LINE,
        settings.home / "scenarios.yml": IN_LINES,
    }
    for path, text in texts.items():
        path.write_text(text.format("Ms Li"))
    for name, column in LEDGER.items():
        state.append(settings, name, "r1", pl.DataFrame({column: ["Ms Li", "Ms Wu", None], "yhat": [1.0, 2.0, 3.0]}))
    assert set(forget(settings, " ms li")) == set(texts)
    for path, text in texts.items():
        assert path.read_text() == text.format("forgotten"), path
    for name in ("forecast_model_registry", "forecast_scenarios", "forecast_values"):
        assert state.read(settings, name).rows() == [("forgotten", 1.0), ("Ms Wu", 2.0), (None, 3.0)], name
    assert forget(settings, "Ms Li") == []


def test_a_file_whose_lines_break_the_name_is_written_anew(settings: Settings) -> None:
    path = settings.home / "scenarios.yml"
    path.write_text(FOLDED)
    assert forget(settings, "Ms Li") == [path]
    answer = {"action": "a", "owner": "forgotten", "trigger": "t"}
    assert yaml.safe_load(path.read_text())["scenarios"] == [{"name": "s", "because": "b", "response": answer}]


def test_every_shipped_seed_with_a_column_of_a_person_is_known_to_who_forgets() -> None:
    """Columns such as decided_by and owner: taken out, or a role and no person."""
    named = set()
    for path in found(SHIPPED_SEEDS.glob("*.csv")):
        heads = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        persons = [head for head in heads if re.search(r"^(?!by_).*(_by$|owner|author|person|manager|^rep$)", head)]
        named |= {(path.stem, head) for head in persons}
    assert {"model_approvals.approved_by", "review_decisions.owner"} < {".".join(one) for one in named}
    unknown = {(seed, head) for seed, head in named if seed not in SEEDS or head not in STANDS_FOR}
    assert {".".join(one) for one in unknown} == set(ROLES)
