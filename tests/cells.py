"""One column of cells as it is loaded, and one file as it is proposed: what tests of values are made of."""

from pathlib import Path

from casting_table import ORDER_LINES
from ingest_world import World

from pipelines.contracts import load_contract
from pipelines.ingest.proposals.preview import preview
from pipelines.ingest.proposals.propose import propose

CONTRACT = f"{ORDER_LINES}\n      line_id: ID\n      order_id: ID\n"


def read(tmp_path: Path, column: str, *cells: str, header: str = "X") -> list[object]:
    """The value per cell, the code where its row is quarantined, or the code of the file's refusal alone."""
    name = column.partition(":")[0]
    world = World(tmp_path).contract(f"{CONTRACT}      {column}\n")
    world.put("a.csv", "".join([f"ID;{header}\n", "always;\n", *(f"{n};{cell}\n" for n, cell in enumerate(cells))]))
    row = world.run().files[0]
    if row["status"] != "loaded":
        return [row["reason_code"]]
    values = dict(world.rows(f"select line_id, {name} from raw.order_lines"))
    codes = dict(world.rows("select source_id, reason_code from quality.quarantine"))
    return [values.get(str(n), codes.get(str(n))) for n in range(len(cells))]


def proposed(tmp_path: Path, name: str, content: bytes | str) -> tuple[str, list[dict[str, object]]]:
    """The proposed contract of a file, and its rows under it."""
    world = World(tmp_path)
    path = world.put(name, content)
    text = propose(world.settings, path, "t", None)
    (tmp_path / "t.yml").write_text(text, encoding="utf-8")
    system = load_contract(tmp_path / "t.yml")
    return text, preview(world.settings, system, system.objects[0], path, is_sample=True).accepted.to_dicts()
