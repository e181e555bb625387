"""The zone that a header states for its times: `Created (UTC)`, `Start [GMT+8]`; asked where it names no offset."""

import re

from pipelines.ingest.formats.source import FileRefusedError

_OFFSET = re.compile(r"[(\[ _](?:UTC|GMT)\s*(?:([+-])\s*(\d{1,2})(?::?00)?)?[)\]]?$")
# Abbreviations are of several zones (CST: Chicago, Shanghai, Havana), and most leave summer time open.
_NAMED = re.compile(r"[(\[](EST|EDT|ET|CST|CDT|CT|MST|MDT|PST|PDT|PT|CET|CEST|MEZ|MESZ|EET|WET|BST|IST|JST|MSK)[)\]]$")


def stated_zone(header: str) -> str:
    """The zone of whole hours that a header ends in, as `Etc/GMT-8` for UTC+8; empty where it states none."""
    match = _OFFSET.search(header.strip())
    if match is None:
        return ""
    hours = int(match.group(2) or 0)
    # the names of these zones count west of Greenwich as positive
    return f"Etc/GMT{'-' if match.group(1) == '+' else '+'}{hours}" if 0 < hours <= 12 else "UTC" if not hours else ""


def refuse_named_zone(header: str) -> None:
    """Raise FileRefusedError where a header ends in the abbreviation of a zone."""
    if match := _NAMED.search(header.strip()):
        raise FileRefusedError(
            "undecided_zone",
            f"which zone is {match.group(1)} of the header {header!r}? Set `timezone` of the column or of the system: "
            "Europe/Berlin, for example",
        )
