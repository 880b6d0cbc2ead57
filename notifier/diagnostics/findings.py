"""A finding: what is wrong, how badly, and where."""

from enum import StrEnum

from msgspec import Struct


class FindingLevel(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Finding(Struct, frozen=True):
    """Something wrong, or to be known: a sentence that names the file and the key it is in."""

    level: FindingLevel
    text: str


def error(where: str, text: str) -> Finding:
    return Finding(FindingLevel.ERROR, f"{where}: {text}")


def warning(where: str, text: str) -> Finding:
    return Finding(FindingLevel.WARNING, f"{where}: {text}")


def note(where: str, text: str) -> Finding:
    return Finding(FindingLevel.NOTE, f"{where}: {text}")
