"""The systems of the sample company: who uses them, and which evidence about a customer they keep."""

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """One source system.

    kind: crm holds accounts and deals; erp holds customers, orders and invoices; sheet holds deals by customer name.
    chinese, overseas: relative weight as the home of a Chinese or overseas customer (CRMs only).
    has_tax_id, has_domain: whether its records keep them. Every system but the sheet keeps a telephone number.
    has_erp_code: whether it may carry the ERP's customer number.
    """

    name: str
    kind: str
    chinese: float = 0.0
    overseas: float = 0.0
    has_tax_id: bool = True
    has_domain: bool = True
    has_erp_code: bool = False


# in the order in which `--systems N` takes them
SYSTEMS = (
    System("kingdee", "erp", has_domain=False),
    System("sap", "erp", has_domain=False),
    System("salesforce", "crm", 0.10, 0.40, has_erp_code=True),
    System("fxiaoke", "crm", 0.40, 0.02, has_erp_code=True),
    System("hubspot", "crm", 0.18, 0.26, has_tax_id=False),
    System("zoho", "crm", 0.14, 0.20),
    System("salesforce_apac", "crm", 0.18, 0.12),
    System("tracker", "sheet", has_tax_id=False, has_domain=False),
)
LEAST = 3


def systems_for(number: int) -> tuple[System, ...]:
    """The first systems of that number; beyond the named ones, branch offices with a generic CRM of their own."""
    branches = tuple(System(f"branch_{place:02d}", "crm", 0.10, 0.10) for place in range(len(SYSTEMS) + 1, number + 1))
    return (*SYSTEMS[:number], *branches)
