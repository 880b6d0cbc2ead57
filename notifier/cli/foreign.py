"""Words of customers and strangers on a terminal: shown, and never obeyed."""

import re

from rich.text import Text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def foreign(text: str) -> Text:
    """The text as it is: brackets are no markup, and controls of the terminal are spelt out."""
    return Text(_CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text))
