"""One module per source system: `write(out, world)` puts its exports into the inbox in that system's own shape.

Belongs here: headers, words, number and date formats of one system. Does not belong here: what is true.
"""

from collections.abc import Callable

from pipelines.demo.files import Outbox
from pipelines.demo.systems import (
    branch,
    finance,
    fxiaoke,
    hubspot,
    kingdee,
    market,
    masterdata,
    planning,
    salesforce,
    salesforce_apac,
    sap,
    tracker,
    zoho,
)
from pipelines.demo.world import World

Exporter = Callable[[Outbox, World], None]
EXPORTERS: dict[str, Exporter] = {
    "kingdee": kingdee.write,
    "sap": sap.write,
    "salesforce": salesforce.write,
    "fxiaoke": fxiaoke.write,
    "hubspot": hubspot.write,
    "zoho": zoho.write,
    "salesforce_apac": salesforce_apac.write,
    "tracker": tracker.write,
}
ALWAYS: tuple[Exporter, ...] = (finance.write, masterdata.write, planning.write, market.write)
BRANCH = branch.write

__all__ = ["ALWAYS", "BRANCH", "EXPORTERS"]
