"""The review pack: static pages in every language of `labels/`, from the published tables of one run.

Belongs here: which table a page shows, how it is drawn and worded. Does not belong here: any figure that is not in a
served table, the swap (`pipelines/serving`), or a rule about who may see what: pages are not access control.
"""

from pipelines.report.pack import write_pack

__all__ = ["write_pack"]
