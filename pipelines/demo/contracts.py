"""Contracts for the branch offices of a larger sample company: the shipped ones beside one more per branch."""

import shutil
from pathlib import Path

import yaml

from pipelines.demo.branch_shapes import contract_of
from pipelines.demo.world import World
from pipelines.home.settings import SHIPPED_SOURCES


def write_contracts(home: Path, world: World) -> None:
    """`<home>/sources` for companies with branches, which runs of that home read; nothing where the shipped ones do."""
    branches = [system.name for system in world.systems if system.name.startswith("branch_")]
    if not branches:
        return
    folder = home / "sources"
    folder.mkdir()
    for shipped in sorted(SHIPPED_SOURCES.glob("*.yml")):
        shutil.copy(shipped, folder / shipped.name)
    for name in branches:
        text = yaml.safe_dump(contract_of(name), allow_unicode=True, sort_keys=False, width=200)
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    shutil.copytree(SHIPPED_SOURCES / "samples", folder / "samples", dirs_exist_ok=True)
