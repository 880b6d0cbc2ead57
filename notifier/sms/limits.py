"""What the line may not be made to do: how many texts one number gets, what a day may cost, and where texts may go.

Whoever can have texts sent can annoy and deceive with them, at the shop's expense. What is over a limit is held: shown
in the console, told to supervisors, and sent when a person says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from redis.asyncio import Redis

from notifier.domain import phones
from notifier.domain.messages import Audience, Message, MessageState, Via
from notifier.sms.limit_rules import Limits
from notifier.sms.outbox import ClaimedMessage, Settled
from notifier.store import keys as names
from notifier.store.publishing import Alert
from notifier.store.work import Script

_SPEND = Script("spend")
_KEPT = 3 * 24 * 3600  # seconds
_TEHRAN = ZoneInfo("Asia/Tehran")

Cost = Callable[[Message], int]
"""What a message will cost by some line, in rial."""


class Over(StrEnum):
    """Why a text is held, as it is written down with it."""

    HOUR = "number_hour"
    DAY = "number_day"
    ESSENTIAL = "number_day_essential"
    RIAL = "rial_day"
    COUNTRY = "country"


_TO_NUMBERS = "شماره‌ای بیش از اندازه پیامک می‌گرفت؛ پیامک‌های تازه‌اش نگه داشته شد و در میز پشتیبانی منتظر تصمیم شماست."
_TOLD = {
    Over.HOUR: _TO_NUMBERS,
    Over.DAY: _TO_NUMBERS,
    Over.ESSENTIAL: _TO_NUMBERS,
    Over.RIAL: "سقف هزینهٔ پیامک امروز پر شد؛ پیامک‌های بعدی نگه داشته شد و در میز پشتیبانی منتظر تصمیم شماست.",
    Over.COUNTRY: "پیامکی به شمارهٔ کشوری دیگر در راه بود؛ نگه داشته شد و در میز پشتیبانی منتظر تصمیم شماست.",
}
_NEARLY = "۸۰٪ سقف هزینهٔ پیامک امروز خرج شده است؛ پس از پر شدن سقف، پیامک‌ها نگه داشته می‌شود."


@dataclass(slots=True)
class Bounds:
    """Holds the limits for all processes together. ``cost`` tells what a text will cost, in rial."""

    redis: Redis
    alert: Alert
    cost: Callable[[str, Via], int]
    limits: Limits

    async def held(self, over: Over) -> None:
        """Tell the supervisors that texts are being held."""
        await self.alert(f"held_{over}", _TOLD[over])

    def abroad(self, message: Message) -> bool:
        """Whether it goes where nothing is to go. Staff are known people."""
        countries = self.limits.countries
        return bool(countries) and message.audience is Audience.CUSTOMER and phones.country(message.to) not in countries

    def estimate(self, message: Message, *, by_pattern: bool) -> int:
        """What a text will cost, in rial, by the table of the configuration."""
        return self.cost(message.text, Via.LOOKUP if by_pattern else Via.SEND)

    async def reserve(self, claimed: Sequence[ClaimedMessage], cost: Cost, *, now: datetime) -> list[bool]:
        """Set money aside for each, as far as the day's has not run out; whether each may be sent.

        What staff get, what a person had sent and what the provider may have already is counted and not stopped.
        """
        limit = self.limits.rial_day
        if not limit or not claimed:
            return [True] * len(claimed)
        wanted = [part for one in claimed for part in (cost(one.message), int(_free(one)))]
        answer = await _SPEND.run(self.redis, [_day(now)], limit, _KEPT, *wanted)
        if answer[0]:
            await self.alert("rial_day_nearly", _NEARLY)
        return [bool(granted) for granted in answer[1:]]

    async def settle(self, settled: Sequence[Settled], cost: Cost, *, now: datetime) -> None:
        """Put what it came to in the place of what was set aside for it."""
        if not self.limits.rial_day:
            return
        # What the provider may have from an earlier try was set aside then as well.
        change = sum(
            _real(one, said := cost(one.claimed.message)) - said * (2 if one.claimed.bound else 1) for one in settled
        )
        if change:
            await _SPEND.run(self.redis, [_day(now)], 0, _KEPT, change, 1)


def _real(one: Settled, estimate: int) -> int:
    """What a text has cost; where nobody has said, what it was taken to."""
    if one.descent is not None and one.descent.is_of_report:
        return one.descent.cost
    if one.state is MessageState.QUEUED and not one.bound:
        return 0
    if one.state in (MessageState.FAILED, MessageState.EXPIRED):
        return 0
    return one.cost if one.cost is not None else estimate


def _free(one: ClaimedMessage) -> bool:
    return one.by_hand or one.bound or one.lapsed or one.message.audience is Audience.STAFF


def _day(now: datetime) -> str:
    return names.spent(now.astimezone(_TEHRAN).date().isoformat())
