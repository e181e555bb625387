"""One module per source system: `write(out, world)` puts its exports into the inbox in that system's own shape.

`lead_lists`, `quotes`, `agreements`, `service`, `workbooks` and `supply` write one topic in the shapes of several.

Belongs here: headers, words, number and date formats of one system. Does not belong here: what is true.
"""

from collections.abc import Callable

from pipelines.demo.files import Outbox
from pipelines.demo.systems import (
    agreements,
    branch,
    crm_usage,
    docusign,
    finance,
    fxiaoke,
    hubspot,
    kingdee,
    lead_lists,
    market,
    marketo,
    masterdata,
    oa,
    planning,
    quotes,
    registry,
    salesforce,
    salesforce_apac,
    sap,
    service,
    supply,
    tracker,
    workbooks,
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
ALWAYS: tuple[Exporter, ...] = (
    *(finance.write, masterdata.write, planning.write, market.write),
    *(marketo.write, lead_lists.write, quotes.write, oa.write, docusign.write),
    *(agreements.write, service.write),
    *(workbooks.write, supply.write, crm_usage.write, registry.write),
)
BRANCH = branch.write

__all__ = ["ALWAYS", "BRANCH", "EXPORTERS"]
