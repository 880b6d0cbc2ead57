"""How a shop of kind ``mapping`` says things: where in its deliveries our fields stand, and what its words mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jmespath.parser import ParsedResult

from notifier import expressions
from notifier.domain import money
from notifier.domain.events import EventType, PaymentMethod

PAID: Literal["paid"] = "paid"
"""A meaning that depends on the method: paid online, or the deposit confirmed, or nothing for cash and phone."""

OTHERS = "*"
"""The key of what holds for every status or method that is not named."""

_HEADER = "header:"


def header_name(name: str) -> str:
    """The name of a header as it was given. Raises ValueError when no header can be called so."""
    if not re.fullmatch(r"[!#$%&'*+.^`|~\w-]+", name, re.ASCII):
        raise ValueError(f"{name!r} is no name of a header")
    return name


class Lookup:
    """Where a value stands: a JMESPath expression on the body, or ``header:NAME``. Raises ValueError for neither."""

    __slots__ = ("_parsed", "header", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.header = header_name(text.removeprefix(_HEADER).strip()).lower() if text.startswith(_HEADER) else None
        self._parsed: ParsedResult | None = None if self.header else expressions.compiled(text)

    def find(self, document: Any, headers: Mapping[str, str]) -> Any:
        """The value, or None. Raises JMESPathError when the document does not suit the expression."""
        if self._parsed is not None:
            return self._parsed.search(document)
        value = headers.get(self.header or "")
        return value.encode("ascii", "replace").decode() if value is not None else None


class Fixed(Lookup):
    """A currency's code where an expression is expected: the same for every order."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        self.text, self.header, self._parsed = text, None, None

    def find(self, document: Any, headers: Mapping[str, str]) -> Any:
        return self.text


def currency(text: str) -> Lookup:
    """``IRT`` is the currency itself; anything else says where it stands."""
    return Fixed(text) if text in money.CURRENCIES else Lookup(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingRules:
    """How to read one shop.

    ``statuses``: the shop's word → everything that has happened to an order by then, the newest last. ``snapshots``:
    it posts what an order is, at every change, rather than what happened: the same word again is no news.
    """

    status: Lookup
    statuses: Mapping[str, tuple[EventType | Literal["paid"], ...]]
    fields: Mapping[str, Lookup]
    methods: Mapping[str, PaymentMethod] = field(default_factory=dict)
    event_id: Lookup | None = None
    time: Lookup | None = None
    zone: ZoneInfo
    snapshots: bool = True

    def meanings(self, status: str) -> tuple[EventType | Literal["paid"], ...] | None:
        """What a status says; None when nobody has told us."""
        if (known := self.statuses.get(status, self.statuses.get(OTHERS))) is not None:
            return known
        return (EventType(status),) if status in set(EventType) else None

    def method(self, word: str) -> PaymentMethod | None:
        """How that pays; None when nobody has told us."""
        folded = word.lower()
        if (known := self.methods.get(folded, self.methods.get(OTHERS))) is not None:
            return known
        return PaymentMethod(folded) if folded in set(PaymentMethod) else None

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers that values are taken from."""
        lookups = (self.status, self.event_id, self.time, *self.fields.values())
        return tuple(one.header for one in lookups if one is not None and one.header)
