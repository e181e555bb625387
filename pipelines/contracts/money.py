"""Which columns of an object are money that is converted by its currency, and where that currency may stand."""

from pipelines.contracts.canonical import CanonicalObject
from pipelines.contracts.objects import ObjectContract
from pipelines.contracts.systems import SourceContract

# The currency of a document's lines may stand on its head; that of a deal's history is the deal's.
HEAD_OF = {"order_lines": "orders", "invoice_lines": "invoices", "opportunity_lines": "opportunities"}
_OF_ANOTHER = frozenset({"opportunity_history"})


def money_columns(canonical: CanonicalObject) -> list[str]:
    """The columns of an object that hold money and are converted by its own column `currency`."""
    currency = canonical.columns.get("currency")
    if currency is None or not currency.map or canonical.name in _OF_ANOTHER:
        return []
    return [name for name, column in canonical.columns.items() if "currency" in column.unit]


def is_currency_on_head(system: SourceContract, contract: ObjectContract) -> bool:
    """Whether the lines' currency stands on their heads, which another file of the system holds."""
    head = HEAD_OF.get(contract.object)
    return any(item.object == head and "currency" in item.columns for item in system.objects)
