"""Contracts for the branch offices of a larger sample company: the shipped ones beside one more per branch."""

import shutil
from pathlib import Path

from pipelines.demo.systems.branch import DELIMITERS
from pipelines.demo.world import World
from pipelines.home.settings import SHIPPED_SOURCES

TEMPLATE = Path(__file__).with_name("branch.yml")


def write_contracts(home: Path, world: World) -> None:
    """`<home>/sources` for companies with branches, which runs of that home read; nothing where the shipped ones do."""
    branches = [system.name for system in world.systems if system.name.startswith("branch_")]
    if not branches:
        return
    folder = home / "sources"
    folder.mkdir()
    for shipped in sorted(SHIPPED_SOURCES.glob("*.yml")):
        shutil.copy(shipped, folder / shipped.name)
    text = TEMPLATE.read_text(encoding="utf-8")
    for name in branches:
        delimiter = DELIMITERS[int(name[-2:]) % len(DELIMITERS)]
        (folder / f"{name}.yml").write_text(
            text.replace("{name}", name).replace("{delimiter}", delimiter.replace("\t", "\\t")), encoding="utf-8"
        )
    shutil.copytree(SHIPPED_SOURCES / "samples", folder / "samples", dirs_exist_ok=True)
