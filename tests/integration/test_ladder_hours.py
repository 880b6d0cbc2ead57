"""At what hours each rung of a ladder may bring a text; the clock is turned through the night."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from ladder_lines import PRICES, ladder
from outbox_driver import Desk

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.domain.messages import Message, MessageState
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.sms.providers.base import DeliveryStatus

S = MessageState
D = DeliveryStatus
PHONE = "09121234567"
EVENING = datetime(2026, 11, 23, 21, 50, tzinfo=TEHRAN)
MORNING = datetime(2026, 11, 24, 8, tzinfo=TEHRAN)
TEN = timedelta(minutes=10)


class Night:
    """An essential text at night, and when each rung brought it."""

    def __init__(self, service: Service, clock: StillClock, simulator: Simulator) -> None:
        self.desk, self.clock, self.simulator = Desk(service, clock), clock, simulator
        clock.turn_to(EVENING)

    async def queue(self, *, keeps: bool) -> Message:
        return await self.desk.queue(PHONE, essential=True, order_id="10025", source="shop", keeps_quiet_hours=keeps)

    async def until(self, moment: datetime) -> None:
        while self.clock.now() < moment:
            await self.desk.pass_by(min(TEN, moment - self.clock.now()), step=TEN)

    def by_bale(self) -> list[datetime]:
        return [one.sent_at for one in self.simulator.bale.messages]

    def by_text(self) -> list[datetime]:
        return [one.sent_at for one in self.simulator.messages if one.method != "maketts"]

    def by_call(self) -> list[datetime]:
        return [one.sent_at for one in self.simulator.messages if one.method == "maketts"]


def settings(url: str, **more: Any) -> dict[str, Any]:
    return ladder(url) | {"sms__price": PRICES, "sms__wait": {"bale": "15m"}} | more


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str) -> Config:
    return make_config(**settings(simulator_url))


@pytest.fixture
def night(service: Service, clock: StillClock, simulator: Simulator) -> Night:
    return Night(service, clock, simulator)


async def test_what_keeps_quiet_hours_waits_before_its_first_rung(night: Night) -> None:
    night.clock.turn_to(EVENING + timedelta(hours=1))
    await night.queue(keeps=True)
    await night.until(MORNING - timedelta(minutes=1))
    assert (night.by_bale(), night.by_text(), night.by_call()) == ([], [], [])
    await night.until(MORNING)
    assert night.by_bale() == [MORNING]


async def test_what_keeps_quiet_hours_is_not_texted_at_night_although_bale_had_it_in_time(night: Night) -> None:
    await night.queue(keeps=True)
    await night.desk.send()
    assert night.by_bale() == [EVENING]
    await night.until(MORNING - timedelta(minutes=1))
    assert (night.by_text(), night.by_call()) == ([], [])
    await night.until(MORNING)
    assert (night.by_bale(), night.by_text()) == ([EVENING], [MORNING])


async def test_what_passes_by_night_leaves_by_bale_and_by_text_and_is_read_out_in_the_morning(night: Night) -> None:
    night.simulator.undeliverable = {PHONE}
    night.clock.turn_to(EVENING + timedelta(hours=2))
    begun = night.clock.now()
    await night.queue(keeps=False)
    await night.desk.send()
    assert night.by_bale() == [begun]
    await night.until(MORNING - timedelta(minutes=1))
    (texted,) = night.by_text()
    assert begun < texted < begun + timedelta(hours=1)
    assert night.by_call() == []
    assert await night.desk.state(night.desk.queued[0]) is S.QUEUED
    await night.until(MORNING)
    assert night.by_call() == [MORNING]


async def test_a_second_call_that_would_be_due_at_night_is_made_in_the_morning(night: Night) -> None:
    night.simulator.bale.absent = {PHONE}
    message = await night.queue(keeps=False)
    for _ in range(2):  # the text did not arrive, nor was the first call answered
        await night.desk.send()
        stored = await night.desk.stored(message)
        told = {stored.provider_id or "": D.UNDELIVERED}
        assert await night.desk.service.sending.receipts.report(stored.provider or "", told) == 1
    assert night.by_call() == [EVENING]
    await night.until(MORNING - timedelta(minutes=1))
    assert night.by_call() == [EVENING]
    await night.until(MORNING)
    assert night.by_call() == [EVENING, MORNING]


@pytest.mark.parametrize("line", ["texts by day alone", "no quiet hours"])
async def test_a_call_keeps_to_the_day_whatever_holds_for_texts(
    make_config: Callable[..., Config],
    simulator_url: str,
    clock: StillClock,
    simulator: Simulator,
    redis: Any,
    line: str,
) -> None:
    """Quiet hours that are longer hold calls too; where there are none, calls still wait for eight o'clock."""
    hours = {"from": "20:00", "to": "10:00"} if line == "texts by day alone" else {"enabled": False}
    config = make_config(
        **settings(simulator_url, quiet_hours=hours, sms__wait={}, sms__ladder=["simulator", "voice", "call"])
    )
    async with Service(config, clock=clock, roles=["web"]) as service:
        night = Night(service, clock, simulator)
        clock.turn_to(EVENING + timedelta(hours=1))
        simulator.undeliverable = {PHONE}
        await night.queue(keeps=False)
        await night.until(MORNING + timedelta(hours=3))
        assert len(night.by_text()) == 1
        assert night.by_call()[0] == MORNING + timedelta(hours=2 if line == "texts by day alone" else 0)


async def test_a_person_has_what_no_line_brought_by_night_in_their_working_hours(night: Night) -> None:
    night.simulator.bale.absent, night.simulator.undeliverable = {PHONE}, {PHONE}
    night.simulator.call_outcomes = {PHONE: "no_answer"}
    night.clock.turn_to(EVENING + timedelta(hours=2))
    await night.queue(keeps=False)
    await night.until(MORNING)
    assert await night.desk.calls("undelivered_sms") == []
    await night.until(MORNING + timedelta(hours=1))
    assert await night.desk.calls("undelivered_sms") == ["10025"]
