"""The story of an order as its page tells it: one line for each thing, with what became of it."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notifier.console import labels
from notifier.domain import jalali, money, persian
from notifier.domain.calls import Call, CallState
from notifier.domain.channels import Channel
from notifier.domain.decide import derived_id
from notifier.domain.events import AgreedTime
from notifier.domain.messages import MessageState
from notifier.domain.timeline import AGREED_UPON, CALLBACK_AT, MARK, SLOT_MARK, LineKind, TimelineEntry
from notifier.sms import ladder_told, reasons, rungs
from notifier.sms.resend import RETRYABLE
from notifier.sms.segments import segments
from notifier.store.reading import StoredMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class RungLine:
    """A rung of a ladder in words; ``at`` is None for one that is still to come."""

    channel: str
    answer: str
    at: datetime | None = None
    reached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One line. ``tone`` is a class of the page; ``again`` says whether the text may be sent once more."""

    at: datetime
    kind: str
    icon: str
    title: str
    text: str = ""
    happened_at: datetime | None = None
    message: StoredMessage | None = None
    call: Call | None = None
    segments: int = 0
    reason: str = ""
    again: bool = False
    why_not: str = ""
    by: str = ""  # who of the staff did it
    by_words: str = ""
    picture: str = ""  # of a bank receipt
    rungs: Sequence["RungLine"] = ()

    @property
    def until_delivered(self) -> float:
        """Seconds between the text's coming to be and our learning that it had arrived."""
        if self.message is None or self.message.delivered is None:
            return 0
        return self.message.delivered / 1000 - self.message.message.created_at.timestamp()


def timeline(
    lines: Sequence[TimelineEntry],
    messages: Mapping[str, StoredMessage],
    calls: Mapping[str, Call],
    names: Mapping[str, str],
) -> list[Chapter]:
    """The newest first; ``names`` are those of the staff by id."""
    return [_by(line, _chapter(line, messages, calls), names) for line in reversed(lines)]


def _by(line: TimelineEntry, chapter: Chapter, names: Mapping[str, str]) -> Chapter:
    """The chapter with whoever of the staff made it."""
    by = line.extra.get("by") if line.kind is not LineKind.INBOUND else None
    if not isinstance(by, str):
        return chapter
    name = str(line.extra.get("by_name") or labels.doer(by, names))
    said = "به گزارش" if line.kind in (LineKind.EVENT, LineKind.REPEATED) else "به دست"
    picture = line.extra.get("picture")
    return replace(chapter, by=name, by_words=f"{said} {name}", picture=picture if isinstance(picture, str) else "")


def _chapter(line: TimelineEntry, messages: Mapping[str, StoredMessage], calls: Mapping[str, Call]) -> Chapter:
    match line.kind:
        case LineKind.EVENT | LineKind.REPEATED:
            said = labels.EVENTS.get(line.what, line.what)
            return Chapter(
                at=line.at,
                kind="event" if line.kind is LineKind.EVENT else "dimmed",
                icon="event",
                title=said if line.kind is LineKind.EVENT else f"{said} (خبر تکراری)",
                happened_at=line.happened_at,
                text=_money(line) or _about(line),
            )
        case LineKind.MESSAGE:
            return _message(line, messages.get(line.ref or ""), calls)
        case LineKind.CALL:
            call = calls.get(line.ref or "")
            return Chapter(
                at=line.at, kind="planned", icon="phone", title=f"تماس: {labels.purpose(line.what)}", call=call
            )
        case LineKind.SUPPRESSED:
            return Chapter(
                at=line.at,
                kind="suppressed dimmed",
                icon="mute",
                title=f"{labels.what(line.what)} ارسال نشد"
                if labels.what(line.what).startswith("پیامک")
                else f"{labels.what(line.what)} برنامه‌ریزی نشد",
                reason=labels.SUPPRESSED.get(line.reason or "", line.reason or ""),
            )
        case LineKind.MESSAGE_CANCELLED:
            return Chapter(
                at=line.at, kind="dimmed", icon="cross", title=f"پیامک «{labels.template(line.what)}» پس گرفته شد",
                reason="با خبر تازه‌تر دیگر لازم نبود",
            )  # fmt: skip
        case LineKind.CALL_CANCELLED:
            call = calls.get(line.ref or "")
            if call is not None and call.state is CallState.DONE:
                done = f"کار «{labels.purpose(line.what)}» انجام شد"
                return Chapter(at=line.at, kind="dimmed", icon="check", title=done)
            return Chapter(
                at=line.at,
                kind="dimmed",
                icon="cross",
                title=f"تماس «{labels.purpose(line.what)}» کنار رفت",
                reason="با خبر تازه‌تر دیگر لازم نبود",
            )
        case LineKind.VIOLATION:
            method = labels.METHODS.get(line.what, line.what)
            return Chapter(
                at=line.at, kind="warned", icon="cross", title="روش پرداخت بیرون از قرار فروشگاه",
                reason=f"پرداخت {method} در شهر مشتری ارائه نمی‌شود؛ هنوز پرداخت نشده شمرده می‌شود و باید هماهنگ شود",
            )  # fmt: skip
        case LineKind.BY_HAND:
            return Chapter(
                at=line.at,
                kind="event",
                icon="staff",
                title=labels.BY_HAND.get(line.what, line.what),
                text=_money(line),
            )
        case LineKind.INBOUND:
            return Chapter(
                at=line.at, kind="event", icon="message", title="پیامک مشتری", text=str(line.extra.get("text", ""))
            )


def _about(line: TimelineEntry) -> str:
    """The time of delivery that an event brought and what is odd about it, a mark, when a customer wants a call."""
    said, parts = line.extra, list[str]()
    with contextlib.suppress(ValueError):
        if isinstance(text := said.get(AGREED_UPON), str):
            agreed = AgreedTime.parse(text)
            parts.append(jalali.time_span(agreed.date, agreed.start, agreed.end))
        if isinstance(wished := said.get(CALLBACK_AT), str):
            at = datetime.fromisoformat(wished)
            parts.append(f"{jalali.weekday_date(at)}، {jalali.time_of(at)}")
    if isinstance(mark := said.get(SLOT_MARK), str) and mark in labels.SLOT_MARKS:
        parts.append(labels.SLOT_MARKS[mark])
    if isinstance(given := said.get(MARK), int):
        parts.append(f"{persian.digits(given)} از ۵")
    return "؛ ".join(parts)


def _money(line: TimelineEntry) -> str:
    """What somebody saw of a deposit at the bank, and who confirmed it."""
    said, parts = line.extra, list[str]()
    if isinstance(seen := said.get("seen"), int):
        parts.append(f"در حساب دیده شد: {money.toman(seen)}")
    for name, label in (("account", "حساب"), ("second_name", "تأیید دوم"), ("reason", "دلیل"), ("note", "یادداشت")):
        if isinstance(text := said.get(name), str) and text and "by" in said:
            parts.append(f"{label}: {persian.tidy(text)}")
    return "؛ ".join(parts)


def _rungs(stored: StoredMessage, calls: Mapping[str, Call]) -> list[RungLine]:
    """By what a message was tried, where there was more than a text."""
    tried = rungs.rungs(stored)
    if not stored.descents and all(one.channel is Channel.SMS for one in tried):
        return []
    found = [
        RungLine(
            channel=ladder_told.CHANNELS[one.channel],
            answer=ladder_told.of_rung(one),
            at=one.at,
            reached=one.arrived_at is not None,
        )
        for one in tried
    ]
    if (waits := rungs.waits_for(stored)) is not None:
        found.append(RungLine(channel="پلهٔ بعد", answer=f"منتظر ارسال با {waits}"))
    asked = derived_id("undelivered", stored.message.id)
    for call in calls.values():
        if any(reason.id == asked for reason in call.reasons):
            due = datetime.fromtimestamp(call.due / 1000, stored.message.created_at.tzinfo)
            joined = bool(tried) and due < tried[-1].at  # a call that was planned before for something else
            answer = labels.CALL_STATES[call.state]
            found.append(RungLine(channel="تماس همکار", answer=answer, at=None if joined else due))
    return found


def _message(line: TimelineEntry, stored: StoredMessage | None, calls: Mapping[str, Call]) -> Chapter:
    title = f"پیامک: {labels.template(line.what)}"
    if stored is None:
        return Chapter(at=line.at, kind="message", icon="message", title=title)
    state = stored.state
    return Chapter(
        at=line.at,
        kind="message dimmed" if state in (MessageState.CANCELLED, MessageState.EXPIRED) else "message",
        icon="message",
        title=title,
        message=stored,
        segments=segments(stored.message.text),
        reason=message_reason(stored),
        again=state in RETRYABLE,
        rungs=_rungs(stored, calls),
        why_not=labels.WHY_NOT_AGAIN.get(state, ""),
    )


def message_reason(stored: StoredMessage) -> str:
    """Why a message is where it is, as far as it is known."""
    if stored.reason:
        return labels.MESSAGE_REASONS.get(stored.reason) or reasons.told(stored.reason)
    if stored.state in RETRYABLE and stored.attempts:
        return reasons.told(stored.attempts[-1].reason)
    return ""
