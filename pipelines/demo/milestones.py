"""The true milestones of product development: planned, slipping, reached."""

import polars as pl

from pipelines.demo import ids
from pipelines.demo.world import World

PROJECTS = (("PS-30", "Sensors"), ("EC-200", "Controllers"), ("Line monitor 3", "Software"),
            ("Remote service", "Services"), ("Seal kit X", "Spare parts"))  # fmt: skip
NAMES = ("Concept", "Design freeze", "Prototype", "Pilot run", "Launch")
OWNER = "方志远"
STEP_DAYS = 110  # planned from one milestone to the next
MOST_DELAY = 35  # days that each step may add


def true_milestones(world: World) -> pl.DataFrame:
    """One row per project and milestone: project, product_line, milestone, owner, planned, reached (days; the day on
    which it was or will be reached: delays add up over a project)."""
    rng = ids.rng_for(world.seed, "milestones")
    rows = []
    for place, (project, line) in enumerate(PROJECTS):
        planned, late = world.last - 520 + 45 * place, 0
        for name in NAMES:
            late += max(int(rng.integers(-8, MOST_DELAY)), 0)
            rows.append((project, line, name, OWNER, planned, planned + late))
            planned += STEP_DAYS
    columns = ["project", "product_line", "milestone", "owner", "planned", "reached"]
    return pl.DataFrame(rows, schema=columns, orient="row")
