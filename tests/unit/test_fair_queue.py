"""The gate before the committer: rates, lanes, and turns."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from notifier.clock import TEHRAN, StillClock
from notifier.config.sources import StandardSource
from notifier.errors import StoreAway, TooManyEvents
from notifier.intake.adapter import AnswerAlone, Part, Proof, Received, ShopAdapter
from notifier.intake.dead_letters import DeadLetter, DeadLetters
from notifier.intake.delivery import Delivery, Outcome, Unchanged
from notifier.intake.fair_queue import LONGEST, FairQueue, TokenBucket
from notifier.intake.load_shedding import LoadShedding
from notifier.intake.rejections import RejectionRecorder
from notifier.intake.submitting import Submitter
from notifier.web.delivery_counters import DeliveryCounters
from notifier.web.webhooks import Webhooks


@dataclass
class Slow:
    """A committer that finishes when it is told to, and remembers whose deliveries it got."""

    got: list[str] = field(default_factory=list)
    open: list[asyncio.Future[None]] = field(default_factory=list)

    async def submit(self, delivery: Delivery) -> Outcome:
        self.got.append(delivery.source)
        done = asyncio.get_running_loop().create_future()
        self.open.append(done)
        await done
        return Unchanged()

    async def finish(self, count: int) -> None:
        for _ in range(count):
            self.open.pop(0).set_result(None)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.sleep(0)


@dataclass
class Watch:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def source(**more: int) -> StandardSource:
    return StandardSource.model_validate({"kind": "standard", "secret": "whsec_x", **more})


def delivery(name: str) -> Delivery:
    return Delivery(source=name, event_id="e", digest="", order_id="1", phone=None, events=lambda _: [])


def gate(
    committer: Slow, watch: Watch | None = None, *, at_once: int = 2, queue: int = 100, **sources: int
) -> FairQueue:
    return FairQueue(
        committer,
        {name: source(rate=rate, burst=rate) for name, rate in sources.items()} or {"a": source(), "b": source()},
        queue=queue,
        at_once=at_once,
        now=watch or Watch(),
    )


async def started(*submits: "asyncio.Task[Outcome]") -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def submitting(door: FairQueue, name: str, count: int) -> list["asyncio.Task[Outcome]"]:
    return [asyncio.create_task(door.submit(delivery(name))) for _ in range(count)]


async def test_a_flood_does_not_starve_another_source() -> None:
    committer = Slow()
    door = gate(committer)
    flood = submitting(door, "a", 50)
    await started()
    other = submitting(door, "b", 3)
    await started()
    assert committer.got == ["a", "a"]
    await committer.finish(7)
    assert committer.got[2:8] == ["a", "b", "a", "b", "a", "b"]
    await committer.finish(len(flood) + len(other) - 7)
    assert len(await asyncio.gather(*flood, *other)) == 53


async def test_what_waits_is_bounded_by_source() -> None:
    committer = Slow()
    door = gate(committer, queue=3)
    flood = submitting(door, "a", 5)
    await started()
    with pytest.raises(StoreAway) as refused:
        await door.submit(delivery("a"))
    assert int(refused.value.headers["Retry-After"]) > 0
    other = submitting(door, "b", 3)
    await started()
    await committer.finish(8)
    assert len(await asyncio.gather(*flood, *other)) == 8


async def test_what_waits_is_bounded_by_time_too() -> None:
    committer, watch = Slow(), Watch()
    door = gate(committer, watch)
    taken = submitting(door, "a", 4)
    await started()
    watch.now += LONGEST + 0.1
    with pytest.raises(StoreAway, match="Send the event again"):
        await door.submit(delivery("a"))
    taken += submitting(door, "b", 1)  # another lane has waited for nothing yet
    await started()
    await committer.finish(2)  # those that waited longest have their turn
    taken += submitting(door, "b", 1)
    await started()
    await committer.finish(4)
    assert len(await asyncio.gather(*taken)) == 6


async def test_whoever_would_be_sent_away_is_not_even_read() -> None:
    @dataclass(frozen=True)
    class Shop(ShopAdapter):
        read_by_now: list[str] = field(default_factory=list)

        def verify(self, received: Received) -> Proof:
            self.read_by_now.append(received.headers["host"])
            return Proof()

        def read(self, received: Received, proof: Proof) -> AnswerAlone:
            return AnswerAlone(document={})

        def read_batch(self, received: Received, proof: Proof) -> list[Part]:
            return []

        def replay(self, kept: DeadLetter) -> list[Part]:
            return []

    committer, clock = Slow(), StillClock(datetime(2026, 11, 23, tzinfo=TEHRAN))
    door, shops = gate(committer, queue=3), {name: Shop(name) for name in "ab"}
    webhooks = Webhooks(
        shops=shops,
        shedding=LoadShedding(door),
        submitter=Submitter(door, cast(Any, None)),
        clock=clock,
        recorder=RejectionRecorder(DeadLetters(cast(Any, None), ("a", "b"), timedelta(days=1)), clock),
        counters=DeliveryCounters(cast(Any, None), clock),
        tell=cast(Any, None),
        lines=cast(Any, None),
    )

    async def post(name: str, route: web.RouteDef) -> web.StreamResponse:
        request = make_mocked_request(
            "POST", f"/webhooks/{name}", {"Host": "shop.example"}, match_info={"source": name}, client_max_size=1024
        )
        return await route.handler(request)  # type: ignore[return-value, operator, arg-type]

    one, batch = webhooks.routes()
    flood = submitting(door, "a", 5)
    await started()
    for route in (one, batch):
        refused = await post("a", route)
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) > 0
    assert shops["a"].read_by_now == []
    assert (await post("b", one)).status == 200  # the lane of another is free
    await committer.finish(5)
    assert len(await asyncio.gather(*flood)) == 5
    assert (await post("a", one)).status == 200
    assert (await post("a", batch)).status == 202
    assert (len(shops["a"].read_by_now), len(shops["b"].read_by_now)) == (2, 1)


async def test_whoever_stops_waiting_leaves_no_place_empty() -> None:
    committer = Slow()
    door = gate(committer, at_once=1)
    first, second, third = submitting(door, "a", 3)
    await started()
    second.cancel()
    await started()
    await committer.finish(2)
    assert isinstance(await first, Unchanged)
    assert isinstance(await third, Unchanged)
    assert second.cancelled()
    last = submitting(door, "b", 1)
    await started()
    await committer.finish(1)
    assert isinstance(await last[0], Unchanged)


async def test_a_place_given_in_the_moment_of_leaving_goes_to_the_next() -> None:
    committer = Slow()
    door = gate(committer, at_once=1)
    first, second, third = submitting(door, "a", 3)
    await started()
    committer.open.pop().set_result(None)
    await asyncio.sleep(0)  # its place is the second's now, who does not know of it yet
    second.cancel()
    await started()
    await committer.finish(1)
    assert isinstance(await first, Unchanged)
    assert isinstance(await third, Unchanged)
    assert second.cancelled()


async def test_a_failure_frees_its_place() -> None:
    class Failing:
        async def submit(self, delivery: Delivery) -> Outcome:
            raise StoreAway("away")

    door = FairQueue(Failing(), {"a": source()}, queue=10, at_once=1)
    for _ in range(3):
        with pytest.raises(StoreAway, match="away"):
            await door.submit(delivery("a"))


async def test_a_source_has_its_rate_and_another_its_own() -> None:
    committer, watch = Slow(), Watch()
    door = gate(committer, watch, at_once=100, a=2, b=2)
    taken = submitting(door, "a", 2)
    await started()
    with pytest.raises(TooManyEvents, match=r"a may send 2 events a second.*\[sources.a\]") as refused:
        await door.submit(delivery("a"))
    assert refused.value.headers["Retry-After"] == "1"
    assert not refused.value.is_final
    taken += submitting(door, "b", 1)
    watch.now += 0.5
    taken += submitting(door, "a", 1)
    await started()
    await committer.finish(4)
    assert len(await asyncio.gather(*taken)) == 4


def test_a_bucket_fills_at_its_rate_and_never_over() -> None:
    watch = Watch()
    bucket = TokenBucket(10, 5, watch)
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    watch.now += 0.2
    assert [bucket.take() for _ in range(3)] == [True, True, False]
    watch.now += 1000
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    watch.now -= 1000  # a clock that was set back fills nothing and empties nothing
    assert not bucket.take()
