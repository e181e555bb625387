"""The review pack: static pages and workbooks in every language of `labels/`, from the published tables of one run.

Belongs here: which table a page shows, how it is drawn and worded. Does not belong here: any figure that is not in a
served table, the swap (`pipelines/serving`), reading answers (`pipelines/decisions`), or a rule about who may see what:
pages are not access control.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.report.editions import PAGES_OF, WHOLE, Edition
    from pipelines.report.pack import read_edition, read_pack, write_pack, write_pages, write_workbooks

__all__ = ["PAGES_OF", "WHOLE", "Edition", "read_edition", "read_pack", "write_pack", "write_pages", "write_workbooks"]


def __getattr__(name: str) -> Any:
    """Imported when asked for: who reads the words of this package alone does not wait for charts and workbooks."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    place = "editions" if name in ("PAGES_OF", "WHOLE", "Edition") else "pack"
    return getattr(import_module(f"{__name__}.{place}"), name)
