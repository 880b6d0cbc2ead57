"""A shop that goes on posting while servers die: what it was told must be true in the end."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
from aiohttp.test_utils import TestClient, TestServer
from redis_servers import until
from shops import StandardShop, standard_fixture

from notifier.clock import SystemClock
from notifier.config import Config
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator import Simulator, create_app

EVENTS = 120
BEFORE = 40  # acknowledged before anything dies
_AGAIN = 0.05  # seconds after which the shop comes again with what was not taken
_LEASE = timedelta(seconds=2)  # a claim whose answer was lost is taken up after that

MakeConfig = Callable[..., Config]


async def survive(make_config: MakeConfig, kill: Callable[[Service], Awaitable[None]], **settings: Any) -> None:
    """Post, have something killed in the middle, and see that nothing is lost or doubled."""
    simulator = Simulator(clock=SystemClock(), credit=1_000_000_000)
    async with TestServer(create_app(simulator, callbacks_every=None)) as provider:
        config = make_config(
            providers__simulator__base_url=str(provider.make_url("/v1")), quiet_hours__enabled=False, **settings
        )
        async with Service(config) as service, TestClient(TestServer(service.app)) as client:
            service.sender.dispatch.lease = _LEASE
            shop, told, enough = StandardShop(client, SystemClock()), dict[str, str](), asyncio.Event()

            async def post(number: int) -> None:
                event = _paid(number)
                while True:
                    try:
                        answer = await shop.post(event, event_id=f"msg_{number}")
                    except (aiohttp.ClientError, OSError):
                        continue
                    if answer.status in (200, 202):
                        told.update({message["id"]: f"D{number}" for message in answer.body["messages"]})
                        if len(told) >= BEFORE:
                            enough.set()
                        return
                    assert answer.status == 503, answer
                    assert int(answer.headers["Retry-After"]) > 0
                    await asyncio.sleep(_AGAIN)

            async with asyncio.timeout(40), asyncio.TaskGroup() as posts:
                places = asyncio.Semaphore(16)

                async def one(number: int) -> None:
                    async with places:
                        await post(number)

                for number in range(EVENTS):
                    posts.create_task(one(number))
                await enough.wait()
                assert len(told) < EVENTS, "all was over before anything died"
                await kill(service)
            assert len(told) == EVENTS, f"{len(told)} texts were told of"
            await until(lambda: _all_gone(service))
            lost = [order for order in told.values() if not await service.reader.order("shop", order)]
            assert not lost, f"lost orders: {lost}"
        sent = Counter(str(message.localid) for message in simulator.messages)
        wrong = {
            told.get(text, text): sent[text] for text in sent.keys() | told if (sent[text], text in told) != (1, True)
        }
        assert not wrong, f"texts sent other than once: {wrong}"
        assert len({(message.receptor, message.text) for message in simulator.messages}) == EVENTS, "a text's double"


def _paid(number: int) -> Any:
    event = standard_fixture("payment.succeeded__tehran_online")
    customer = event["data"]["customer"] | {"phone": f"0912{number:07}"}
    data = event["data"] | {"order_id": f"D{number}", "customer": customer}
    return event | {"data": data, "timestamp": SystemClock().now().isoformat()}


async def _all_gone(service: Service) -> bool:
    waiting = [
        await service.redis.zcard(keys.messages(state))
        for keys in service.reader.everywhere
        for state in (MessageState.QUEUED, MessageState.SENDING)
    ]
    return not sum(waiting)
