"""A home whose working file holds just enough for matching: account records, keys, policy, no dbt process."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from pipelines import keys
from pipelines.home import warehouse
from pipelines.home.runs import Run
from pipelines.home.settings import Settings, load_settings
from pipelines.matching.engine import COLUMNS
from pipelines.matching.models import MATCHING, load_seed, run_models

Record = tuple[str, ...]
FIELDS = ("source_system", "source_id", "account_name", "tax_id", "phone", "city")

ACME = ("Acme Widgets Ltd", "91350100M000100Y43", "021-58881234", "上海")


@dataclass(frozen=True)
class MatchHome:
    """A home in which matching can be run again after a change."""

    settings: Settings

    def run(self, kind: str, number: int = 1) -> Run:
        """The run with that number."""
        day = date(2026, 1, number)
        return Run(f"r{number}", kind, day, datetime(2026, 1, number, 16), None, datetime(2026, 1, number, 17))  # type: ignore[arg-type]

    def match(self, namespaces: list[Record] = [], overrides: str = "") -> None:  # noqa: B006
        """Build the matching tables from staging."""
        path = self.settings.home / "match_overrides.csv"
        header = "source_system_l,source_id_l,source_system_r,source_id_r,decision,decided_by,decided_on,reason\n"
        path.write_text(header + overrides, encoding="utf-8")
        keys.build_keys(self.settings)
        with warehouse.write(self.settings) as connection:
            connection.execute("create schema if not exists matching")
            load_seed(connection, "match_weights", self.settings.seed("match_weights"))
            for seed in ("industries", "placeholders"):
                load_seed(connection, seed, self.settings.seed(seed))
            load_seed(connection, "match_overrides", path)
            connection.execute(
                "create or replace table matching.mtc_namespaces"
                " (source_system varchar, source_id varchar, namespace varchar, namespace_key varchar)"
            )
            connection.execute(
                "create or replace table matching.mtc_contacts"
                " (source_system varchar, source_id varchar, contact_keys varchar[], contact_domain_key varchar)"
            )
            for row in namespaces:
                connection.execute("insert into matching.mtc_namespaces values (?, ?, ?, ?)", row)
            run_models(connection, MATCHING)


def home_with(folder: Path, rows: list[Record], namespaces: list[Record] = [], overrides: str = "") -> MatchHome:  # noqa: B006
    """A home with these account records (fields as in FIELDS, missing ones null), matched."""
    home = MatchHome(load_settings(folder))
    with warehouse.write(home.settings) as connection:
        connection.execute("create schema if not exists staging")
        columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
        for table in ("raw.accounts", "staging.stg_account_records"):
            connection.execute(f"create or replace table {table} ({columns})")
            for row in rows:
                listed = ", ".join(FIELDS[: len(row)])
                marks = ", ".join("?" * len(row))
                connection.execute(
                    f"insert into {table} (exported_at, {listed}) values (timestamp '2026-01-01', {marks})", row
                )
    warehouse.record_run(home.settings, home.run("live"))
    home.match(namespaces, overrides)
    return home


def strangers(count: int) -> list[tuple[str, ...]]:
    """Unrelated companies, so that frequencies and the prior are realistic."""
    heads = ["Borealis", "Cindermoor", "Dalewick", "Estragon", "Fjordline", "Gantry", "Hollowmere", "Islington"]
    return [("crm", f"x{i}", f"{heads[i % 8]}{chr(97 + i // 8)}o Works{i} Ltd") for i in range(count)]


def valid_tax_id() -> str:
    from pipelines.keys.tax import USCC_ALPHABET, is_valid_uscc

    return next(code for c in USCC_ALPHABET if is_valid_uscc(code := f"91310000MA1FL5XG4{c}"))
