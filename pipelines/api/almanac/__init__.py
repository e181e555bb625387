"""`almanac.connect(home)`: the served tables of one run, whatever is published meanwhile.

Belongs here: what programs of readers may import. Does not belong here: anything that a run needs.
"""

from pipelines.serving.reader import Reader, connect

__all__ = ["Reader", "connect"]
