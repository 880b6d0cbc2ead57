"""A telephone exchange to practise against: described HTTP, Simotel's API, and what they post; nobody is rung."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

import aiohttp
import msgspec

from notifier.clock import Clock

DIAL, ORIGINATE, AMI = "exchange/dial", "exchange/originate", "exchange/ami"
"""What faults are put for."""

_RINGS, _TALKS = timedelta(seconds=5), timedelta(seconds=75)
_DISPOSITIONS = {"answered": "ANSWERED", "busy": "Busy", "no_answer": "NO ANSWER", "unreachable": "NO ANSWER"}
_STATUSES = {
    "answered": "ANSWER", "busy": "BUSY", "no_answer": "NOANSWER", "unreachable": "CHANUNAVAIL",
    "line_fault": "CONGESTION",
}  # fmt: skip


class DialledOutcome(StrEnum):
    """What becomes of a call to a number."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNREACHABLE = "unreachable"
    LINE_FAULT = "line_fault"
    AGENT_MISSED = "agent_missed"


class SimulatedDial(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was asked for. ``kind`` is http, simotel or ami."""

    kind: str
    extension: str
    number: str
    reference: str
    attempt: str = ""


@dataclass
class SimulatedExchange:
    """``outcomes`` are by number as it is dialled; others are answered. What is to be told goes to ``callback_url``,
    one step of each call a time."""

    clock: Clock
    callback_url: str | None = None
    user: str = "notifier"
    outcomes: dict[str, DialledOutcome] = field(default_factory=dict)
    dials: list[SimulatedDial] = field(default_factory=list)
    told: deque[tuple[str, Mapping[str, Any]]] = field(default_factory=deque)
    """Kind and event, of all that is still to be told."""

    def dial(self, kind: str, extension: str, number: str, *, attempt: str = "") -> SimulatedDial:
        """Ring an extension, then a number."""
        reference = f"orig.call.{len(self.dials) + 1}"
        dial = SimulatedDial(kind=kind, extension=extension, number=number, reference=reference, attempt=attempt)
        self.dials.append(dial)
        outcome = self.outcomes.get(number, DialledOutcome.ANSWERED)
        events = {"http": _described, "simotel": self._simotel, "ami": _manager}[kind](dial, outcome)
        self.told += [(kind, event) for event in events]
        return dial

    def ring_in(self, kind: str, number: str) -> None:
        """Somebody calls the shop."""
        event: dict[str, Any] = {
            "http": {"event": "inbound", "number": number},
            "simotel": {"event_name": "IncomingCall", "number": number, "unique_id": "in.1"},
            "ami": {"Event": "Newchannel", "Context": "from-trunk", "CallerIDNum": number, "Linkedid": "in.1"},
        }[kind]
        self.told.append((kind, event))

    async def deliver(self) -> int:
        """Post what is to be told but for the manager interface's; how much that was."""
        waiting = [event for kind, event in self.told if kind != "ami"]
        self.told = deque((kind, event) for kind, event in self.told if kind == "ami")
        if not waiting or self.callback_url is None:
            return 0
        async with aiohttp.ClientSession() as session:
            for event in waiting:
                async with session.post(self.callback_url, json=event) as answer:
                    await answer.read()
        return len(waiting)

    def _simotel(self, dial: SimulatedDial, outcome: DialledOutcome) -> list[dict[str, Any]]:
        state = {"event_name": "NewState", "exten": dial.extension, "direction": "out", "participant": dial.number}
        events: list[dict[str, Any]] = [{**state, "state": "Ringing"}]
        if outcome is DialledOutcome.AGENT_MISSED:
            return events  # as its documents say: nothing more comes
        now = self.clock.now().replace(microsecond=0, tzinfo=None)
        record = {
            "event_name": "Cdr", "starttime": str(now), "endtime": str(now), "src": dial.extension,
            "dst": dial.number, "type": "outgoing", "disposition": _DISPOSITIONS.get(outcome, "FAILED"),
            "originated_call_id": dial.reference, "unique_id": f"u.{dial.reference}",
        }  # fmt: skip
        if outcome is DialledOutcome.ANSWERED:
            record |= {"billsec": str(int(_TALKS.total_seconds())), "record": f"{dial.reference}.mp3"}
        else:
            record |= {"duration": str(int(_RINGS.total_seconds()))}
        return [*events, {**state, "state": "InUse"}, record]


def _described(dial: SimulatedDial, outcome: DialledOutcome) -> list[dict[str, Any]]:
    about = {"attempt": dial.attempt, "call_id": dial.reference, "extension": dial.extension, "number": dial.number}
    words = ["agent_ringing"]
    if outcome is DialledOutcome.AGENT_MISSED:
        return [{"event": word, **about} for word in (*words, "agent_missed")]
    words += ["agent_answered", "ringing", str(outcome)]
    events: list[dict[str, Any]] = [{"event": word, **about} for word in words]
    talked = int(_TALKS.total_seconds()) if outcome is DialledOutcome.ANSWERED else 0
    return [*events, {"event": "ended", "talked": talked, **about}]


def _manager(dial: SimulatedDial, outcome: DialledOutcome) -> list[dict[str, Any]]:
    own = {"DestUniqueid": dial.attempt, "DestLinkedid": dial.attempt}
    events: list[dict[str, Any]] = [{"Event": "DialBegin", **own}]
    if outcome is DialledOutcome.AGENT_MISSED:
        missed = {"Event": "OriginateResponse", "ActionID": dial.attempt, "Response": "Failure", "Reason": "3"}
        return [*events, {"Event": "DialEnd", "DialStatus": "NOANSWER", **own}, missed]
    customer = {"Uniqueid": dial.attempt, "Linkedid": dial.attempt, "DestUniqueid": "9.2", "DestLinkedid": dial.attempt}
    return [
        *events,
        {"Event": "DialEnd", "DialStatus": "ANSWER", **own},
        {"Event": "OriginateResponse", "ActionID": dial.attempt, "Response": "Success", "Reason": "4"},
        {"Event": "DialBegin", **customer},
        {"Event": "DialEnd", "DialStatus": _STATUSES[outcome], **customer},
        {"Event": "Hangup", "Uniqueid": "9.2", "Linkedid": dial.attempt, "Cause": "16"},
        {"Event": "Hangup", "Uniqueid": dial.attempt, "Linkedid": dial.attempt, "Cause": "16"},
    ]
