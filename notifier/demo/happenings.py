"""What happens in the demo and is shown: events, texts, calls, and at the end the sum."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from notifier.demo.script import StoryStep
from notifier.domain.calls import Call, ReasonToCall
from notifier.domain.messages import Message


class Posted(Struct, frozen=True, kw_only=True):
    """A shop posted an event and was answered."""

    at: datetime
    step: StoryStep
    status: int
    answer: dict[str, Any]
    name: str
    city: str
    method: str


class Said(Struct, frozen=True, kw_only=True):
    """A customer answered a text, or agreed with the desk upon a time: news that no shop posted. ``kind`` is the event
    that came of it, or ``text`` for one that a person is to read; ``text`` what the customer wrote."""

    at: datetime
    kind: str
    order_id: str
    source: str
    name: str
    by: Literal["customer", "desk"]
    text: str = ""
    delivery: str = ""
    mark: int | None = None
    note: str = ""
    messages: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()


class Heard(Struct, frozen=True, kw_only=True):
    """A carrier told of a parcel, or the bank of the account. ``standing`` is what became of a line of the account, and
    ``order_id`` then the order that it was given to, if any."""

    at: datetime
    kind: Literal["parcel", "bank"]
    order_id: str
    text: str
    place: str = ""
    standing: str = ""
    note: str = ""


class DialShown(Struct, frozen=True, kw_only=True):
    """The shop's exchange rang somebody of the desk and then a customer, and told what became of it."""

    at: datetime
    order_id: str
    source: str
    name: str
    phone: str
    extension: str
    found: str
    talked: int | None = None
    note: str = ""


class Arrived(Struct, frozen=True, kw_only=True):
    """A text was handed to the provider for somebody's phone."""

    at: datetime
    message: Message
    name: str
    parts: int


class PutOff(Struct, frozen=True, kw_only=True):
    """A text waits for its time, or will not be sent after all."""

    at: datetime
    message: Message
    name: str
    state: Literal["waiting", "withdrawn", "expired"]


class CallHappening(Struct, frozen=True, kw_only=True):
    """Something became of a call, or of one reason to make it: a customer has one open call, for whatever reasons."""

    at: datetime
    call: Call
    reason: ReasonToCall
    state: str  # planned, due, cancelled, or another state of calls

    @property
    def due_at(self) -> datetime:
        """When this is to be spoken about."""
        return datetime.fromtimestamp(self.reason.due / 1000, self.at.tzinfo)


class Summary(Struct, frozen=True, kw_only=True):
    """The sum of the day. ``acknowledged`` texts are those that an answer to a shop made true: each is sent, withdrawn
    by later news, expired, waiting, or lost. ``calls_cancelled`` are those that were never due.
    """

    date: str
    events: int
    refused: int
    duplicates: int
    parked: int
    acknowledged: int
    sent: int
    withdrawn: int
    expired: int
    waiting: int
    lost: int
    doubled: int
    reminders: int
    parts: int
    cost: int  # rial
    calls: int
    calls_due: int
    calls_cancelled: int


Happening = Posted | Said | Heard | DialShown | Arrived | PutOff | CallHappening | Summary
