"""What the simulator keeps and how it may be set."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from notifier.simulator.codes import SimulatedStatus

Method = Literal["send", "sendarray", "lookup", "maketts"]
CallOutcome = Literal["answered", "busy", "no_answer", "rejected", "failed"]

CALL_STATUSES: Mapping[CallOutcome, SimulatedStatus] = {
    "answered": SimulatedStatus.DELIVERED,
    "busy": SimulatedStatus.UNDELIVERED,
    "no_answer": SimulatedStatus.UNDELIVERED,
    "rejected": SimulatedStatus.UNDELIVERED,
    "failed": SimulatedStatus.FAILED,
}
"""Of a call Kavenegar tells no more than of an SMS: which of them it was does not show on the wire."""


class Ripening(msgspec.Struct, frozen=True, kw_only=True):
    """How long after it is sent a message reaches the operator, and then its end. Nothing at all: the answer to the
    send already carries the last status."""

    operator: timedelta = timedelta(seconds=1)
    settled: timedelta = timedelta(seconds=4)


class AccountRules(msgspec.Struct, frozen=True, kw_only=True):
    """The account's rights, and a side for each question Kavenegar's documentation leaves open."""

    price_per_part: int = 1_200
    """Rial."""
    longest_text: int = 900
    """UTF-16 units; newer editions of the documentation say 1800."""
    lines: frozenset[str] | None = None
    """The lines the account may send from; None takes every well-formed one."""
    tags: frozenset[str] = frozenset()
    """The tags made in the panel."""
    links_allowed: bool = True
    ip_listed: bool = True
    """False: the outbox methods answer 407."""
    array_limit_code: Literal[412, 414] = 414
    """sendarray's own table says 412 for more than 200 messages, the general table 414."""
    localid_remembered: timedelta | None = None
    """How long a localid prevents a second send; None is for ever. The documentation does not say."""
    lookup_entries: Literal["list", "object"] = "list"
    tts_entries: Literal["list", "object"] = "object"
    lookup_reported: bool = True
    """Whether messages of lookup call back."""
    lookup_by_receptor: bool = True
    """Whether statusbyreceptor knows messages of lookup."""
    token_separators: str = "_"
    """Characters no token may hold, beside white space; which others count as separators is not documented."""


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A checked message about to be accepted."""

    receptor: str
    text: str
    sender: str
    method: Method
    sent_at: datetime
    localid: int | None = None
    template: str | None = None


class SimulatedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An accepted message. ``status`` is that of the moment it was read; ``cost`` is rial."""

    messageid: int
    receptor: str
    text: str
    sender: str
    method: Method
    localid: int | None
    template: str | None
    parts: int
    cost: int
    sent_at: datetime
    operator_at: datetime
    settled_at: datetime
    fate: int
    """The status it ends with from ``settled_at`` on."""
    status: int
    outcome: CallOutcome | None = None
    """Of a call: what became of it."""

    def at(self, now: datetime) -> "SimulatedMessage":
        """The message as it stands at ``now``."""
        status = self._status(now)
        return self if status == self.status else msgspec.structs.replace(self, status=status)

    def _status(self, now: datetime) -> int:
        if now >= self.settled_at:
            return self.fate
        if now < self.sent_at:
            return SimulatedStatus.SCHEDULED
        if now < self.operator_at:
            return SimulatedStatus.QUEUED
        # Both mean the same, so a client has to know both; lookup's documented example is 5.
        return (
            SimulatedStatus.AT_OPERATOR_TOO
            if self.method == "lookup" or self.messageid % 2
            else SimulatedStatus.AT_OPERATOR
        )


class SimulatedInbound(msgspec.Struct, frozen=True, kw_only=True):
    """A customer's message to one of the account's lines."""

    messageid: int
    sender: str
    receptor: str
    text: str
    received_at: datetime
    is_read: bool = False


class Blocked(msgspec.Struct, frozen=True, kw_only=True):
    """A number that wants nothing from one line. Reasons: 0 web service, 1 panel, 2 «لغو۱۱», 3 administrator."""

    line: str
    number: str
    reason: int
    since: datetime
