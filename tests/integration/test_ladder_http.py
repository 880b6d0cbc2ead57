"""A rung that is described in the configuration alone: what its answers mean for the next."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from ladder_lines import PRICES
from outbox_driver import Desk
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.channels import Channel
from notifier.domain.ladder import Unreached
from notifier.domain.messages import MessageState
from notifier.service.process import Service
from notifier.simulator import Simulator

S = MessageState
PHONE = "09121234567"
NOBODY = {"error": {"code": "no_account", "text": "not with us"}}
TAKEN = {"status": "ok", "id": "m-1", "price": 300}


class Messenger:
    """A messenger's gateway that gives one answer to all, and what it was asked."""

    def __init__(self) -> None:
        self.http, self.answer, self.state = 200, dict[str, Any](NOBODY), "sent"
        self.asked: list[Any] = []

    async def send(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        return web.json_response(self.answer, status=self.http)

    async def status(self, request: web.Request) -> web.Response:
        return web.json_response({"state": self.state})


@pytest.fixture
async def messenger(aiohttp_server: Callable[..., Awaitable[TestServer]]) -> tuple[Messenger, str]:
    one, app = Messenger(), web.Application()
    app.router.add_post("/send", one.send)
    app.router.add_get("/status/{id}", one.status)
    server = await aiohttp_server(app)
    return one, str(server.make_url("/"))


Open = Callable[..., Any]


@pytest.fixture
def opened(
    make_config: Callable[..., Config], messenger: tuple[Messenger, str], clock: StillClock, redis: Redis
) -> Open:
    @asynccontextmanager
    async def opened(channel: str = "bale", **more: Any) -> AsyncIterator[tuple[Desk, Messenger]]:
        one, url = messenger
        section = {
            "kind": "http",
            "channel": channel,
            "url": f"{url}send",
            "body": {"to": "{to_98}", "text": "{text}", "id": "{id}"},
            "accepted_when": "status == 'ok'",
            "provider_id": "id",
            "cost": "price",
            "code": "error.code",
            "message": "error.text",
            "elsewhere": {"codes": ["no_account"], "http": [404]},
            "refused": {"codes": ["bad_text"]},
            "status_url": f"{url}status/{{provider_id}}",
            "status": "state",
            "statuses": {"delivered": ["done"], "undelivered": ["failed"], "blocked": ["blocked"], "sent": ["sent"]},
        }
        settings: dict[str, Any] = {"sms__price": PRICES, "sms__ladder": ["messenger", "simulator", "call"]}
        async with Service(
            make_config(providers__messenger=section, **settings | more), clock=clock, roles=["web"]
        ) as service:
            yield Desk(service, clock), one

    return opened


@pytest.mark.parametrize("essential", [True, False])
@pytest.mark.parametrize(("channel", "sign"), [("bale", "code"), ("bale", "http"), ("sms", "code")])
async def test_whom_it_does_not_reach_the_next_rung_has_at_once(
    opened: Open, simulator: Simulator, essential: bool, channel: str, sign: str
) -> None:
    async with opened(channel) as (desk, messenger):
        if sign == "http":
            messenger.http, messenger.answer = 404, {}
        message = await desk.queue(PHONE, essential=essential, order_id="10025", source="shop")
        await desk.send()
        stored = await desk.stored(message)
        assert (stored.state, stored.provider) == (S.ACCEPTED, "simulator")
        (descent,) = stored.descents
        assert (descent.provider, descent.why, descent.channel) == ("messenger", Unreached.ELSEWHERE, Channel(channel))
        assert [one["to"] for one in messenger.asked] == ["98" + PHONE[1:]]
        assert [one.receptor for one in simulator.messages] == [PHONE]
        assert await desk.alerts() == []  # the line is not to blame


async def test_a_messenger_is_not_asked_again_for_days_and_a_line_of_texts_is(opened: Open) -> None:
    for channel, asked in (("bale", 1), ("sms", 2)):
        async with opened(channel) as (desk, messenger):
            messenger.asked.clear()
            for _ in range(2):
                await desk.queue(PHONE)
                await desk.send()
            assert len(messenger.asked) == asked


async def test_a_last_rung_that_reaches_nobody_leaves_it_to_a_person(opened: Open, simulator: Simulator) -> None:
    async with opened(sms__ladder=["messenger", "call"]) as (desk, _):
        message = await desk.queue(PHONE, essential=True, order_id="10025", source="shop")
        await desk.send()
        assert await desk.state(message) is S.FAILED
        assert await desk.calls("undelivered_sms") == ["10025"]
        assert simulator.messages == []


@pytest.mark.parametrize("state", ["failed", "blocked"])
async def test_its_report_that_it_did_not_arrive_has_the_next_rung_do_it(
    opened: Open, simulator: Simulator, state: str
) -> None:
    async with opened() as (desk, messenger):
        messenger.answer = TAKEN
        message = await desk.queue(PHONE, essential=True, order_id="10025", source="shop")
        await desk.send()
        assert (await desk.stored(message)).provider == "messenger"
        messenger.state = state
        await desk.pass_by(timedelta(minutes=6))
        stored = await desk.stored(message)
        assert stored.provider == "simulator"
        assert stored.descents[0].why is (Unreached.BLOCKED if state == "blocked" else Unreached.UNDELIVERED)
        assert stored.descents[0].cost == 300
        assert len(simulator.messages) == 1


async def test_its_silence_is_waited_for_as_long_as_its_name_or_channel_says(
    opened: Open, simulator: Simulator
) -> None:
    for wait in ({"messenger": "10m"}, {"bale": "10m"}):
        async with opened(sms__wait=wait) as (desk, messenger):
            messenger.answer = TAKEN
            before = len(simulator.messages)
            message = await desk.queue(essential=True, order_id="10025", source="shop")
            await desk.send()
            await desk.pass_by(timedelta(minutes=9))
            assert len(simulator.messages) == before
            await desk.pass_by(timedelta(minutes=7))
            assert len(simulator.messages) == before + 1
            assert [one.why for one in (await desk.stored(message)).descents] == [Unreached.NO_REPORT]
