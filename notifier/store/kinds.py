"""Kinds of keys: what each holds, what ends it and how it moves between partitions. The table of them is `keys`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

_ABOUT = re.compile("<[a-z_]+>")


class By(Enum):
    """What tells where something belongs."""

    ORDER = "source:order"
    PARKING = "the number of an order that nobody has heard of"
    MESSAGE = "message"
    CALL = "call"
    CUSTOMER = "phone, or source:order of a customer without one"
    SEEN = "the answer that names the order"
    NOTHING = "it may stay where it is"


class Form(Enum):
    """How it is moved: whole, or what it holds one by one."""

    WHOLE = "whole"
    LIST = "list"
    MEMBERS = "members of a sorted set or set, or fields of a hash"
    COUNTERS = "counters of a hash, which are added up"
    RUBBISH = "nobody needs it"


@dataclass(frozen=True, slots=True)
class Moves:
    """What tells where a key of a partition, or each of its members, belongs."""

    form: Form
    by: By
    told_by: str = "name"  # or "member", "value", "second part of the member", "phone as a number": where that is read


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of key. ``name`` has what it is about in angle brackets; with ``moves`` it lies in a partition.

    ``what`` it holds and what ``ends`` it are Markdown, for docs/reference/store.md; periods of ``[retention]`` are in
    italics there.
    """

    name: str
    what: str
    ends: str
    moves: Moves | None = None

    @property
    def places(self) -> str:
        """The name with ``%s`` for each thing that it is about."""
        return _ABOUT.sub("%s", self.name)

    @property
    def pattern(self) -> re.Pattern[str]:
        """Matches names of this kind, with what they are about as the one group."""
        first, *_, last = [*re.split(_ABOUT, self.name, maxsplit=1), self.name.rpartition(">")[2]]
        if "<" not in self.name:
            return re.compile(f"({re.escape(self.name)})")
        about = "(.*)" if self.name.endswith(">") else "([^:]*)"
        return re.compile(f"{re.escape(first)}{about}{re.escape(last)}", re.DOTALL)


class Single:
    """The one key of its kind in a partition."""

    __slots__ = ("_name", "kind")

    def __init__(self, name: str, what: str, ends: str, moves: Moves) -> None:
        self.kind = Kind(name, what, ends, moves)
        self._name = name

    def __get__(self, keys: Any, _: type | None = None) -> str:
        return f"{keys.head}{self._name}"


def of_one(
    name: str, what: str, ends: str, moves: Moves, *, spelt: Callable[[str], str] | None = None
) -> Callable[[Any, str], str]:
    """A method that names the key about one thing, which the name has as ``spelt`` writes it."""
    kind = Kind(name, what, ends, moves)
    before, after = kind.places.split("%s")

    # Written as an f-string and not formatted: a unit of work names dozens of keys.
    def key(keys: Any, about: str) -> str:
        return f"{keys.head}{before}{about if spelt is None else spelt(about)}{after}"

    key.kind = kind  # type: ignore[attr-defined]
    return key


def of_two(name: str, what: str, ends: str, moves: Moves) -> Callable[[Any, str, str], str]:
    """A method that names the key about two things: a source, or a provider, and what has its id there."""
    kind = Kind(name, what, ends, moves)
    before, between, _ = kind.places.split("%s")

    def key(keys: Any, source: str, about: str) -> str:
        return f"{keys.head}{before}{source}{between}{about}"

    key.kind = kind  # type: ignore[attr-defined]
    return key
