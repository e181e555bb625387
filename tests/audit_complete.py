"""Whether an audit looked at every pinned package: each one stands in the bill of materials that the audit wrote."""

import json
import re
import sys
from pathlib import Path


def pinned(lock: str) -> set[str]:
    """Packages of a lock file as `name==version`, names in the form that indexes use."""
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\\n]+)", lock, re.M)
    return {f"{re.sub('[-_.]+', '-', name).lower()}=={version}" for name, version in found}


def missing(lock: str, bill: str) -> list[str]:
    """Pinned packages that are not in a CycloneDX bill of materials."""
    components = json.loads(bill).get("components", [])
    looked_at = {f"{re.sub('[-_.]+', '-', one['name']).lower()}=={one['version']}" for one in components}
    return sorted(pinned(lock) - looked_at)


if __name__ == "__main__":
    absent = missing(*(Path(name).read_text(encoding="utf-8") for name in sys.argv[1:3]))
    sys.exit(f"not looked at: {', '.join(absent)}" if absent else 0)
