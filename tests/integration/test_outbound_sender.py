"""How news is posted: tried again, left alone, switched off and on, never lost and never repeated under another id."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from redis.asyncio import Redis
from standins.shop import OLD_SECRET, SECRET, ShopServer, shop_server

from notifier.clock import StillClock
from notifier.domain.domain_events import CustomerReplied
from notifier.outbound import sender
from notifier.outbound.breaker import EndpointState
from notifier.outbound.endpoint import Endpoint, Terms
from notifier.outbound.events import Topic
from notifier.outbound.outbox import NewsOutbox, claim, waiting
from notifier.outbound.retrying import BACK_OFF
from notifier.outbound.sender import NewsSender
from notifier.store import work
from notifier.store.keys import Keys
from notifier.store.work import UnitOfWork

KEYS = Keys(0)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


class Still:
    """No jitter, and no other choice left to chance."""

    def random(self) -> float:
        return 0.0

    def sample(self, population: Any, k: int) -> Any:
        return population[:k]


class Office:
    """An endpoint, news for it, and somebody who is alerted."""

    def __init__(self, redis: Redis, clock: StillClock, shop: ShopServer, **settings: Any) -> None:
        self.redis, self.clock, self.shop = redis, clock, shop
        self.alerts: list[tuple[str, str]] = []
        self.endpoint = Endpoint(
            name="backend",
            **{"url": shop.url, "secrets": [SECRET], "topics": frozenset(Topic), **settings},
        )
        self.sender = self.worker()

    def worker(self) -> NewsSender:
        async def alert(kind: str, text: str) -> None:
            self.alerts.append((kind, text))

        chance: Any = Still()
        return NewsSender(self.redis, [KEYS], [self.endpoint], self.clock, alert, chance=chance)

    async def happen(self, *ids: str) -> None:
        """So many customers text."""
        unit = UnitOfWork()
        for one in ids:
            fact = CustomerReplied(id=one, phone="09121234567", text=one, at=self.clock.now(), order=None)
            NewsOutbox([self.endpoint], "test").tell(unit, KEYS, fact)
        await work.commit(self.redis, [unit])

    async def pass_by(self, span: timedelta, *, step: timedelta) -> None:
        """Let time pass in which a worker works."""
        end = self.clock.now() + span
        while self.clock.now() < end:
            self.clock.turn(step)
            await self.sender.send_ready()
            await self.sender.prune()

    async def waiting(self) -> int:
        return (await waiting(self.redis, [KEYS], "backend", now=self.clock.now())).count

    async def standing(self) -> EndpointState:
        return await self.sender.standings.of("backend", now=self.clock.now())

    @property
    def texts(self) -> list[str]:
        """What the shop took, in that order."""
        return [document["data"]["text"] for document in self.shop.documents]


@pytest.fixture
async def shop(clock: StillClock) -> AsyncIterator[ShopServer]:
    async with shop_server(clock) as found:
        yield found


@pytest.fixture
def office(redis: Redis, clock: StillClock, shop: ShopServer) -> Office:
    return Office(redis, clock, shop)


async def test_it_is_tried_after_the_table_under_one_id(office: Office, shop: ShopServer, clock: StillClock) -> None:
    await office.happen("a")
    shop.status = 500
    assert await office.sender.send_ready() == 1
    for place, wait in enumerate(BACK_OFF[:6]):
        clock.turn(wait - SECOND)
        assert await office.sender.send_ready() == 0, place
        clock.turn(SECOND)
        assert await office.sender.send_ready() == 1, place
    shop.status = 204
    clock.turn(BACK_OFF[6])
    assert await office.sender.send_ready() == 1
    assert await office.waiting() == 0
    assert len(shop.taken) == 8
    assert len({one.id for one in shop.taken}) == 1
    assert shop.refused == 0, "each try is signed for its own time"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_every_2xx_is_taken(office: Office, shop: ShopServer, status: int) -> None:
    shop.status = status
    await office.happen("a")
    await office.sender.send_ready()
    assert await office.waiting() == 0


@pytest.mark.parametrize("status", [301, 302, 400, 401, 404, 500])
async def test_nothing_else_is_and_no_redirect_is_followed(office: Office, shop: ShopServer, status: int) -> None:
    shop.answers, shop.headers = [status], {"Location": shop.url}
    await office.happen("a")
    await office.sender.send_ready()
    assert (len(shop.taken), await office.waiting()) == (1, 1)


async def test_a_shop_that_is_away(redis: Redis, clock: StillClock, shop: ShopServer) -> None:
    office = Office(redis, clock, shop, url="http://127.0.0.1:1/hooks")
    await office.happen("a")
    await office.sender.send_ready()
    standing = await office.standing()
    assert (standing.failing, standing.problem) == (True, "no answer (ClientConnectorError)")
    assert await office.waiting() == 1


async def test_a_shop_that_hangs(redis: Redis, clock: StillClock, shop: ShopServer) -> None:
    office = Office(redis, clock, shop, terms=Terms(timeout=timedelta(milliseconds=200)))
    shop.hold = asyncio.Event()
    await office.happen("a")
    await office.sender.send_ready()
    assert str((await office.standing()).problem).endswith("TimeoutError)")
    assert await office.waiting() == 1
    shop.hold.set()


@pytest.mark.parametrize("said", ["3600", "a date"])
async def test_a_shop_is_left_alone_for_as_long_as_it_asks(
    office: Office, shop: ShopServer, clock: StillClock, said: str
) -> None:
    hour = timedelta(hours=1)
    date = format_datetime(clock.now() + hour)
    shop.answers, shop.headers = [429], {"Retry-After": said if said.isdecimal() else date}
    await office.happen("a")
    await office.sender.send_ready()
    await office.happen("b")
    clock.turn(hour - SECOND)
    assert await office.sender.send_ready() == 0, "nothing at all, not only what it refused"
    clock.turn(SECOND)
    assert await office.sender.send_ready() == 2
    assert sorted(office.texts) == ["a", "b"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_one_with_too_much_to_do_is_left_alone_for_longer_each_time(
    office: Office, shop: ShopServer, clock: StillClock, status: int
) -> None:
    shop.status = status
    waits = []
    for number in range(4):
        await office.happen(str(number))
        assert await office.sender.send_ready() == 1, "one try, whatever waits"
        until = (await office.standing()).paused_until
        assert until is not None
        waits.append(until - clock.now())
        clock.turn_to(until)
    assert waits == [10 * SECOND, 20 * SECOND, 40 * SECOND, 80 * SECOND]


async def test_gone_means_off_at_once(office: Office, shop: ShopServer, clock: StillClock) -> None:
    shop.status = 410
    await office.happen("a")
    await office.sender.send_ready()
    standing = await office.standing()
    assert (standing.off, standing.why_off) == (True, "gone")
    ((kind, text),) = office.alerts
    assert kind == "webhook_off:backend"
    assert "«backend»" in text
    await office.happen("b")
    clock.turn(DAY)
    assert await office.sender.send_ready() == 0
    assert (len(shop.taken), await office.waiting()) == (1, 2), "kept for when it is switched on"


async def test_a_dead_shop_is_switched_off_after_five_days(office: Office, shop: ShopServer) -> None:
    shop.status = 500
    for number in range(3):
        await office.happen(f"day {number}")
        await office.pass_by(DAY, step=timedelta(hours=1))
    assert not (await office.standing()).off
    assert office.alerts == []
    await office.pass_by(3 * DAY, step=timedelta(hours=1))
    assert (await office.standing()).why_off == "failing"
    assert len(office.alerts) == 1
    posts = len(shop.taken)
    await office.happen("meanwhile")
    await office.pass_by(timedelta(hours=3), step=timedelta(hours=1))
    assert len(shop.taken) == posts
    assert await office.waiting() == 4, "nothing of it is lost"


async def test_one_success_and_the_days_are_counted_anew(office: Office, shop: ShopServer) -> None:
    shop.status = 500
    await office.happen("a")
    await office.pass_by(4 * DAY, step=timedelta(hours=1))
    shop.answers = [200]
    await office.happen("b")
    await office.sender.send_ready()
    await office.pass_by(2 * DAY, step=timedelta(hours=1))
    assert not (await office.standing()).off


async def test_when_it_is_back_what_waited_comes_at_once_and_in_order(
    office: Office, shop: ShopServer, clock: StillClock
) -> None:
    shop.status = 500
    for name in "abcde":
        await office.happen(name)
        await office.pass_by(timedelta(hours=1), step=timedelta(minutes=30))
    shop.status = 204
    clock.turn(BACK_OFF[4])
    await office.sender.send_ready()
    assert sorted(office.texts) == list("abcde"), "those whose own time is hours away, too"
    assert not (await office.standing()).failing


async def test_one_bad_piece_of_news_holds_up_nothing(office: Office, shop: ShopServer) -> None:
    await office.happen("bad")
    shop.answers = [400]
    await office.sender.send_ready()
    await office.happen("good")
    await office.sender.send_ready()
    assert office.texts == ["good"]


async def test_too_old_or_too_much_is_dropped_and_counted(redis: Redis, clock: StillClock, shop: ShopServer) -> None:
    office = Office(redis, clock, shop, terms=Terms(at_most=5, keep=2 * DAY, off_after=30 * DAY))
    shop.status = 500
    await office.happen("old")
    clock.turn(DAY)
    for number in range(7):
        await office.happen(str(number))
        clock.turn(SECOND)
    assert await office.sender.prune() == 3
    clock.turn(2 * DAY - 3 * SECOND)
    assert await office.sender.prune() == 2, "what is older than two days by now"
    assert (await office.standing()).dropped == 5
    shop.status = 204
    await office.sender.send_ready()
    assert sorted(office.texts) == ["4", "5", "6"]
    assert not await redis.exists(KEYS.news("backend"), KEYS.news_due("backend"), KEYS.news_since("backend"))


async def test_what_waits_for_an_endpoint_that_is_no_more_does_not_stay_forever(
    office: Office, redis: Redis, clock: StillClock
) -> None:
    await office.happen("a")
    assert await office.sender.prune() == 0
    without = NewsSender(redis, [KEYS], [], clock, office.sender.alert)
    clock.turn(7 * DAY)
    assert await without.prune() == 0, "another process may still know it"
    clock.turn(SECOND)
    assert await without.prune() == 1
    assert not await redis.exists(KEYS.news("backend"), KEYS.news_due("backend"), KEYS.news_since("backend"))


async def test_no_more_than_a_few_at_once(office: Office, shop: ShopServer) -> None:
    shop.hold = asyncio.Event()
    await office.happen(*map(str, range(30)))
    sending = asyncio.create_task(office.sender.send_ready())
    await shop.until(8)
    assert shop.under_way == 8
    shop.hold.set()
    assert await sending == 30
    assert shop.most_at_once == 8
    assert sorted(map(int, office.texts)) == list(range(30))


async def test_several_workers_post_each_once(office: Office, shop: ShopServer) -> None:
    await office.happen(*map(str, range(40)))
    counts = await asyncio.gather(*(office.worker().send_ready() for _ in range(5)))
    assert sum(counts) == len(shop.taken) == 40
    assert len({one.id for one in shop.taken}) == 40


async def test_what_a_dead_worker_had_is_posted_by_another(office: Office, shop: ShopServer, clock: StillClock) -> None:
    await office.happen("a")
    (claimed,) = await claim(office.redis, KEYS, office.endpoint, now=clock.now(), count=8)
    clock.turn(office.endpoint.terms.lease - SECOND)
    assert await office.sender.send_ready() == 0
    clock.turn(SECOND)
    assert await office.sender.send_ready() == 1
    assert [one.id for one in shop.taken] == [claimed.entry.id]


async def test_an_entry_that_cannot_be_read_holds_nobody_up(office: Office, redis: Redis) -> None:
    await office.happen("a")
    (entry_id,) = await redis.hkeys(KEYS.news("backend"))
    await redis.hset(KEYS.news("backend"), entry_id, "not JSON")
    await office.happen("b")
    await office.sender.send_ready()
    assert office.texts == ["b"]
    assert await redis.hget(KEYS.news("backend"), entry_id) == b"not JSON", "it is kept where it can be looked at"


@pytest.mark.parametrize("knows", [SECRET, OLD_SECRET])
async def test_while_secrets_change_both_sign(redis: Redis, clock: StillClock, shop: ShopServer, knows: str) -> None:
    shop.secret = knows
    office = Office(redis, clock, shop, secrets=[SECRET, OLD_SECRET])
    await office.happen("a")
    await office.sender.send_ready()
    assert (office.texts, shop.refused) == (["a"], 0)


async def test_a_shop_with_another_secret_takes_nothing(office: Office, shop: ShopServer) -> None:
    shop.secret = OLD_SECRET
    await office.happen("a")
    await office.sender.send_ready()
    assert (office.texts, shop.refused, await office.waiting()) == ([], 1, 1)


async def test_told_to_finish_it_settles_what_is_in_hand_and_takes_nothing_more(
    office: Office, shop: ShopServer
) -> None:
    shop.hold = asyncio.Event()
    await office.happen(*map(str, range(12)))
    running = asyncio.create_task(office.sender.run())
    await shop.until(8)
    office.sender.finish()
    shop.hold.set()
    await asyncio.wait_for(running, 10)
    assert (len(shop.taken), await office.waiting()) == (8, 4)


async def test_a_store_that_goes_away_for_a_while_ends_nothing(
    office: Office, shop: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "_AFTER_TROUBLE", 0)
    await office.happen("a")
    await office.redis.set(KEYS.news_due("backend"), "no sorted set")
    running = asyncio.create_task(office.sender.run())
    while not (await office.redis.info("errorstats")):  # noqa: ASYNC110
        await asyncio.sleep(0)
    await office.redis.delete(KEYS.news_due("backend"))
    await office.happen("b")
    await shop.until(1)
    office.sender.finish()
    await asyncio.wait_for(running, 10)
    assert office.texts == ["b"]
