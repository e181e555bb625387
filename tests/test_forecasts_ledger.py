"""What the ledger hands the engine beside the history."""

from pathlib import Path

import pytest

from pipelines import ledger, warehouse
from pipelines.errors import AlmanacError
from pipelines.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home in which two figures of an index were published, and one of a region."""
    found = load_settings(tmp_path)
    found.warehouse.parent.mkdir(parents=True, exist_ok=True)
    with warehouse.write(found) as connection:
        connection.execute("create schema staging")
        connection.execute(
            "create table staging.stg_market_facts as select * from (values "
            "('pmi', 'total', date '2024-01-01', 50.5, date '2024-02-01'), "
            "('pmi', null, date '2024-02-01', 51.0, date '2024-03-01'), "
            "('rainfall', 'region', date '2024-01-01', 3.0, date '2024-01-31')) "
            "as facts (metric, level, period_start, value, published_on)"
        )
    return found


def test_named_market_facts_become_regressors_with_their_day_of_publication(settings: Settings) -> None:
    facts = ledger.market_facts(settings, ["pmi"])
    assert facts is not None
    assert facts.columns == ["name", "ds", "value", "published_on"]
    assert facts["value"].to_list() == [50.5, 51.0]


def test_a_market_fact_that_was_never_exported_is_an_error_not_a_silence(settings: Settings) -> None:
    with pytest.raises(AlmanacError, match="'rainfall' was never exported"):
        ledger.market_facts(settings, ["rainfall"])
    assert ledger.market_facts(settings, []) is None
