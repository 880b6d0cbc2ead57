"""A shop that usually says something and says nothing: supervisors hear of it once, and when it speaks again."""

import asyncio
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from shops import Client, StandardShop, WooShop, send_all, woo_fixture

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.domain.events import EventType
from notifier.intake import inactivity
from notifier.practice import standard
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.store.staff import Role, Staff

MONDAY = datetime(2026, 11, 23, tzinfo=TEHRAN)
SPAN = timedelta(minutes=10)
BOSS = Staff(id="boss", name="مینا راد", phone="09129990000", role=Role.SUPERVISOR)


@pytest.fixture
def clock() -> StillClock:
    return StillClock(at("14:00"))


def at(text: str, *, day: datetime = MONDAY) -> datetime:
    hour, minute = text.split(":")
    return day.replace(hour=int(hour), minute=int(minute))


async def speaks(redis: Redis, start: datetime, end: datetime, *, source: str = "woo") -> None:
    """Something comes from a shop every ten minutes."""
    pipeline = redis.pipeline(transaction=False)
    while start < end:
        inactivity.note(pipeline, source, start)
        start += SPAN
    await pipeline.execute()


async def live(redis: Redis, *, days: int = 36, until: str = "11:00", source: str = "woo") -> None:
    """A shop that says something from 9 to 21 on every day but Friday, and today until some time."""
    for back in range(days, 0, -1):
        day = MONDAY - timedelta(days=back)
        if day.weekday() != 4:
            await speaks(redis, at("09:00", day=day), at("21:00", day=day), source=source)
    await speaks(redis, at("09:00"), at(until), source=source)


async def listen(service: Service) -> None:
    assert service.watching.silence is not None
    await service.watching.silence.tick()


async def told(redis: Redis) -> list[tuple[str, str]]:
    """The alerts, oldest first."""
    rows: Any = await redis.lrange("n:alerts", 0, -1)
    return [(row["kind"], row["text"]) for row in map(json.loads, reversed(rows))]


async def test_supervisors_hear_of_it_once_and_of_its_end(
    service: Service, config: Config, clock: StillClock, redis: Redis, simulator: Simulator
) -> None:
    await service.staff.put(BOSS)
    await live(redis)
    async with Service(config, clock=clock, roles=[WEB]) as other:
        for _ in range(3):
            await asyncio.gather(listen(service), listen(other))
            clock.turn(timedelta(hours=2))
    ((kind, text),) = await told(redis)
    assert kind == "silence:woo"
    assert "«woo» از ساعت ۱۰:۵۰ خبری نداده است" in text
    assert "پس از پنج خطای پی‌درپی غیرفعال" in text
    await speaks(redis, clock.now(), clock.now() + SPAN)
    await asyncio.gather(listen(service), listen(service))
    await listen(service)
    assert [kind for kind, _ in await told(redis)] == ["silence:woo", "silence_over:woo"]
    await send_all(service, clock)
    assert [message.receptor for message in simulator.messages] == [BOSS.phone] * 2
    assert [message.text for message in simulator.messages] == [text for _, text in await told(redis)]


async def test_how_long_it_takes(service: Service, clock: StillClock, redis: Redis) -> None:
    """Six whole spans of a shop that is never still: the hour after the one with the last event."""
    await live(redis, until="13:10")
    await listen(service)
    assert await told(redis) == []
    clock.turn(SPAN)
    await listen(service)
    assert len(await told(redis)) == 1


QUIET = [
    ("a new shop", {"days": 4}, "14:00"),
    ("the night after", {"until": "21:00"}, "23:50"),
    ("before it opens", {"until": "21:00"}, "1 09:20"),
    ("friday", {"until": "21:00"}, "4 20:00"),
    ("a holiday on a working day", {"until": "21:00"}, "36 20:00"),
]


@pytest.mark.parametrize(("shop", "now"), [row[1:] for row in QUIET], ids=[row[0] for row in QUIET])
async def test_a_silence_that_is_usual(
    service: Service, clock: StillClock, redis: Redis, shop: dict[str, Any], now: str
) -> None:
    await live(redis, **shop)
    later, _, time = now.rpartition(" ")
    clock.turn_to(at(time, day=MONDAY + timedelta(days=int(later or 0))))
    await listen(service)
    assert await told(redis) == []


async def test_what_fell_silent_in_the_night_is_noticed_in_the_morning(
    service: Service, clock: StillClock, redis: Redis
) -> None:
    await live(redis, until="21:00")
    clock.turn_to(at("10:30", day=MONDAY + timedelta(days=1)))
    await listen(service)
    ((_, text),) = await told(redis)
    assert "از پیش از امروز خبری نداده است" in text


async def test_a_shop_of_the_other_kind_hears_nothing_of_woocommerce(service: Service, redis: Redis) -> None:
    await live(redis, source="shop")
    await listen(service)
    ((kind, text),) = await told(redis)
    assert kind == "silence:shop"
    assert "ووکامرس" not in text


async def test_a_shop_that_is_configured_no_more_is_not_missed(service: Service, redis: Redis) -> None:
    await live(redis, source="closed")
    await listen(service)
    assert await told(redis) == []


async def test_it_can_be_switched_off(make_config: Callable[..., Config], clock: StillClock, redis: Redis) -> None:
    async with Service(make_config(silence__enabled="false"), clock=clock, roles=[WEB]) as service:
        assert service.watching.silence is None


async def test_what_counts_is_what_was_signed_and_taken(
    service: Service, shop: StandardShop, woo: WooShop, clock: StillClock, redis: Redis
) -> None:
    ping = woo_fixture("ping__webhook_id")
    assert (await woo.send(ping["text"].encode(), ping["headers"])).status == 200
    assert (await woo.send(b"{}", {"Content-Type": "application/json"})).status == 401
    paid = standard.event(EventType.PAID, at=clock.now())
    assert (await shop.post({"type": "order.lost"})).status == 422
    assert (await shop.post(paid)).status == 202
    await service.delivery_counters.write()
    assert set(await inactivity.last_heard(redis)) == {"shop"}
    assert (await inactivity.last_heard(redis))["shop"] == clock.now()
    assert await redis.smembers("n:rhythm:shop:2026-11-23") == {b"84"}  # type: ignore[misc]


async def test_a_monitor_sees_how_long_ago_each_spoke(client: Client, clock: StillClock, redis: Redis) -> None:
    await speaks(redis, clock.now() - SPAN, clock.now())
    text = await (await client.get("/metrics")).text()
    assert 'notifier_source_silent_seconds{source="woo"} 600.0' in text
    assert 'source="shop"' not in text.partition("notifier_source_silent_seconds")[2].partition("# HELP")[0]
