"""Days of a simulated shop: orders come and go as in life, texts leave, staff phone, and time passes for Redis too."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bench import memory
from notifier.clock import StillClock
from notifier.domain.events import EventType as Is
from notifier.service.process import Service
from notifier.sms.providers.base import DeliveryStatus
from notifier.store.keys import Keys
from notifier.store.records import encode, ms
from scheduler.outcomes import Report
from scheduler.rules import Outcome

_KEYS = Keys(0)
_AGEING = timedelta(days=7)  # between turns of Redis's clock: what lapses does so up to a week late
_PART = timedelta(hours=2, minutes=17, seconds=9)  # between what happens to an order on one day
_GROUP = 200

# What happens on the days of an order's life; one in so many has another one.
ORDINARY = ((Is.REGISTERED, Is.PAID), (Is.PREPARING, Is.PACKED), (Is.SHIPPED,), (Is.OUT_FOR_DELIVERY, Is.DELIVERED))
CANCELLED = ((Is.REGISTERED, Is.PAID), (Is.CANCELLED, Is.REFUNDED), (), ())
RETURNED = (*ORDINARY[:3], (Is.DELIVERED, Is.RETURN_REQUESTED, Is.RETURNED))
ABANDONED = ((Is.REGISTERED,), (), (), ())
UNHEARD = ((), (Is.PREPARING,), (), ())  # by its number alone, and nobody ever says who ordered it
OTHERS = {17: CANCELLED, 31: RETURNED, 101: ABANDONED, 97: UNHEARD}

_PASS_BY = """
redis.replicate_commands()
for _, key in ipairs(KEYS) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, math.max(left - ARGV[1], 1)) end
end
"""


@dataclass(slots=True)
class Shop:
    """A shop with so many new orders a day, whose customers come back: each orders about three times a year."""

    service: Service
    clock: StillClock
    a_day: int
    span: timedelta = timedelta(days=1)  # a longer one makes a shop that does little
    orders: int = 0
    lasting: int = 0  # orders that nothing will close
    day: int = 0
    unaged: timedelta = timedelta()
    longest: float = 0.0  # ms: of all commands to Redis while old data was swept
    swept: float = 0.0  # seconds, the longest sweep
    totals: Counter[str] = field(default_factory=Counter)

    async def pass_day(self) -> None:
        """Everything that happens in a day, and the sweep at its end."""
        new = range(self.orders, self.orders + self.a_day)
        self.orders += self.a_day
        self.lasting += sum(life(number) is ABANDONED for number in new)
        for part in range(3):
            for age in range(len(ORDINARY)):
                first = self.orders - self.a_day * (age + 1)
                if first >= 0:
                    await self._happen(range(first, first + self.a_day), age, part)
            self.clock.turn(_PART)
            await self._deliver()
        await self._phone()
        await self.service.parking.replay_ready()
        await self.service.calling.reporting.tick()
        await self.service.sending.expiry.sweep()
        self.clock.turn(self.span - 3 * _PART)
        self.day += 1
        self.unaged += self.span
        if self.unaged >= _AGEING:
            await self.age()
        await self._sweep()

    async def _happen(self, numbers: range, age: int, part: int) -> None:
        bodies = []
        for number in numbers:
            happens = life(number)[age]
            if part < len(happens):
                bodies.append(encode(self._event(happens[part], number)))
        for start in range(0, len(bodies), _GROUP):
            await asyncio.gather(*(memory.post(self.service, body) for body in bodies[start : start + _GROUP]))

    def _event(self, kind: Is, number: int) -> Any:
        payload = memory.event(kind, number, self.clock.now())
        customer = payload["data"]["customer"]
        customer["phone"] = f"0912{number * 7919 % (self.a_day * 120):07}"
        if number % 3 == 0:
            customer |= {"city": "اصفهان", "province": "اصفهان"}
        if life(number) is UNHEARD:
            del payload["data"]["customer"]
        return payload

    async def _deliver(self) -> None:
        """The provider takes all that is ready; all arrives, but for one in fifty."""
        await memory.deliver(
            self.service,
            self.clock,
            lambda one: DeliveryStatus.UNDELIVERED if int(one) % 50 == 0 else DeliveryStatus.DELIVERED,
        )

    async def _phone(self) -> None:
        """Staff make the calls that are due; one in a hundred is never made, one in seven first time in vain."""
        now, redis = ms(self.clock.now()), self.service.redis
        for state in ("scheduled", "due", "claimed"):
            found: Any = await redis.zrangebyscore(_KEYS.calls(state), "-inf", now)
            for stored in await self.service.reader.calls([(_KEYS, one.decode()) for one in found]):
                number = int(stored.call.id)
                if number % 100 == 0:
                    continue
                vain = number % 7 == 0 and not stored.call.tried
                outcome = Outcome.NO_ANSWER if vain else Outcome.REACHED
                await self.service.calling.reporting.report(stored.call.id, Report(by="sara", outcome=outcome))

    async def age(self) -> None:
        """Redis goes by a clock of its own: have all that lapses lapse so much sooner."""
        span, self.unaged = self.unaged, timedelta()
        keys = [key async for key in self.service.redis.scan_iter("*", count=2000)]
        for start in range(0, len(keys), 500):
            part: Any = keys[start : start + 500]
            await self.service.redis.eval(_PASS_BY, len(part), *part, span // timedelta(milliseconds=1))

    async def _sweep(self) -> None:
        redis, loop = self.service.redis, asyncio.get_running_loop()
        await redis.config_set("slowlog-log-slower-than", 500)
        await redis.slowlog_reset()
        begun = loop.time()
        swept = await self.service.retention.tick()
        self.swept = max(self.swept, loop.time() - begun)
        slow: Any = await redis.slowlog_get(10_000)
        self.longest = max([self.longest, *(one["duration"] / 1000 for one in slow)])
        if swept:
            self.totals.update({name: getattr(swept, name) for name in swept.__struct_fields__})


def life(number: int) -> tuple[tuple[Is, ...], ...]:
    """What happens to an order, day by day."""
    return next((other for every, other in OTHERS.items() if number % every == every - 1), ORDINARY)


async def families(service: Service) -> Counter[str]:
    """How many keys there are of each kind."""
    found: Counter[str] = Counter()
    async for key in service.redis.scan_iter("*", count=2000):
        found[family(key.decode())] += 1
    return found


async def members(service: Service) -> Counter[str]:
    """How much is in the keys that all orders share, by key."""
    found: Counter[str] = Counter()
    redis: Any = service.redis
    for kind, size in (("zset", "ZCARD"), ("hash", "HLEN"), ("list", "LLEN"), ("set", "SCARD")):
        async for key in service.redis.scan_iter("*", count=2000, _type=kind):
            name = family(key.decode())
            if not name.startswith(("customer", "message ", "timeline", "day", "parked ")):
                found[name] += await redis.execute_command(size, key)
    return found


def family(key: str) -> str:
    """The kind of a key: its name without what is an order's, a customer's or a day's own."""
    rest = re.sub(r"^n:(\{\w+\}:)?", "", key)
    head, _, tail = rest.partition(":")
    if head == "customer":
        return f"customer {tail.rpartition(':')[2]}"
    own = head in ("order", "closed", "timeline", "seen", "message", "call", "provider", "day", "codes", "session")
    own = own or (head == "parked" and tail != "")
    return f"{head} …" if own else rest
