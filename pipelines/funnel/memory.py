"""Estimates that are known: most samples of a run hold the deals that they held the night before."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from pipelines.funnel.last_look import Sample
from pipelines.funnel.rules import Rules

Figures = list[dict[str, Any]]  # one per stage of the ladder

# An estimate by another method, or by other random numbers, is another one.
_SOURCE = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
METHOD = hashlib.blake2b(_SOURCE + f"numpy {np.__version__} polars {pl.__version__}".encode()).digest()


class Memory:
    """Figures by sample, with those of an earlier run. What a run does not ask for is forgotten with it."""

    def __init__(self, known: Iterable[tuple[str, str]] = ()) -> None:
        """known: rows of `kept`, as an earlier run left them."""
        self._known, self._asked = dict(known), dict[str, str]()

    def figures(self, sample: Sample, rules: Rules, estimated: Callable[[Sample, Rules], Figures]) -> Figures:
        """What is known of a sample, estimated where nothing is."""
        key = _key(sample, rules)
        if key not in self._asked:
            self._asked[key] = self._known.get(key) or json.dumps(estimated(sample, rules))
        figures: Figures = json.loads(self._asked[key])
        return figures

    @property
    def kept(self) -> pl.DataFrame:
        """sample, figures: one row per sample of this run."""
        return pl.DataFrame(list(self._asked.items()), schema={"sample": pl.String, "figures": pl.String}, orient="row")


def _key(sample: Sample, rules: Rules) -> str:
    """A hash over every number that an estimate is made from, and how it is made."""
    digest = hashlib.blake2b(METHOD, digest_size=16)
    digest.update(repr(rules).encode())
    for array in (getattr(sample, field.name) for field in fields(sample)):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
