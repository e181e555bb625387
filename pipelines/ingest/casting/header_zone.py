"""The zone that a header states for its times: `Created (UTC)`, `Start [GMT+8]`; asked where it names no offset."""

import re

from pipelines.ingest.formats.source import FileRefusedError

_OFFSET = re.compile(r"[(\[（ _](?:UTC|GMT)\s*(?:([-+−–±])\s*(\d{1,2})(?::?([0-5]\d))?)?[)\]）]?$")
_ANY_OFFSET = re.compile(r"[(\[（](?:UTC|GMT)\s*[-+−–±][^)\]）]*[)\]）]$")
# Zones that have kept these minutes, without summer time, for as long as there are exports: DuckDB knows no others.
_WITH_MINUTES = {
    "+4:30": "Asia/Kabul", "+5:30": "Asia/Kolkata", "+5:45": "Asia/Kathmandu", "+6:30": "Asia/Yangon",
    "+9:30": "Australia/Darwin", "-9:30": "Pacific/Marquesas",
}  # fmt: skip
# Abbreviations are of several zones (CST: Chicago, Shanghai, Havana), and most leave summer time open.
_NAMED = re.compile(r"[(\[](EST|EDT|ET|CST|CDT|CT|MST|MDT|PST|PDT|PT|CET|CEST|MEZ|MESZ|EET|WET|BST|IST|JST|MSK)[)\]]$")


def stated_zone(header: str) -> str:
    """The zone of the offset that a header ends in, as `Etc/GMT-8` for UTC+8; empty where it states none.

    Raises FileRefusedError for an offset that no zone keeps.
    """
    match = _OFFSET.search(header.strip())
    if match is None and not _ANY_OFFSET.search(header.strip()):
        return ""
    zone = _zone("+" if match.group(1) == "+" else "-", int(match.group(2) or 0), match.group(3)) if match else ""
    if not zone:
        raise FileRefusedError(
            "undecided_zone",
            f"the header {header!r} states an offset that is not read: set `timezone` of the column: Asia/Tehran, for "
            "example",
        )
    return zone


def _zone(sign: str, hours: int, minutes: str | None) -> str:
    """The zone of an offset, empty where none keeps it the whole year."""
    if int(minutes or 0):
        return _WITH_MINUTES.get(f"{sign}{hours}:{minutes}", "")
    # the names of these zones count west of Greenwich as positive
    east = f"Etc/GMT{'-' if sign == '+' else '+'}{hours}"
    return "UTC" if not hours else east if hours <= (14 if sign == "+" else 12) else ""


def refuse_named_zone(header: str) -> None:
    """Raise FileRefusedError where a header ends in the abbreviation of a zone."""
    if match := _NAMED.search(header.strip()):
        raise FileRefusedError(
            "undecided_zone",
            f"which zone is {match.group(1)} of the header {header!r}? Set `timezone` of the column or of the system: "
            "Europe/Berlin, for example",
        )
