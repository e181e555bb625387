"""A page of a series shows that series and no other."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from forecasts.output import pictures
from forecasts.output.schemas import FILE_COLUMNS, conform

pytestmark = pytest.mark.fast


@dataclass(frozen=True)
class Told:
    """Stands for the chart, whose library takes a second to load: its values instead of a specification."""

    values: list[float]

    def to_json(self, indent: int | None) -> str:
        return json.dumps(self.values, indent=indent)


def ahead(name: str, value: float) -> dict[str, object]:
    bounds = {f"{side}_{level}": value for side in ("lo", "hi") for level in (80, 95)}
    return {"unique_id": name, "ds": date(2024, 3, 1), "yhat": value, **bounds}


def test_each_page_has_the_numbers_of_its_own_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pictures, "picture", lambda past, future, title: Told([*past["y"].to_list(), *future["yhat"].to_list()])
    )
    values = {"north": [1110.0, 1112.0, 1116.0], "south": [2220.0, 2222.0, 2226.0]}
    rows = [(name, date(2024, month, 1), y) for name, ys in values.items() for month, y in enumerate(ys[:2], start=1)]
    source, target = tmp_path / "sales.parquet", tmp_path / "out.parquet"
    pl.DataFrame(rows, schema=["unique_id", "ds", "y"], orient="row").write_parquet(source)
    future = pl.DataFrame([ahead(name, ys[2]) for name, ys in values.items()])
    conform(future, FILE_COLUMNS).write_parquet(target)
    assert pictures.draw(source, target, tmp_path / "charts") == 2
    for file, name, label, other in (("000", "north", "1,11", "2,22"), ("001", "south", "2,22", "1,11")):
        page = (tmp_path / "charts" / f"{file}_{name}.html").read_text(encoding="utf-8")
        drawn, told = page.split("<script", 1)
        assert json.loads(told.split(">", 1)[1].split("</script>", 1)[0]) == values[name]
        assert f"{label}0" in drawn and f"{label}6" in drawn and other not in drawn
