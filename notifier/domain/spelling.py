"""What was meant by a name that nobody knows."""

import difflib
from collections.abc import Iterable


def meant(written: str, known: Iterable[str]) -> str:
    """The end of a sentence that offers the nearest of the known names; nothing where none is near."""
    near = difflib.get_close_matches(written, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
