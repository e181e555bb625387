"""The sample company: a seeded true world, the systems that export it, the dirt they add, and the truth kept beside.

Belongs here: everything that is invented. Does not belong here: reading exports, or anything a real company needs.
Nothing in the rest of the product imports this package except its command.
"""

from pipelines.demo.write import AS_OF, SEED, DemoSummary, write_demo, write_unmapped_stage

__all__ = ["AS_OF", "SEED", "DemoSummary", "write_demo", "write_unmapped_stage"]
