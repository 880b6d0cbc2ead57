"""What the rungs of a ladder came to, in Persian: for the card of a call, and the story of an order."""

from collections.abc import Mapping
from datetime import datetime

from notifier.domain import jalali
from notifier.domain.channels import Channel
from notifier.domain.ladder import Descent, Unreached
from notifier.sms import reasons

CHANNELS: Mapping[Channel, str] = {Channel.SMS: "پیامک", Channel.BALE: "بله", Channel.VOICE: "تماس گویا"}

_WHY: Mapping[Unreached, str] = {
    Unreached.ELSEWHERE: "این شماره آنجا نیست",
    Unreached.KNOWN_ELSEWHERE: "از پیش می‌دانستیم این شماره آنجا نیست؛ فرستاده نشد",
    Unreached.REFUSED: "پذیرفته نشد",
    Unreached.UNDELIVERED: "نرسید",
    Unreached.BLOCKED: "گیرنده این خط را بسته است",
    Unreached.CANCELLED: "سامانه آن را نفرستاد و هزینه را برگرداند",
    Unreached.NO_REPORT: "پذیرفته شد، ولی خبری از رسیدن آن نیامد",
    Unreached.UNKNOWN: "روشن نشد که رفته باشد",
}
_CALLED: Mapping[Unreached, str] = {
    Unreached.UNDELIVERED: "پاسخ داده نشد",
    Unreached.NO_REPORT: "تماس گرفته شد، ولی خبری از پاسخ آن نیامد",
    Unreached.UNKNOWN: "روشن نشد که تماس گرفته شده باشد",
}
_OWN_WORDS = frozenset({Unreached.ELSEWHERE, Unreached.REFUSED})


def answer(one: Descent) -> str:
    """What came of a rung."""
    if one.arrived is not None:
        return f"دیرتر خبر رسیدنش آمد، ساعت {jalali.time_of(one.arrived)}"
    said = reasons.told(one.reason) if one.reason and one.why in _OWN_WORDS else ""
    if said:
        return said
    return (_CALLED if one.channel is Channel.VOICE else {}).get(one.why) or _WHY[one.why]


def began(one: Descent) -> datetime:
    """When the rung was tried."""
    return one.taken or one.at


def sentence(one: Descent) -> str:
    """Channel, time and answer: «بله، ساعت ۱۰:۰۵: این شماره در بله حساب ندارد»."""
    return f"{CHANNELS[one.channel]}، ساعت {jalali.time_of(began(one))}: {answer(one)}"
