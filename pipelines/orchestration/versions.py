"""Code versions: a table whose SQL, macros, contract or policy has changed since it was made is shown as stale.

A version is a hash over what decides the rows beside the data, and over no more than that.
"""

import hashlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from pipelines.contracts import SourceContract
from pipelines.home.settings import Settings

SHIPPED = version("almanac-warehouse")


def of_table(settings: Settings, contracts: Mapping[str, SourceContract], schema: str, table: str) -> str:
    """That of a table which Python writes: a raw one follows its contracts, a forecast its configuration."""
    if schema == "raw":
        zone = settings.company.timezone
        return _hash([SHIPPED, *_contract_hashes(contracts, table, zone)])
    if schema == "forecast":
        asked = b"\n".join(file.read_bytes() for file in settings.scenarios)
        return _hash([SHIPPED, settings.forecasts.read_bytes(), asked])
    return _hash([SHIPPED])


def _contract_hashes(contracts: Mapping[str, SourceContract], table: str, zone: str) -> list[str]:
    return [
        contract.contract_hash(item, contract.timezone or zone)
        for contract in contracts.values()
        for item in contract.objects
        if item.object == table
    ]


def of_node(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> str | None:
    """That of a model: its SQL and every macro of the project that it calls. Of a seed: its rows."""
    if node["resource_type"] != "model":
        return (node.get("checksum") or {}).get("checksum")
    return _hash([node["raw_code"], *_macros(manifest, node)])


def _macros(manifest: Mapping[str, Any], node: Mapping[str, Any]) -> list[str]:
    """SQL of the project's own macros below the node, by name: those of dbt itself change with its release alone."""
    own = {key: macro for key, macro in manifest["macros"].items() if macro["package_name"] == node["package_name"]}
    called, waiting = set[str](), list(node["depends_on"].get("macros", ()))
    while waiting:
        key = waiting.pop()
        if key in own and key not in called:
            called.add(key)
            waiting += own[key]["depends_on"].get("macros", ())
    return [own[key]["macro_sql"] for key in sorted(called)]


def _hash(parts: Iterable[str | bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update((part.encode() if isinstance(part, str) else part) + b"\0")
    return digest.hexdigest()[:16]
