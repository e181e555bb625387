"""What one check found."""

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "error"]
Severity = Literal["critical", "warning"]


@dataclass(frozen=True)
class CheckResult:
    """One expectation on one table in one run of a gate.

    outcome: `failed` says the data is bad, `error` that the check itself could not be made.
    kwargs, unexpected_examples, unexpected_keys: JSON texts; the last two hold the first offenders only.
    observed: the value the expectation looks at, as text.
    """

    gate: str
    suite: str
    schema: str
    table: str
    expectation: str
    column: str | None
    kwargs: str
    severity: Severity
    because: str
    outcome: Outcome
    observed: str | None = None
    unexpected_count: int | None = None
    unexpected_examples: str = "[]"
    unexpected_keys: str = "[]"
    exception: str | None = None

    @property
    def is_blocking(self) -> bool:
        """Whether this result alone keeps the run from being served.

        A critical rule that could not be checked blocks as well: nobody knows whether it holds.
        """
        return self.severity == "critical" and self.outcome != "passed"

    @property
    def sentence(self) -> str:
        """The result in one line, for logs and summaries."""
        where = f"{self.schema}.{self.table}" + (f".{self.column}" if self.column else "")
        if self.outcome == "error":
            return f"{self.gate}: {where} {self.expectation} could not be checked: {self.exception}"
        if self.outcome == "passed":
            return f"{self.gate}: {where} {self.expectation} passed"
        return f"{self.gate}: {where} {self.expectation} failed ({self.observed}): {self.because}"
