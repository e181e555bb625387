"""Writing a demo home: the exports of every system, their manifest, and the truth beside them."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.demo.contracts import write_contracts
from pipelines.demo.dirt import Dirt, load_dirt
from pipelines.demo.files import Outbox, sha256
from pipelines.demo.registry import LEAST
from pipelines.demo.systems import ALWAYS, BRANCH, EXPORTERS
from pipelines.demo.truth import write_truth
from pipelines.demo.world import World, build_world
from pipelines.errors import AlmanacError

SEED = 20_261_031
AS_OF = date(2026, 10, 31)
MOST_CUSTOMERS = 2_000_000  # the customers of one workbook must fit a sheet of 1,048,576 rows
MANIFEST = "demo_manifest.json"
SCENARIOS = Path(__file__).with_name("scenarios.yml")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class DemoSummary:
    """What was written: counts of true things, of records about them, and of files."""

    home: Path
    as_of: date
    customers: int
    account_records: int
    deals: int
    deal_records: int
    invoice_lines: int
    bad_rows: int
    files: int

    def text(self) -> str:
        """The summary for people, with the command that comes next."""
        return (
            f"{self.files} exports of the sample company up to {self.as_of} in {self.home / 'inbox'}\n"
            f"{self.customers:,} customers in {self.account_records:,} records, {self.deals:,} deals in "
            f"{self.deal_records:,} records, {self.invoice_lines:,} invoice lines, {self.bad_rows} rows to be refused\n"
            f"truth in {self.home / 'truth'}; next: almanac --home {self.home} run"
        )


def write_demo(
    home: Path,
    *,
    customers: int = 600,
    systems: int = 8,
    seed: int = SEED,
    as_of: date = AS_OF,
    progress: Progress | None = None,
    dirt: Dirt | None = None,
) -> DemoSummary:
    """Write the sample company's exports into a home of its own, replacing those of an earlier one.

    A folder that holds anything but a demo home is refused: the sample company never mixes with real data.
    """
    say = progress or (lambda text: None)
    if not 20 <= customers <= MOST_CUSTOMERS or not LEAST <= systems <= 40:
        raise AlmanacError(
            f"demo: {customers} customers over {systems} systems: "
            f"give 20 to {MOST_CUSTOMERS:,} customers over {LEAST} to 40 systems"
        )
    _claim(home)
    say("inventing the true world")
    rates = dirt or load_dirt()
    world = build_world(seed, customers, systems, as_of, rates)
    out = Outbox(home / "inbox", rates.rows)
    for one in world.systems:
        say(f"writing the exports of {one.name}")
        EXPORTERS[one.name](out, world) if one.name in EXPORTERS else BRANCH(out, world, one.name)
    for write in ALWAYS:
        write(out, world)
    write_contracts(home, world)
    shutil.copy(SCENARIOS, home / SCENARIOS.name)
    tables = write_truth(home / "truth", world, out)
    manifest = {
        "as_of": as_of.isoformat(),
        "seed": seed,
        "customers": customers,
        "systems": systems,
        "files": out.manifest(),
    }
    _write_manifest(home, manifest)
    return _summary(home, as_of, world, tables, out)


def _summary(home: Path, as_of: date, world: World, tables: dict[str, pl.DataFrame], out: Outbox) -> DemoSummary:
    return DemoSummary(
        home=home,
        as_of=as_of,
        customers=len(world.customers),
        account_records=len(tables["accounts"]),
        deals=len(world.deals.facts),
        deal_records=len(tables["deals"]),
        invoice_lines=len(world.sales.invoice_lines),
        bad_rows=len(tables["bad_rows"]),
        files=len(out.written),
    )


def _claim(home: Path) -> None:
    """Mark the folder as a demo home and clear the exports of an earlier one; nothing else is ever deleted."""
    marker = home / "home.json"
    if home.exists() and any(home.iterdir()):
        kind = json.loads(marker.read_text(encoding="utf-8")).get("kind") if marker.is_file() else None
        if kind != "demo":
            raise AlmanacError(
                f"{home} is not a demo home: give an empty or new folder, e.g. `almanac --home data/demo demo`"
            )
    for name in ("inbox", "truth", "sources"):
        shutil.rmtree(home / name, ignore_errors=True)
    (home / "inbox").mkdir(parents=True)
    if not marker.is_file():  # it also remembers what the home is used with
        marker.write_text(json.dumps({"kind": "demo"}), encoding="utf-8")


def write_unmapped_stage(home: Path, stage: str = "Blue sky") -> Path:
    """A scenario for tests: a newer HubSpot deals export with a stage word that no seed knows. Returns the file."""
    newest = sorted((home / "inbox" / "hubspot").glob("*all-deals*"))[-1]
    target = newest.with_name("hubspot-crm-exports-all-deals-2026-11-07.csv")
    text = newest.read_text(encoding="utf-8")
    used = next(word for word in ("Contract Sent", "Presentation Scheduled", "Closed Won") if f'"{word}"' in text)
    text = text.replace(f'"{used}"', f'"{stage}"')
    target.write_text(text, encoding="utf-8")
    manifest = json.loads((home / MANIFEST).read_text(encoding="utf-8"))
    manifest["files"][str(target.relative_to(home / "inbox"))] = sha256(target)
    _write_manifest(home, manifest)
    return target


def _write_manifest(home: Path, manifest: dict[str, Any]) -> None:
    (home / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
