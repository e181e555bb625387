"""The ids each system gives its records, and how they read once a contract has taken them in (the truth's spelling)."""

from collections.abc import Callable

import numpy as np

from pipelines.demo import ids

Numbers = np.ndarray


def account_ids(system: str, numbers: Numbers) -> np.ndarray:
    """Ids of account records by their number within the system."""
    return _FAMILY.get(system, _branch)(system, numbers, "account")


def deal_ids(system: str, numbers: Numbers) -> np.ndarray:
    """Ids of deal records by their number within the system."""
    return _FAMILY.get(system, _branch)(system, numbers, "deal")


def _salesforce(system: str, numbers: Numbers, kind: str) -> np.ndarray:
    shift = 500_000_000 if system == "salesforce_apac" else 0
    return ids.salesforce_ids("001" if kind == "account" else "006", numbers + shift)


def _fxiaoke(system: str, numbers: Numbers, kind: str) -> np.ndarray:
    return ids.hex_ids(numbers, 1_000_003 if kind == "account" else 77_000_017)


def _counted(account: Callable[[Numbers], np.ndarray], deal: Callable[[Numbers], np.ndarray] | None = None) -> Callable:
    def family(system: str, numbers: Numbers, kind: str) -> np.ndarray:
        return account(numbers) if kind == "account" or deal is None else deal(numbers)

    return family


def _padded(prefix: str, width: int) -> Callable[[Numbers], np.ndarray]:
    return lambda numbers: np.char.add(prefix, np.char.zfill(numbers.astype("U12"), width))


def _plain(start: int, step: int = 1) -> Callable[[Numbers], np.ndarray]:
    return lambda numbers: (start + step * numbers.astype(np.int64)).astype("U20")


def _branch(system: str, numbers: Numbers, kind: str) -> np.ndarray:
    return _padded(f"{system[-2:]}{'A' if kind == 'account' else 'D'}-", 7)(numbers)


_FAMILY: dict[str, Callable] = {
    "salesforce": _salesforce,
    "salesforce_apac": _salesforce,
    "fxiaoke": _fxiaoke,
    "hubspot": _counted(_plain(7_000_100_000, 37), _plain(9_100_200_000, 41)),
    "zoho": _counted(_plain(4876876000000311000), _plain(4876876000005200000)),
    "kingdee": _counted(_padded("C", 6)),
    "sap": _counted(_plain(100_000)),
    "tracker": _counted(_padded("EC-", 5)),
}
