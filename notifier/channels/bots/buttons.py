"""The buttons under a reminder: what they say, and the data by which a press is understood. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from notifier.channels.bots.api import Keyboard
from notifier.channels.reminders import NoticeCall

CLAIM, SNOOZE = "برداشتم", "نیم ساعت دیگر"

_DATA = re.compile(r"([cs]):(\d{1,20}):(\d{1,6}):(\d)")


class PressKind(StrEnum):
    CLAIM = "c"
    SNOOZE = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class PressedButton:
    """``lines`` is how long the call's history was when the button was shown, ``alone`` whether the message is about
    this call alone."""

    kind: PressKind
    call_id: str
    lines: int
    alone: bool


def keyboard(calls: Sequence[NoticeCall]) -> Keyboard:
    """A row for each call."""
    if len(calls) == 1:
        (call,) = calls
        return [[(CLAIM, _data("c", call, 1)), (SNOOZE, _data("s", call, 1))]]
    return [
        [
            (f"{CLAIM}: {call.label}", _data("c", call, len(calls))),
            (SNOOZE, _data("s", call, len(calls))),
        ]
        for call in calls
    ]


def snooze_alone(pressed: PressedButton) -> Keyboard:
    """What is left under a message once its call was taken."""
    return [[(SNOOZE, _data("s", NoticeCall(pressed.call_id, pressed.lines, ""), 1))]]


def read(data: str) -> PressedButton | None:
    """What a press means; None for data that no button of ours has."""
    if not data.isascii() or (found := _DATA.fullmatch(data)) is None:
        return None
    return PressedButton(kind=PressKind(found[1]), call_id=found[2], lines=int(found[3]), alone=found[4] == "1")


def _data(kind: str, call: NoticeCall, of: int) -> str:
    return f"{kind}:{call.id}:{call.lines}:{of}"
