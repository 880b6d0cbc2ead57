"""A shop over a year in small: what is stored grows with what is under way, not with what has been."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bench.shop_days import Shop
from bench.year import State, growing, state
from notifier.clock import StillClock
from notifier.config import Config
from notifier.service.process import WEB, Service
from notifier.store import keys, places
from notifier.store.cluster import Cluster

STEP, ORDERS, QUARTER = timedelta(days=7), 6, 13  # 312 orders in 52 steps


@pytest.fixture
def config(make_config: Callable[..., Config], tmp_path: Path) -> Config:
    """With less patience than ships, so that the year sees the end of everything."""
    kept = {"retention__open_orders": "120d", "retention__remembered": "60d", "quiet_hours__enabled": "false"}
    return make_config(redis__data_dir=tmp_path, **kept)


@pytest.fixture
async def shop(config: Config, clock: StillClock, redis: Redis) -> AsyncIterator[Shop]:
    if isinstance(redis, Cluster):
        pytest.skip("a year passes by moving the times of all keys of one server")
    async with Service(config, clock=clock, roles=[WEB]) as service:
        yield Shop(service, clock, ORDERS, span=STEP)


@pytest.mark.slow
async def test_no_kind_of_key_goes_on_growing(shop: Shop) -> None:
    seen: list[State] = []
    for _ in range(4):
        for _ in range(QUARTER):
            await shop.pass_day()
        seen.append(await state(shop.service, shop))
    assert growing(seen, 3, days=QUARTER) == {}
    assert seen[-1].keys["order …"] < 200  # of 312: those of 90 days, and what is remembered of others for 60 more
    assert seen[-1].known < 120
    assert seen[-1].archive > seen[0].archive
    assert min(shop.totals[name] for name in ("packed", "orders", "parked")) > 0


async def test_what_goes_on_growing_is_named(shop: Shop) -> None:
    for _ in range(2):
        await shop.pass_day()
    before = await state(shop.service, shop)
    for number in range(100):
        await shop.service.redis.set(f"n:{{0}}:message:{number}", "forgotten")
        await shop.service.redis.hset("n:{0}:callers", f"0912{number:07}", "sara")
    found = growing([before, await state(shop.service, shop)], 1, days=1)
    assert set(found) == {"message … (keys)", "callers (members)"}


async def test_all_that_busy_days_leave_is_in_the_table_of_keys(shop: Shop) -> None:
    for _ in range(2):
        await shop.pass_day()
    elsewhere = [kind.pattern for kind in keys.ELSEWHERE.values()]
    found = [key async for key in shop.service.redis.scan_iter("*")]
    assert len(found) > 100
    unknown = [
        key for key in found if places.found(key) is None and not any(one.fullmatch(key.decode()) for one in elsewhere)
    ]
    assert unknown == []
