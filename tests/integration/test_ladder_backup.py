"""A backup that is made while texts are on their way down a ladder, put back after they have gone on."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from ladder_lines import PRICES, ladder
from outbox_driver import Desk

from notifier.clock import StillClock
from notifier.config import Config
from notifier.domain.messages import Message, MessageState
from notifier.retention import backup as backups
from notifier.service.process import WEB, Service
from notifier.simulator import Simulator
from notifier.sms.providers.base import DeliveryStatus
from notifier.store import server as programs

pytestmark = pytest.mark.process

S = MessageState
D = DeliveryStatus
ESSENTIAL: dict[str, Any] = {"essential": True, "order_id": "10025", "source": "shop"}
BALE, TEXT, VOICE, AGAIN = "09120000001", "09120000002", "09120000003", "09120000004"
"""How far each has come when the backup is made: taken by Bale; waiting for the text, the call, the second call."""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def config(make_config: Callable[..., Config], data_dir: Path, simulator_url: str) -> Config:
    settings = ladder(simulator_url) | {"sms__wait": {"bale": "15m"}, "sms__price": PRICES}
    return make_config(redis__url="embedded", redis__data_dir=data_dir, **settings)


def reached(simulator: Simulator) -> list[tuple[str, str]]:
    """By what each was reached, and how often."""
    texts = [(one.receptor, one.method) for one in simulator.messages]
    return sorted([*texts, *((one.receptor, "bale") for one in simulator.bale.messages)])


async def undelivered(desk: Desk, message: Message) -> None:
    stored = await desk.stored(message)
    told = {stored.provider_id or "": D.UNDELIVERED}
    assert await desk.service.sending.receipts.report(stored.provider or "", told) == 1


async def test_texts_on_every_rung_go_on_where_they_were_and_reach_nobody_twice(
    config: Config, clock: StillClock, simulator: Simulator, data_dir: Path, tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar"
    simulator.bale.absent = {VOICE, AGAIN}
    simulator.call_outcomes = {AGAIN: "no_answer"}
    async with Service(config, clock=clock, roles=[WEB]) as service:
        desk = Desk(service, clock)
        text = await desk.queue(TEXT, **ESSENTIAL)
        await desk.send()
        clock.turn(timedelta(minutes=10))
        taken, voice, again = [await desk.queue(one, **ESSENTIAL) for one in (BALE, VOICE, AGAIN)]
        await desk.send()
        for one in (voice, again):
            await undelivered(desk, one)
        keys = desk.keys(voice)
        await service.redis.zadd(keys.routed(">voice>call"), {voice.id: 2**42})  # it waits, as by night
        await desk.send()
        await undelivered(desk, again)
        await service.redis.zadd(keys.routed(">voice>call"), {voice.id: 0})
        clock.turn(timedelta(minutes=6))
        await service.sending.rung_waits.tick()
        before = {one.id: await desk.stored(one) for one in desk.queued}
        assert [before[one.id].message.route for one in (text, voice, again)] == [
            ">simulator>voice>call",
            ">voice>call",
            ">voice>call",
        ]
        assert (before[taken.id].state, before[taken.id].provider) == (S.ACCEPTED, "bale")
        await backups.backup(service.redis, data_dir, file, now=clock.now())
        await desk.send()  # sent after the backup …
        clock.turn(timedelta(minutes=11))
        await desk.send()
        await service.sending.rung_waits.tick()
        await desk.send()
        gone_on = reached(simulator)
        queued = desk.queued
    assert [sum(phone == one for one, _ in gone_on) for phone in (BALE, TEXT, VOICE, AGAIN)] == [2, 2, 2, 3]
    shutil.rmtree(data_dir)
    backups.restore(file, data_dir, program=programs.find(), force=False, now=clock.now())
    async with Service(config, clock=clock, roles=[WEB]) as service:
        desk = Desk(service, clock, queued)
        assert {one.id: await desk.stored(one) for one in queued} == before
        await desk.send()
        await service.sending.rung_waits.tick()
        await desk.send()
        assert reached(simulator) == gone_on  # … and known to every line
        simulator.call_outcomes |= {AGAIN: "no_answer"}
        await desk.pass_by(timedelta(minutes=30))
        assert await desk.states() == [S.DELIVERED, S.DELIVERED, S.DELIVERED, S.UNDELIVERED]
        assert reached(simulator) == gone_on
        assert await desk.calls("undelivered_sms") == ["10025"]
