"""Lines that begin with a Latin word though they are Persian."""

import re
import unicodedata

RLM = "\u200f"
_STRONG = {"L": False, "R": True, "AL": True}
_BEGINS_PERSIAN = re.compile(r"[ -@\[-`{-~۰-۹٬«»،؛…]*[آ-غف-یپچژکگ]")  # nearly every line: no need to look closer


def right_to_left(line: str) -> str:
    """The line, behind a mark if a phone would take its direction from a Latin word ahead of the Persian ones.

    Phones set each line in the direction of its first strong letter: «Sara عزیز، …» would stand from left to right.
    """
    if _BEGINS_PERSIAN.match(line):
        return line
    first = next((strong for char in line if (strong := _strong(char)) is not None), True)
    if first or not any(map(_is_persian, line)):
        return line
    return RLM + line


def _strong(char: str) -> bool | None:
    return _STRONG.get(unicodedata.bidirectional(char))


def _is_persian(char: str) -> bool:
    return _strong(char) is True
