"""A KPI is added by one model and one row of the catalogue, and every KPI of the catalogue has values."""

from pathlib import Path

import duckdb
import pytest
from conftest import Built

from pipelines.home import dbt
from pipelines.home.settings import load_settings


def test_a_model_of_the_company_is_a_family_of_kpis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dbt, "dbt", lambda folder, *arguments: (folder / "target").mkdir(exist_ok=True))
    own = tmp_path / "config" / "models" / "intermediate" / "int_kpi_service.sql"
    own.parent.mkdir(parents=True)
    own.write_text("-- One row per ticket.\nselect 1")
    folder = dbt.prepare_project(load_settings(tmp_path / "home", config=tmp_path / "config"))
    named = (folder / "macros" / "kpi_families.sql").read_text()
    assert "'int_kpi_service'" in named and "'int_kpi_deals'" in named


def test_every_kpi_of_the_catalogue_has_values_of_each_of_its_dimensions_and_periods(built: Built) -> None:
    asked = """
        select kpi, dimension, period
        from marts.kpi_catalogue,
            (select unnest(['total', 'region', 'product_line', 'team', 'rep']) as dimension) as levels,
            (select unnest(['month', 'quarter', 'year']) as period) as kinds
        where list_contains(string_split(dimensions, ' '), dimension)
            and list_contains(string_split(period_kinds, ' '), period)
            -- markets are published by product line; the other two are for companies that know them otherwise
            and not (kpi = 'market_share' and dimension <> 'product_line')
        except
        select distinct kpi, dimension, period from marts.kpi_values
    """
    with duckdb.connect(str(built.served), read_only=True) as connection:
        assert connection.execute(asked).fetchall() == []
        assert connection.execute("select count(*) > 0 from marts.kpi_catalogue").fetchall() == [(True,)]
