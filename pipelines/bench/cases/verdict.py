"""How a value that the product gives is judged beside the right one: right, asked, null or wrong."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

VERDICTS = ("right", "asked", "null", "wrong")  # the later, the worse
# Takes the folder of its kind; returns what is right and what the product says.
Case = Callable[[Path], tuple[Any, Any]]


class Asked(str):
    """A question, a refusal or a warning that stands in place of a value."""

    __slots__ = ()


class OneOf(tuple[Any, ...]):
    """Several values of which each is right."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        """Whether the other is one of them."""
        return any(value == other for value in self)

    __hash__ = tuple.__hash__


def judged(expected: Any, got: Any) -> Counter[str]:
    """The number of values by verdict. Lists of equal length and dicts are compared value by value.

    One refusal in place of a whole list counts for each of its values; a list of another length is one wrong value.
    """
    if isinstance(expected, OneOf):
        return Counter([_verdict(expected, got)])
    if isinstance(expected, dict):
        got = got if isinstance(got, Asked) else [got.get(key) for key in expected] if isinstance(got, dict) else None
        return judged(list(expected.values()), got)
    if not isinstance(expected, list | tuple):
        return Counter([_verdict(expected, got)])
    if isinstance(got, Asked):
        got = [got] * len(expected)
    if not isinstance(got, list | tuple) or len(got) != len(expected):
        return Counter(["wrong"])
    return sum((judged(*pair) for pair in zip(expected, got, strict=True)), Counter[str]())


def _verdict(expected: Any, got: Any) -> str:
    if isinstance(got, Asked):
        return "asked"
    if expected == got:
        return "right"
    return "null" if got is None else "wrong"


def worst(values: Counter[str]) -> str:
    """The verdict of a case: the worst of its values."""
    return max(values, key=VERDICTS.index, default="right")
