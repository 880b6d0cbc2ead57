"""What the rungs of a ladder came to, in Persian: for the card of a call, and the story of an order."""

import re
from collections.abc import Mapping
from datetime import datetime

from notifier.domain import jalali
from notifier.domain.channels import Channel
from notifier.domain.ladder import Descent, Unreached
from notifier.domain.messages import MessageState
from notifier.sms import reasons
from notifier.sms.rungs import Rung

CHANNELS: Mapping[Channel, str] = {Channel.SMS: "پیامک", Channel.BALE: "بله", Channel.VOICE: "تماس گویا"}

_WHY: Mapping[Unreached, str] = {
    Unreached.ELSEWHERE: "این شماره آنجا نیست",
    Unreached.KNOWN_ELSEWHERE: "چند روز پیش گفت این شماره آنجا نیست؛ دوباره از آن نپرسیدیم",
    Unreached.REFUSED: "پذیرفته نشد",
    Unreached.UNDELIVERED: "نرسید",
    Unreached.BLOCKED: "گیرنده این خط را بسته است",
    Unreached.CANCELLED: "سامانهٔ پیامک آن را ارسال نکرد و هزینه را برگرداند",
    Unreached.NO_REPORT: "پذیرفته شد، ولی خبری از رسیدن آن نیامد",
    Unreached.UNKNOWN: "روشن نشد که رفته باشد",
    Unreached.PAUSED: "از آن گذشتیم، چون متوقف بود",
    Unreached.NO_CREDIT: "از آن گذشتیم، چون اعتبار نداشت",
}
_CALLED: Mapping[Unreached, str] = {
    Unreached.UNDELIVERED: "پاسخ داده نشد",
    Unreached.NO_REPORT: "تماس گرفته شد، ولی خبری از پاسخ آن نیامد",
    Unreached.UNKNOWN: "روشن نشد که تماس گرفته شده باشد",
}
_PERSIAN = re.compile("[\u0621-\u06cc]")
_OWN_WORDS = frozenset({Unreached.ELSEWHERE, Unreached.REFUSED})


def answer(one: Descent) -> str:
    """What came of a rung."""
    if one.arrived is not None:
        return f"دیرتر خبر رسیدنش آمد، ساعت {jalali.time_of(one.arrived)}"
    said = reasons.told(one.reason) if one.reason and one.why in _OWN_WORDS else ""
    if said:
        return said
    if one.why is Unreached.PAUSED and _PERSIAN.search(why := reasons.told(one.reason)):  # or it is for an operator
        return f"{_WHY[one.why]}: {why}"
    return (_CALLED if one.channel is Channel.VOICE else {}).get(one.why) or _WHY[one.why]


def began(one: Descent) -> datetime:
    """When the rung was tried."""
    return one.taken or one.at


def sentence(one: Descent) -> str:
    """Channel, time and answer: «بله، ساعت ۱۰:۰۵: این شماره در بله حساب ندارد»."""
    return f"{CHANNELS[one.channel]}، ساعت {jalali.time_of(began(one))}: {answer(one)}"


_STATES: Mapping[str, str] = {
    MessageState.ACCEPTED: "پذیرفته شد و هنوز خبری از رسیدن آن نیامده است",
    MessageState.DELIVERED: "رسید",
    MessageState.UNDELIVERED: _WHY[Unreached.UNDELIVERED],
    MessageState.BLOCKED: _WHY[Unreached.BLOCKED],
    MessageState.FAILED: _WHY[Unreached.REFUSED],
    MessageState.UNKNOWN: "روشن نیست که رفته باشد؛ در حال بررسی است",
}
_SPOKEN: Mapping[str, str] = {
    MessageState.ACCEPTED: "تماس گرفته می‌شود و هنوز خبری از پاسخ نیامده است",
    MessageState.DELIVERED: "پاسخ داده شد",
    MessageState.UNDELIVERED: _CALLED[Unreached.UNDELIVERED],
}
_UNREPORTED = "پذیرفته شد؛ بیش از این نمی‌گوید و رسیدنش را نمی‌دانیم"


def of_rung(one: Rung) -> str:
    """What came of a rung, the one that a message is on among them."""
    if one.outcome in list(Unreached) and one.ended_at is not None:
        return answer(
            Descent(
                at=one.ended_at,
                provider=one.provider,
                channel=one.channel,
                why=Unreached(one.outcome),
                taken=one.taken_at,
                reason=one.reason,
                arrived=one.arrived_at,
            )
        )
    if one.outcome == MessageState.ACCEPTED and not one.reported:
        return _UNREPORTED
    if one.outcome == MessageState.FAILED and one.reason:
        return reasons.told(one.reason)
    spoken = _SPOKEN if one.channel is Channel.VOICE else {}
    return spoken.get(one.outcome) or _STATES.get(one.outcome, "")
