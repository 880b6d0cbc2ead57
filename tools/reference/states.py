"""docs/reference/states.md: what may become of a text and of a call, from the tables that allow it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import TypeVar

from notifier.domain.calls import TRANSITIONS as CALL_MOVES
from notifier.domain.calls import CallState, Purpose
from notifier.domain.messages import TRANSITIONS as MESSAGE_MOVES
from notifier.domain.messages import MessageState
from notifier.domain.orders import Stage
from notifier.domain.timeline import SuppressionReason
from notifier.domain.variables import PURPOSES as NAMES
from scheduler.rules import OUTCOMES, PURPOSES, Consequence, Outcome, OutcomeRule
from tools.reference.page import MADE, table

_M, _C = MessageState, CallState
_State = TypeVar("_State", MessageState, CallState)

_MESSAGES: Mapping[MessageState, str] = {
    _M.QUEUED: "It waits in the outbox: for its hour, for the next try, or for a sender.",
    _M.SENDING: "A sender has it in hand, for a minute at most; if that sender dies, another takes it.",
    _M.ACCEPTED: "The provider took it; whether it arrived is asked for, or reported.",
    _M.DELIVERED: "It is on the phone. The time is that of the report.",
    _M.UNDELIVERED: "It did not arrive: the phone was off, out of reach, or the operator failed. A call may follow.",
    _M.BLOCKED: "The customer takes no texts from lines like ours. A call may follow.",
    _M.FAILED: "Refused for good, or nobody could send it in time. A person may send it once more.",
    _M.UNKNOWN: "It may have been sent: the answer was lost. It is looked for at the provider, not sent again.",
    _M.EXPIRED: "Its time (`expires` in the template) was over before it was sent.",
    _M.CANCELLED: "Newer news made it pointless, or a person withdrew it, before it was sent.",
    _M.HELD: "It waits for a person: it is over a limit, or may have been sent and nobody could find out.",
}
_CALLS: Mapping[CallState, str] = {
    _C.SCHEDULED: "Planned; given to somebody `assign_before`, and announced `remind_before` it is due.",
    _C.DUE: "To be made now. While nobody touches it, it climbs the ladder: its holder, the pool, a supervisor.",
    _C.CLAIMED: "Somebody has it on the screen; after `claim_limit` it is due again.",
    _C.DONE: "The customer was spoken to, or wants no calls.",
    _C.CANCELLED: "None of its reasons is left.",
    _C.EXHAUSTED: "Given up: nobody was reached as often as the rules say, or the number is somebody else's.",
}
_MESSAGE_PICTURE: Iterable[tuple[MessageState, MessageState, str]] = (
    (_M.QUEUED, _M.SENDING, "a sender takes it"),
    (_M.QUEUED, _M.CANCELLED, "newer news"),
    (_M.QUEUED, _M.EXPIRED, "too late"),
    (_M.SENDING, _M.QUEUED, "tried again later"),
    (_M.SENDING, _M.ACCEPTED, "the provider took it"),
    (_M.SENDING, _M.FAILED, "refused for good"),
    (_M.QUEUED, _M.HELD, "over a limit"),
    (_M.SENDING, _M.HELD, "over a limit"),
    (_M.SENDING, _M.UNKNOWN, "the answer was lost"),
    (_M.UNKNOWN, _M.ACCEPTED, "found at the provider"),
    (_M.UNKNOWN, _M.HELD, "not to be found out"),
    (_M.HELD, _M.QUEUED, "a person sends it"),
    (_M.HELD, _M.CANCELLED, "a person withdraws it"),
    (_M.FAILED, _M.QUEUED, "a person sends it"),
    (_M.ACCEPTED, _M.DELIVERED, "reported"),
    (_M.ACCEPTED, _M.UNDELIVERED, "reported"),
    (_M.ACCEPTED, _M.BLOCKED, "reported"),
    (_M.ACCEPTED, _M.QUEUED, "down the ladder"),
    (_M.UNDELIVERED, _M.DELIVERED, "it came after all"),
)
_CALL_PICTURE: Iterable[tuple[CallState, CallState, str]] = (
    (_C.SCHEDULED, _C.DUE, "its time has come"),
    (_C.SCHEDULED, _C.CANCELLED, "no reason is left"),
    (_C.DUE, _C.CLAIMED, "somebody takes it"),
    (_C.DUE, _C.CANCELLED, "no reason is left"),
    (_C.CLAIMED, _C.DUE, "the claim lapses"),
    (_C.CLAIMED, _C.SCHEDULED, "tried again later"),
    (_C.CLAIMED, _C.DONE, "reached"),
    (_C.CLAIMED, _C.EXHAUSTED, "given up"),
)
"""The pictures show what is usual, the tables everything."""
_WHY: Mapping[Purpose, str] = {
    Purpose.COORDINATION: "When and where to deliver or fetch, and that cash is to be paid.",
    Purpose.REASSURANCE: "It was paid in advance: all is well, and when it comes.",
    Purpose.SHIPPING_UPDATE: "The parcel is on its way: carrier, code, what to expect.",
    Purpose.SATISFACTION: "A day after delivery: is everything right?",
    Purpose.ARRANGE_PAYMENT: "How the customer wants to pay.",
    Purpose.PAYMENT_HELP: "The payment did not work, or was not finished.",
    Purpose.VERIFY_DEPOSIT: "Work rather than a call: look for the transfer in the account, confirm or reject it.",
    Purpose.DEPOSIT_REMINDER: "The transfer has not come.",
    Purpose.UNDELIVERED_SMS: "An essential text did not arrive: read it out.",
    Purpose.WHY_CANCELLED: "A prepaid order was cancelled: why, and where the money goes.",
    Purpose.CALLBACK: "The customer asked for a call, on the phone or by a text.",
    Purpose.RETURN: "Goods are to come back: when and from where; once accepted, the money back or another one.",
    Purpose.DEPOSIT_NOT_FOUND: "A reported transfer was not found: its date, its number, the card it came from.",
    Purpose.STALLED_PARCEL: "A parcel stands still, turns back or is lost: what its carrier said last.",
}
_OUTCOMES: Mapping[Outcome, str] = {
    Outcome.REACHED: "spoken to",
    Outcome.NO_ANSWER: "nobody answered",
    Outcome.BUSY: "the line was busy",
    Outcome.WRONG_NUMBER: "somebody else's number",
    Outcome.REFUSED: "the customer wants no calls",
    Outcome.CALLBACK: "wants to be called at a time of their own, given in `at`",
}
_CONSEQUENCES: Mapping[Consequence, str] = {
    Consequence.DONE: "done",
    Consequence.EXHAUSTED: "exhausted; the customer gets a text that we tried",
    Consequence.DO_NOT_CALL: "done; the customer is not called again",
    Consequence.TELL_SUPERVISOR: "exhausted without a text; a supervisor is told",
}
_REASONS: Mapping[SuppressionReason, str] = {
    SuppressionReason.SUPERSEDED: "Newer news had come already.",
    SuppressionReason.NOT_PAID: "The promises of this order begin with the payment; told once it is prepaid.",
    SuppressionReason.NOT_REQUESTED: "A return was judged that nobody asked for; told when the request comes.",
    SuppressionReason.NO_MOBILE: "No Iranian mobile is known for the customer.",
    SuppressionReason.NOT_ON_OFFER: "The order was paid in a way that is not on offer in its region.",
    SuppressionReason.DO_NOT_CALL: "The customer wants no calls.",
    SuppressionReason.PAST: "It happened long before we heard of it, and is kept for the record.",
}

_INTRODUCTION = f"""\
# States

{MADE.format(command="python -m tools.reference")}

What may become of a text and of a call. The tables are those the service itself goes by: another move cannot be
written. The pictures show what is usual.
"""


def page() -> str:
    """The whole page."""
    lines = [_INTRODUCTION, "## A text", "", *_picture(_moves(_M.QUEUED, _MESSAGE_PICTURE, MESSAGE_MOVES)), ""]
    lines += [*table(("state", "meaning", "may become"), _rows(_MESSAGES, MESSAGE_MOVES)), ""]
    lines += ["## Why a text or a call was left out", ""]
    lines += [*table(("reason", "meaning"), [(f"`{reason}`", _REASONS[reason]) for reason in SuppressionReason]), ""]
    lines += ["## A call", "", *_picture(_moves(_C.SCHEDULED, _CALL_PICTURE, CALL_MOVES)), ""]
    lines += [*table(("state", "meaning", "may become"), _rows(_CALLS, CALL_MOVES)), ""]
    lines += ["### Purposes of calls", "", _PURPOSES, "", *_purposes(), ""]
    lines += ["### Outcomes", "", _SAID, "", *_outcomes(), ""]
    stages = " → ".join(stage.name.lower().replace("_", " ") for stage in Stage if stage)
    lines += ["## An order", "", f"Its stage only moves forward: {stages}.", ""]
    return "\n".join(lines).rstrip() + "\n"


_PURPOSES = """\
Priority and time are those of `[calls.purposes]` where nothing is changed; the time is working time from when the call
is due until it is late."""
_SAID = """\
What somebody says of a try, and what comes of it by `[calls.outcomes]` where nothing is changed; waits are working
time."""


def _rows(meanings: Mapping[_State, str], moves: Mapping[_State, frozenset[_State]]) -> Iterator[tuple[str, str, str]]:
    for state in moves:
        targets = sorted(target for target in moves[state] if target != state)
        further = "anything" if len(targets) == len(moves) - 1 else ", ".join(f"`{target}`" for target in targets)
        yield f"`{state}`", meanings[state], further or "nothing: an end"


def _moves(
    first: _State, picture: Iterable[tuple[_State, _State, str]], moves: Mapping[_State, frozenset[_State]]
) -> Iterator[str]:
    yield f"[*] --> {first}"
    for state, target, why in picture:
        if target not in moves[state]:
            raise ValueError(f"the picture is wrong: what is {state} cannot become {target}")
        yield f"{state} --> {target}: {why}"
    yield from (f"{state} --> [*]" for state, targets in moves.items() if not targets)


def _picture(moves: Iterable[str]) -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2", *(f"  {move}" for move in moves), "```")


def _purposes() -> Iterator[str]:
    rows = [
        (
            f"`{purpose}`",
            NAMES[purpose],
            _WHY[purpose],
            str(PURPOSES[purpose].priority),
            _length(PURPOSES[purpose].within),
        )
        for purpose in sorted(Purpose, key=lambda purpose: -PURPOSES[purpose].priority)
    ]
    yield from table(("purpose", "in the console", "meaning", "priority", "late after"), rows)


def _outcomes() -> Iterator[str]:
    rows = [(f"`{outcome}`", _OUTCOMES[outcome], _what_follows(outcome, OUTCOMES[outcome])) for outcome in Outcome]
    yield from table(("outcome", "meaning", "what follows"), rows)


def _what_follows(outcome: Outcome, rule: OutcomeRule) -> str:
    end = _CONSEQUENCES[rule.then]
    if rule.limit == 1:
        return end
    again = "at that time" if outcome is Outcome.CALLBACK else f"again after {_length(rule.retry or timedelta())}"
    return f"{again}; number {rule.limit}: {end}"


def _length(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
