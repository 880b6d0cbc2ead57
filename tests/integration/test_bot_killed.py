"""Processes that are killed while they talk with a messenger, at each call, before and after it is carried out.

Nobody is told twice by one channel, nobody never, and a press is acted on once.
"""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import SARA, Desk, hire
from msgspec.structs import replace
from shops import API_TOKEN, SHOP_SECRET, WOO_SECRET, Client, StandardShop

from notifier.channels.bots.bindings import BotBinding
from notifier.channels.teller import IN_DOUBT
from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.calls import CallState
from notifier.domain.events import EventType
from notifier.service.process import Service
from notifier.simulator import SimulatedBot, SimulatedBotMessage, Simulator
from notifier.store import keys as names
from notifier.store.keys import Keys
from notifier.store.records import as_text, ms

pytestmark = pytest.mark.process

TOKEN, CHAT = "77001:AAsecretOfBale", 5501
PROGRAM = Path(__file__).parents[1] / "bot_process.py"
LEASE = timedelta(seconds=61)
PATIENCE = 60  # seconds for a process to begin


@pytest.fixture
def bale(simulator: Simulator) -> SimulatedBot:
    return simulator.bots.add(TOKEN)


@pytest.fixture
def bots(simulator_url: str) -> dict[str, Any]:
    return {"bale": {"token": TOKEN, "url": f"{simulator_url.removesuffix('/v1')}/tapi", "updates": "polling"}}


@pytest.fixture
def config(make_config: Callable[..., Config], bots: dict[str, Any], bale: SimulatedBot) -> Config:
    return make_config(staff__channels=bots)


@pytest.fixture
async def desk(client: Client, shop: StandardShop, service: Service, clock: StillClock, bale: SimulatedBot) -> Desk:
    """Sara alone, with a chat that is bound."""
    await hire(service)
    reza = await service.staff.get("reza")
    sara = await service.staff.get("sara")
    assert reza
    assert sara
    await service.staff.put(replace(reza, active=False))
    bound = BotBinding(staff="sara", epoch=sara.epoch, at=ms(clock.now()))
    await service.redis.hset(names.BOTS, f"bale:{CHAT}", as_text(bound))
    bale.people.add(CHAT)
    found = Desk(client, shop, service, clock)
    await found.open()
    return found


@pytest.fixture
def settings(
    config: Config, bots: dict[str, Any], simulator_url: str, redis_url: str, partitions: int
) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTIFIER")}
    return kept | {
        "NOTIFIER__SOURCES__SHOP__SECRET": SHOP_SECRET,
        "NOTIFIER__SOURCES__WOO__SECRET": WOO_SECRET,
        "NOTIFIER__SMS__PROVIDER": "simulator",
        "NOTIFIER__SMS__NAMESPACE": "test",
        "NOTIFIER__PROVIDERS__SIMULATOR__BASE_URL": simulator_url,
        "NOTIFIER__CALLBACKS__TOKEN": "test-callback-token",
        "NOTIFIER__API__TOKENS": json.dumps([API_TOKEN]),
        "NOTIFIER__REDIS__URL": redis_url,
        "NOTIFIER__REDIS__PARTITIONS": str(partitions),
        "NOTIFIER__STAFF__CHANNELS": json.dumps(bots),
    }


class Watched:
    """A bot that says when it is called, and that holds one call for ever, before or after it carries it out."""

    def __init__(self, bale: SimulatedBot, method: str, *, carried_out: bool) -> None:
        self._carry_out, self._method, self._carried_out = bale.carry_out, method, carried_out
        self.reached = asyncio.Event()
        bale.carry_out = self.called  # type: ignore[method-assign]
        self._bale = bale

    async def called(self, method: str, fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        if method != self._method or (method == "getUpdates" and not self._bale.updates):
            return await self._carry_out(method, fields)
        if self._carried_out:
            await self._carry_out(method, fields)
        self.reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    def over(self) -> None:
        self._bale.carry_out = self._carry_out  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def working(what: str, desk: Desk, settings: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), what, desk.clock.now().isoformat(), env=dict(settings)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def killed_at(watched: Watched, what: str, desk: Desk, settings: Mapping[str, str]) -> None:
    """Have a process work until it meets what is watched for, and die there."""
    async with working(what, desk, settings):
        async with asyncio.timeout(PATIENCE):
            await watched.reached.wait()
    watched.over()


def reminders_in(bot: SimulatedBot) -> list[SimulatedBotMessage]:
    return [one for one in bot.messages if one.chat == CHAT and one.by_bot and "تماس ساعت" in one.text]


async def due_call(desk: Desk) -> str:
    planned = await desk.event(EventType.PAID)
    await desk.tick()
    await desk.service.redis.delete(Keys(0).notices, Keys(0).notices_due)  # that it comes up
    await desk.tick(minutes=15)
    return str(planned["calls"][0]["id"])


async def tell(service: Service) -> None:
    assert service.channels
    await service.channels.teller.tick()


async def asked(service: Service) -> None:
    assert service.channels
    for poller in service.channels.pollers(service.bot_desk):
        poller.wait = 0
        await poller.tick()


@pytest.mark.parametrize("carried_out", [False, True])
async def test_who_may_have_been_told_is_told_once_by_this_channel_and_then_by_the_next(
    desk: Desk, bale: SimulatedBot, service: Service, settings: Mapping[str, str], carried_out: bool
) -> None:
    await due_call(desk)
    await killed_at(Watched(bale, "sendMessage", carried_out=carried_out), "tell", desk, settings)
    posted = len(reminders_in(bale))
    assert posted == carried_out
    for _ in range(4):
        desk.clock.turn(LEASE)
        await tell(service)
    assert len(reminders_in(bale)) == posted, "by this channel no second time"
    assert await service.redis.zcard(Keys(0).texts(SARA.phone)) == 1, "and not never"
    desk.clock.turn(IN_DOUBT)
    await tell(service)
    assert await service.redis.zcard(Keys(0).texts(SARA.phone)) == 1


async def test_whoever_took_it_up_meanwhile_is_told_no_more(
    desk: Desk, bale: SimulatedBot, service: Service, settings: Mapping[str, str]
) -> None:
    call_id = await due_call(desk)
    await killed_at(Watched(bale, "sendMessage", carried_out=True), "tell", desk, settings)
    [reminder] = reminders_in(bale)
    bale.presses_button(CHAT, reminder.message_id, reminder.buttons[0][0][1])
    await asked(service)
    assert (await desk.call(call_id)).state is CallState.CLAIMED
    desk.clock.turn(LEASE)
    await tell(service)
    assert await service.redis.zcard(Keys(0).texts(SARA.phone)) == 0
    assert await service.redis.hlen(Keys(0).notices) == 0


@pytest.mark.parametrize("which", [0, 1], ids=["claim", "put off"])
@pytest.mark.parametrize(
    ("method", "carried_out"),
    [
        ("getUpdates", False),
        ("getUpdates", True),
        ("answerCallbackQuery", False),
        ("answerCallbackQuery", True),
        ("editMessageText", False),
        ("editMessageText", True),
    ],
)
async def test_a_press_is_acted_on_once(
    desk: Desk,
    bale: SimulatedBot,
    service: Service,
    settings: Mapping[str, str],
    method: str,
    carried_out: bool,
    which: int,
) -> None:
    call_id = await due_call(desk)
    await tell(service)
    [reminder] = reminders_in(bale)
    before = len((await desk.call(call_id)).history)
    bale.presses_button(CHAT, reminder.message_id, reminder.buttons[0][which][1])
    await killed_at(Watched(bale, method, carried_out=carried_out), "poll", desk, settings)
    for _ in range(3):
        desk.clock.turn(LEASE)
        await asked(service)
    call = await desk.call(call_id)
    assert [entry.what for entry in call.history[before:]] == [("claimed", "snoozed")[which]]
    assert call.assignee == "sara"
    assert bale.updates == [] or bale.updates[-1]["update_id"] < int(
        await service.redis.hget(names.bot("bale"), "offset")
    )
