"""A small home for ingestion tests: contracts written as text, exports as bytes, and the tables they end in."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines import ingest
from pipelines.contracts import load_contracts
from pipelines.home import warehouse
from pipelines.home.settings import Settings, load_settings
from pipelines.ingest import IngestReport

LANDED = datetime(2024, 2, 1, 8)
DEALS = """
system: crm
title: CRM
timezone: UTC
objects:
  - object: opportunities
    files: "deals_*.csv"
    exported_at: {filename: 'deals_(\\d{8})', format: "%Y%m%d"}
    key: [opportunity_id]
    columns:
      opportunity_id: ID
      opportunity_name: Title
      stage: Stage
      amount: Amount
      currency: {const: USD}
      closed_on: Closed
"""
LINES = """
system: shop
title: Shop
timezone: UTC
objects:
  - object: order_lines
    files: "**/lines_*.csv"
    exported_at: {filename: 'lines_(\\d{8})', format: "%Y%m%d"}
    parts: many
    key: none
    columns: {line_id: Line, quantity: Quantity}
"""
EVERYTHING = (
    "select opportunity_id, stage, amount, closed_on, source_id, exported_at, _file_id, _record, _row_hash "
    "from raw.opportunities order by all"
)
HEADER = "ID,Title,Stage,Amount,Closed\n"


@dataclass
class World:
    """One home under a temporary folder."""

    folder: Path
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        for name in ("home/inbox", "config/sources", "config/seeds"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "config/seeds/stage_words.csv").write_text(
            "word,source_system,canonical\nClosed Won,*,won\nProspecting,*,lead\n赢单,*,won\n", encoding="utf-8"
        )
        self.settings = load_settings(self.folder / "home", config=self.folder / "config")

    def contract(self, text: str = DEALS) -> "World":
        system = next(line for line in text.splitlines() if line.startswith("system:")).split()[1]
        (self.folder / f"config/sources/{system}.yml").write_text(text, encoding="utf-8")
        return self

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.settings.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def run(self, landed_at: datetime = LANDED) -> IngestReport:
        report = ingest.run(self.settings, load_contracts(self.settings.sources), landed_at)
        for row in report.files:
            assert row["rows_in"] == row["rows_loaded"] + row["rows_quarantined"] + row["rows_control"], row
        return report

    def rebuild(self) -> None:
        ingest.rebuild(self.settings, load_contracts(self.settings.sources))

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with warehouse.read(self.settings) as connection:
            return connection.execute(sql).fetchall()

    def column(self, sql: str) -> list[Any]:
        return [row[0] for row in self.rows(sql)]


def deals(*rows: Sequence[str]) -> str:
    """A deals export with the given rows."""
    return HEADER + "".join(",".join(row) + "\n" for row in rows)


def put_months(world: World, months: list[int]) -> None:
    for month in months:
        rows = [(str(n), f"deal {n}", "Prospecting", str(n * month), "") for n in range(1, 4)]
        world.put(f"deals_2023{month:02d}01.csv", deals(*rows))
