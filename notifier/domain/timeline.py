"""The story of an order, line by line."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct

CUSTOMER = ":customer"
"""Who said it, in ``extra`` of a line, where the customer did; no id of staff has a colon."""

AGREED_UPON, SLOT_MARK, MARK, CALLBACK_AT = "agreed_upon", "slot", "mark", "callback_at"
ASKED_FOR = "asked_for"
"""What a line about an event says of it in ``extra`` beside what we do not know."""


class LineKind(StrEnum):
    EVENT = "event"
    REPEATED = "repeated"  # news that was known already
    MESSAGE = "message"
    MESSAGE_CANCELLED = "message_cancelled"
    CALL = "call"
    CALL_CANCELLED = "call_cancelled"
    SUPPRESSED = "suppressed"
    VIOLATION = "violation"
    BY_HAND = "by_hand"  # somebody of the staff did something; ``extra`` says who
    INBOUND = "inbound"  # the customer texted to us
    DIALLED = "dialled"  # through the exchange; ``what`` is ``begun`` or what became of it


class SuppressionReason(StrEnum):
    """Why something that the policy names did not come to be."""

    SUPERSEDED = "superseded"
    NOT_PAID = "not_paid"
    NOT_REQUESTED = "not_requested"  # a return was judged that nobody asked for
    NO_MOBILE = "no_mobile"
    NOT_ON_OFFER = "not_on_offer"
    DO_NOT_CALL = "do_not_call"
    PAST = "past"  # it happened long before we heard of it


class TimelineEntry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``at`` is when we noted it, ``happened_at`` when the shop says it happened."""

    at: datetime
    kind: LineKind
    what: str  # an event type, a template, a purpose or a method
    ref: str | None = None  # id of the event, message or call
    reason: SuppressionReason | None = None
    happened_at: datetime | None = None
    extra: dict[str, Any] = {}  # of an event: what the shop sent that we do not know
