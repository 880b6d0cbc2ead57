"""The story of a message in sentences, for whoever asks what became of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from notifier.domain import phones
from notifier.domain.counted import counted
from notifier.domain.ladder import PASSED_OVER, Descent, Unreached
from notifier.domain.messages import Attempt, Audience, MessageState
from notifier.sms import verdicts
from notifier.sms.limits import Over
from notifier.sms.providers.base import REMEMBERED
from notifier.store.reading import StoredMessage

_ENDS = {
    MessageState.QUEUED: "It waits to be sent.",
    MessageState.SENDING: "A worker is sending it at this moment.",
    MessageState.ACCEPTED: "The provider took it and has not said whether it arrived.",
    MessageState.DELIVERED: "It arrived.",
    MessageState.UNDELIVERED: "It did not arrive: the phone could not be reached.",
    MessageState.BLOCKED: "It did not arrive: the customer's number takes no texts from this line.",
    MessageState.FAILED: "It was refused for good and will not be sent.",
    MessageState.UNKNOWN: "It may have been sent; that is being looked into, and it is not sent again meanwhile.",
    MessageState.EXPIRED: "It became too late to send it, so it was not sent.",
    MessageState.CANCELLED: "It was taken back before it left.",
    MessageState.HELD: "It waits: a person decides (`notifier messages retry ID`).",
}

_REASONS = {
    "too_late": "Reason: its time was over.",
    "overtaken": "Reason: newer news of the order, ready as well, said all that was left to say.",
    "called_twice": "Reason: two calls read it out and none was answered; there is no third.",
    "no_rung": "Reason: every line of its ladder had been tried before.",
    "no_line": "Reason: nothing had left for a while by the only line that was left to it; a person tells it.",
    "pointless": "Reason: newer news of the order made it pointless while it was on its way.",
    "opted_out": "Reason: the customer wants no texts but the essential ones.",
    Over.HOUR: "Reason: its number got more texts than [sms.limits] number_hour within an hour. It did not leave.",
    Over.DAY: "Reason: its number got more texts than [sms.limits] number_day within a day. It did not leave.",
    Over.ESSENTIAL: "Reason: its number got more than [sms.limits] number_day_essential in a day. It did not leave.",
    Over.RIAL: "Reason: the day's money was spent, by [sms.limits] rial_day. It did not leave.",
    Over.COUNTRY: "Reason: its country is not in [sms.limits] countries. It did not leave.",
    "maybe_sent": "Reason: the provider's answer was lost and it cannot say whether the text left.",
}


def explain(stored: StoredMessage) -> Iterator[str]:
    """What was to be said to whom, each attempt, and how it stands."""
    message = stored.message
    whom = "a customer" if message.audience is Audience.CUSTOMER else "staff"
    about = f" about order {message.order_id}" if message.order_id else ""
    yield (
        f"{_when(message.created_at)}: template {message.template} (version {message.version or '–'}) for {whom}, "
        f"{phones.mask(message.to)}{about}."
    )
    if message.not_before:
        yield f"Not to be sent before {_when(message.not_before)}."
    if message.expires_at:
        yield f"Not to be sent after {_when(message.expires_at)}."
    told = [(attempt.at, 0, _attempt(attempt)) for attempt in stored.attempts]
    told += [(one.at, -1 if one.why in PASSED_OVER else 1, _descent(one)) for one in stored.descents]
    told += [(one.arrived, 2, _late(one)) for one in stored.descents if one.arrived is not None]
    for _, _, sentence in sorted(told):
        yield sentence
    if stored.reason:
        yield _REASONS.get(stored.reason, f"Reason: {stored.reason}")
    end = _ENDS[stored.state]
    hours = REMEMBERED // timedelta(hours=1)
    yield end if not stored.unconfirmed else f"{end} It was asked for {counted(hours, 'hour')}; no confirmation came."


def _attempt(attempt: Attempt) -> str:
    tried = f"{_when(attempt.at)}: {attempt.provider}"
    if attempt.outcome == "accepted":
        more = " It never tells whether a text arrived." if attempt.reason == verdicts.UNREPORTED else ""
        return f"{tried} took it{f' for {attempt.cost:,} rial' if attempt.cost else ''}.{more}"
    code = f" (code {attempt.code})" if attempt.code else ""
    return f"{tried} did not take it{code}, {attempt.outcome}: {attempt.reason}"


_WHY = {
    Unreached.ELSEWHERE: "{line} has nobody with this number",
    Unreached.KNOWN_ELSEWHERE: "{line} was not asked: it said some days ago that it has nobody with this number",
    Unreached.REFUSED: "{line} refused it",
    Unreached.UNDELIVERED: "{line} reported that it did not arrive",
    Unreached.BLOCKED: "{line} reported that the number takes nothing from it",
    Unreached.CANCELLED: "{line} reported that it did not send it",
    Unreached.NO_REPORT: "{line} has not said in time that it arrived",
    Unreached.UNKNOWN: "whether {line} sent it cannot be known, and it is not asked again",
    Unreached.PAUSED: "{line} was passed over: nothing left by it then",
    Unreached.NO_CREDIT: "{line} was passed over: its account had no credit",
}


def _descent(one: Descent) -> str:
    reason = f" ({one.reason})" if one.why is Unreached.PAUSED and one.reason else ""
    return f"{_when(one.at)}: {_WHY[one.why].format(line=one.provider)}{reason}; the next rung has it."


def _late(one: Descent) -> str:
    return f"{_when(one.arrived or one.at)}: {one.provider} reported after all that it had arrived."


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
