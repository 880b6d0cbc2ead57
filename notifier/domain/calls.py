"""A follow-up call: a promise that somebody of the shop phones a customer."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from notifier.domain.dialing import DialAttempt
from notifier.domain.errors import IllegalTransition

_TEHRAN = ZoneInfo("Asia/Tehran")


class Purpose(StrEnum):
    """Why a customer is called."""

    COORDINATION = "coordination"
    REASSURANCE = "reassurance"
    SHIPPING_UPDATE = "shipping_update"
    SATISFACTION = "satisfaction"
    ARRANGE_PAYMENT = "arrange_payment"
    PAYMENT_HELP = "payment_help"
    VERIFY_DEPOSIT = "verify_deposit"
    DEPOSIT_REMINDER = "deposit_reminder"
    UNDELIVERED_SMS = "undelivered_sms"
    WHY_CANCELLED = "why_cancelled"
    CALLBACK = "callback"
    RETURN = "return"
    DEPOSIT_NOT_FOUND = "deposit_not_found"
    STALLED_PARCEL = "stalled_parcel"


class CallState(StrEnum):
    SCHEDULED = "scheduled"
    DUE = "due"
    CLAIMED = "claimed"
    DONE = "done"
    CANCELLED = "cancelled"
    EXHAUSTED = "exhausted"


OPEN = frozenset({CallState.SCHEDULED, CallState.DUE, CallState.CLAIMED})
FINAL = frozenset(CallState) - OPEN


class CallRequest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reason to call as decided upon. The customer's one open call takes it in: that is the call book's business."""

    id: str
    purpose: Purpose
    order_id: str
    source: str
    phone: str | None
    name: str | None
    due_at: datetime
    created_at: datetime
    brief: str = ""  # what the caller should know and say, in Persian
    tried: tuple[str, ...] = ()  # by what the customer was not reached before, when, and with what answer, in Persian


TRANSITIONS: Mapping[CallState, frozenset[CallState]] = {
    CallState.SCHEDULED: frozenset(CallState),
    CallState.DUE: frozenset(CallState),
    CallState.CLAIMED: frozenset(CallState),
    CallState.DONE: OPEN | {CallState.CANCELLED},
    CallState.CANCELLED: frozenset(),
    CallState.EXHAUSTED: OPEN | {CallState.CANCELLED},
}
"""Where a call may go from each state. From an open one anywhere: its reasons, its time and its holder may change while
it stays open. One that somebody ended comes back when they take that back, or is cancelled when its reasons join the
call that its customer has by then. Reasons that come later make a new one."""


class ReasonToCall(Struct, frozen=True, array_like=True):
    """Why a customer is to be called: one promise about one order. Times are unix ms."""

    id: str
    purpose: Purpose
    order_id: str
    source: str
    due: int
    priority: int
    words: str = ""  # to read out, or what the customer wrote
    tried: tuple[str, ...] = ()  # by what they were not reached before


class HistoryEntry(Struct, frozen=True, array_like=True):
    """A line of a call's history: when (unix ms), what, who did it, what they noted, whom they gave it to."""

    at: int
    what: str
    by: str = ""
    note: str = ""
    to: str = ""


class UndoableAct(Struct, frozen=True, array_like=True):
    """What somebody did to a call last: what it was before, and what came of it. Times are unix ms.

    ``lines`` is how long the history was after it. ``outcome`` is the one that was counted. ``message`` is the id of
    the text that it queued. ``refused`` says that the customer wanted no calls from then on. ``owed`` are fields of the
    reminders it made, and ``caller`` who spoke to the customer before. ``source``, ``purpose``, ``timely`` (None for no
    first try) and ``satisfaction`` are what the figures of the day counted beside the outcome. ``agreed`` is the time
    of delivery that came of it: id of the news, source and id of the order, that time, and the one before.
    """

    at: int
    by: str
    lines: int
    state: CallState
    due: int
    late: int
    fixed: bool
    assignee: str | None
    step: int
    rung: int
    claimed_until: int
    outcome: str = ""
    message: str = ""
    refused: bool = False
    owed: tuple[str, ...] = ()
    caller: str = ""
    reached: bool = False
    source: str = ""
    purpose: str = ""
    timely: bool | None = None
    satisfaction: str = ""
    agreed: tuple[str, ...] = ()


class Call(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A customer's one open call, or one that is over, as stored. Times are unix ms.

    ``v`` counts its versions and comes first, where the store looks for it.
    """

    v: int
    id: str
    phone: str | None = None
    known_as: str = ""  # who is called, where no phone is known
    name: str | None = None
    due: int
    late: int  # at the latest
    created: int
    reasons: tuple[ReasonToCall, ...]
    state: CallState = CallState.SCHEDULED
    fixed: bool = False  # somebody named this time: it stands, whatever reasons come and go
    assignee: str | None = None
    step: int = 0  # of those before the call is due: 1 when assigned, 2 when its holder was told that it comes up
    rung: int = 0  # of the ladder of those that are due and untouched
    claimed_until: int = 0
    tried: dict[str, int] = {}  # outcome → how often
    history: tuple[HistoryEntry, ...] = ()
    ended: int = 0
    undo: UndoableAct | None = None  # what may be taken back
    texts_undone: int = 0  # texts that this call queued and that were taken back before they left
    dials: tuple[DialAttempt, ...] = ()  # the latest attempts through the exchange, oldest first
    dialled: int = 0  # how many there were

    @property
    def first(self) -> ReasonToCall:
        """The reason that weighs most."""
        if len(self.reasons) == 1:
            return self.reasons[0]
        return max(self.reasons, key=lambda reason: (reason.priority, -reason.due))

    @property
    def purpose(self) -> Purpose:
        return self.first.purpose

    @property
    def order_id(self) -> str:
        return self.first.order_id

    @property
    def source(self) -> str:
        return self.first.source

    @property
    def sources(self) -> frozenset[str]:
        """Whose customer is called."""
        return frozenset([reason.source for reason in self.reasons])

    @property
    def due_at(self) -> datetime:
        return datetime.fromtimestamp(self.due / 1000, _TEHRAN)

    @property
    def created_at(self) -> datetime:
        return datetime.fromtimestamp(self.created / 1000, _TEHRAN)

    @property
    def customer(self) -> str:
        """Who is called, as the call book knows them."""
        return self.phone or self.known_as

    @property
    def is_open(self) -> bool:
        return self.state in OPEN


def customer_of(phone: str | None, source: str, order_id: str) -> str:
    """What a customer is known by in the call book."""
    return phone or f"{source}:{order_id}"


def moved(call: Call, state: CallState, **changes: Any) -> Call:
    """The next version of a call, in ``state``. Raises IllegalTransition where TRANSITIONS does not lead there."""
    if state not in TRANSITIONS[call.state]:
        raise IllegalTransition(f"a call that is {call.state} cannot become {state}")
    return replace(call, state=state, v=call.v + 1, **changes)
