"""The limits of the method, as the seed `funnel_rules` holds them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Rules:
    """The rows of the seed, by name; each with its reason there."""

    min_lost_deals: float
    max_look_days: float
    min_deals: float
    min_finished_stays: float
    min_clustered_share: float
    clustering_significance: float
    settled_share: float
    settled_spans: float
    bootstrap_samples: float
    peer_significance: float

    @classmethod
    def read(cls, rows: Iterable[tuple[str, float]]) -> "Rules":
        """From pairs of name and value; raises ValueError for a rule that is missing."""
        values = dict(rows)
        missing = [field.name for field in fields(cls) if values.get(field.name) is None]
        if missing:
            raise ValueError(f"seed funnel_rules has no value for {', '.join(missing)}")
        return cls(**{field.name: float(values[field.name]) for field in fields(cls)})

    @property
    def look_days(self) -> list[int]:
        """Days between an export and a loss that may be tried, the fewest first."""
        return [days for days in (3, 5, 7, 10) if days < self.max_look_days] + [int(self.max_look_days)]
