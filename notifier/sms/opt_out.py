"""«لغو۱۱» at the end of a plain text: by it a customer learns how to stop the texts of a line.

Whether a line must carry it, and whether the provider puts it there by itself, differs from line to line.
"""

import re
from enum import StrEnum

from notifier.sms.segments import units

OPT_OUT = "لغو۱۱"
ROOM = units(f"\n{OPT_OUT}")
"""What it takes of a text, in UTF-16 units."""

_SAID = re.compile(r"لغو[ \u200c]*(?:11|۱۱)\s*$")


class OptOutBy(StrEnum):
    """Who puts «لغو۱۱» behind the plain texts of a line."""

    PROVIDER = "provider"
    NOTIFIER = "notifier"
    NOBODY = "nobody"


def footed(text: str, by: OptOutBy) -> str:
    """The text as it is handed to the provider. One that says it already is left as it is."""
    return f"{text}\n{OPT_OUT}" if by is OptOutBy.NOTIFIER and not _SAID.search(text) else text
