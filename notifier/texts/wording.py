"""What changed between two wordings, word by word."""

import difflib
import re
from typing import Literal, NamedTuple

_WORDS = re.compile(r"\{[{%].*?[%}]\}|\s|[^\s{]+|\{")
_LARGEST = 4000  # pieces: of more, whole wordings are shown beside each other


class WordingPart(NamedTuple):
    """A piece of text that is in both, only in the older or only in the newer one."""

    kind: Literal["same", "gone", "new"]
    text: str


def compared(before: str, after: str) -> list[WordingPart]:
    """Both wordings in one, in pieces."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    if len(old) + len(new) > _LARGEST:
        return [WordingPart("gone", before), WordingPart("new", after)]
    parts: list[WordingPart] = []
    for kind, *places in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        from_, to, start, end = places
        if kind == "equal":
            parts.append(WordingPart("same", "".join(old[from_:to])))
            continue
        if to > from_:
            parts.append(WordingPart("gone", "".join(old[from_:to])))
        if end > start:
            parts.append(WordingPart("new", "".join(new[start:end])))
    return parts
