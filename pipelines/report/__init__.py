"""The review pack: static pages and workbooks in every language of `labels/`, from the published tables of one run.

Belongs here: which table a page shows, how it is drawn and worded. Does not belong here: any figure that is not in a
served table, the swap (`pipelines/serving`), reading answers (`pipelines/decisions`), or a rule about who may see what:
pages are not access control.
"""

from pipelines.report.pack import read_pack, write_pack, write_pages, write_workbooks

__all__ = ["read_pack", "write_pack", "write_pages", "write_workbooks"]
