"""A message: one text to one person, with the text as it was when the decision was taken, or when it left."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from notifier.domain.channels import Channel
from notifier.domain.errors import IllegalTransition
from notifier.domain.orders import News

OPT_OUT_CONFIRMED = "opt_out_confirmed"
"""The template that says that the texts have stopped: of no order, and sent only in answer to who asked for that."""


class Audience(StrEnum):
    CUSTOMER = "customer"
    STAFF = "staff"


class Via(StrEnum):
    """How a text leaves: as written, or as a pattern the provider has approved."""

    SEND = "send"
    LOOKUP = "lookup"


class Pattern(Struct, frozen=True):
    """A pattern that a provider has approved, with the values for one message."""

    name: str
    tokens: dict[str, str]


class MessageState(StrEnum):
    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    BLOCKED = "blocked"
    FAILED = "failed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    HELD = "held"


_S = MessageState

TRANSITIONS: Mapping[MessageState, frozenset[MessageState]] = {
    # Delivered: what a rung that was given up said late.
    _S.QUEUED: frozenset({_S.SENDING, _S.CANCELLED, _S.EXPIRED, _S.HELD, _S.DELIVERED}),
    _S.SENDING: frozenset(
        {_S.QUEUED, _S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED, _S.UNKNOWN, _S.EXPIRED, _S.HELD}
    ),
    _S.UNKNOWN: frozenset(
        {_S.QUEUED, _S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED, _S.EXPIRED, _S.HELD}
    ),
    # Queued: another rung may reach, or another call.
    _S.ACCEPTED: frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED, _S.QUEUED}),
    # An operator may learn later that a text arrived after all; the reverse never happens.
    _S.HELD: frozenset({_S.QUEUED, _S.CANCELLED, _S.EXPIRED, _S.DELIVERED}),
    _S.UNDELIVERED: frozenset({_S.DELIVERED}),
    _S.FAILED: frozenset({_S.QUEUED}),
    _S.DELIVERED: frozenset(),
    _S.BLOCKED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.CANCELLED: frozenset({_S.QUEUED}),  # what news took back, other news may bring back
}
"""The only ways a message goes."""

LEFT = frozenset({_S.ACCEPTED, _S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED})
"""States of a message that its provider took."""

TOLD = frozenset({_S.DELIVERED, _S.UNDELIVERED, _S.BLOCKED, _S.FAILED})
"""States that end what a shop waits for: its backend is told of them."""


MAYBE_SENT = "maybe_sent"
"""Why a text is held, or failed, that may have been sent; any other such text surely was not."""


def sources(target: MessageState) -> frozenset[MessageState]:
    """The states from which a message may come into ``target``."""
    return frozenset(state for state, targets in TRANSITIONS.items() if target in targets)


def require_transition(message_id: str, source: MessageState, target: MessageState) -> None:
    """Raise IllegalTransition where TRANSITIONS does not lead from ``source`` to ``target``."""
    if target not in TRANSITIONS[source]:
        raise IllegalTransition(f"message {message_id} cannot go from {source} to {target}")


class Follows(Struct, frozen=True, array_like=True):
    """The text that a reminder reminds of, and how long after it the reminder is to leave (ms)."""

    id: str
    after: int


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was decided; what becomes of it is the ledger's business. While it waits, words and phone follow its order.

    ``id`` is a positive int64 in decimal, derived from what is said to whom about what. The provider gets it as its
    ``localid``, so that saying it again is safe.
    """

    id: str
    template: str
    version: str
    to: str
    text: str
    created_at: datetime
    audience: Audience = Audience.CUSTOMER
    order_id: str | None = None
    source: str | None = None
    essential: bool = False
    keeps_quiet_hours: bool = False
    patterns: dict[str, Pattern] = {}  # by kind of provider; a provider whose kind is not here gets the text
    spoken: str = ""  # what a call reads out, where the template has words for that
    not_before: datetime | None = None
    expires_at: datetime | None = None
    overtakes: bool = False  # once it is ready, older texts of its order that may be overtaken are not sent any more
    overtakable: bool = False
    order_v: int = 0  # the version of the order that it says; 0: it keeps its words
    about: News | None = None  # of several alike the one it is about: a parcel, a refund
    follows: Follows | None = None
    route: str = ""  # the source by whose own lines it leaves, or the rungs left to it; empty: by the lines of all
    to_since: datetime | None = None  # since when it goes to this phone, where its order had another before


class Attempt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One try to send a message, and what came of it."""

    at: datetime
    provider: str
    outcome: str  # "accepted", or a Failure
    code: int | None = None
    reason: str = ""
    cost: int | None = None  # rial
    channel: Channel = Channel.SMS
