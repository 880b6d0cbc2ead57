"""A text that was taken back before it left, and is true once more: it leaves once, as if nothing had been."""

from datetime import datetime, timedelta

import pytest
from console_browser import ISFAHAN
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier.clock import TEHRAN, StillClock
from notifier.domain.events import EventType
from notifier.domain.messages import MessageState
from notifier.practice import standard
from notifier.service.process import Service
from notifier.simulator import Simulator

NIGHT = datetime(2026, 11, 23, 23, tzinfo=TEHRAN)
MORNING = datetime(2026, 11, 24, 8, tzinfo=TEHRAN)
PAYMENT = {"method": "bank_transfer", "amount": 2_400_000, "currency": "IRR"}
S = MessageState


class Night:
    """An order paid by a transfer, prepared at night; its text waits for the morning."""

    def __init__(self, shop: StandardShop, service: Service, clock: StillClock) -> None:
        self.shop, self.service, self.clock = shop, service, clock
        self.desk = Desk(service, clock)

    async def event(self, kind: EventType) -> dict[str, object]:
        self.clock.turn(timedelta(minutes=1))
        payload = standard.event(kind, at=self.clock.now(), order_id="10025")
        payload["data"] |= {"customer": ISFAHAN, "payment": PAYMENT}
        answer = await self.shop.post(payload)
        assert answer.status == 202
        return answer.body

    async def states(self) -> list[MessageState]:
        order = await self.service.reader.order("shop", "10025")
        assert order
        story = await self.service.reader.story(order)
        return [one.state for one in {m.message.id: m for m in story.messages}.values() if one.message.template == NAME]


NAME = "order_preparing"


@pytest.fixture
def night(client: Client, shop: StandardShop, service: Service, clock: StillClock) -> Night:
    return Night(shop, service, clock)


def sent(simulator: Simulator) -> int:
    return sum("در حال آماده" in message.text for message in simulator.messages)


async def begin(night: Night, at: datetime = NIGHT) -> None:
    night.clock.turn_to(at)
    await night.event(EventType.REGISTERED)
    await night.event(EventType.DEPOSIT_CONFIRMED)
    await night.event(EventType.PREPARING)
    await night.desk.send()


async def taken_back_and_found_again(night: Night) -> None:
    await night.event(EventType.DEPOSIT_UNMATCHED)
    await night.event(EventType.DEPOSIT_CONFIRMED)


@pytest.mark.parametrize("partitions", [1, 5])
async def test_money_that_is_found_again_tells_the_stage_that_waited(night: Night, simulator: Simulator) -> None:
    await begin(night)
    assert await night.states() == [S.QUEUED]
    await night.event(EventType.DEPOSIT_UNMATCHED)
    assert await night.states() == [S.CANCELLED]
    await night.event(EventType.DEPOSIT_CONFIRMED)
    assert await night.states() == [S.QUEUED]
    await taken_back_and_found_again(night)
    night.clock.turn_to(MORNING)
    await night.desk.pass_by(timedelta(minutes=20))
    assert sent(simulator) == 1
    assert await night.states() in ([S.ACCEPTED], [S.DELIVERED])


async def test_a_day_later_too(night: Night, simulator: Simulator) -> None:
    await begin(night)
    await night.event(EventType.DEPOSIT_UNMATCHED)
    night.clock.turn_to(MORNING)
    await night.desk.send()
    night.clock.turn(timedelta(hours=4))
    await night.event(EventType.DEPOSIT_CONFIRMED)
    await night.desk.pass_by(timedelta(minutes=20))
    assert sent(simulator) == 1


async def test_what_had_left_is_not_told_again(night: Night, simulator: Simulator) -> None:
    await begin(night)
    night.clock.turn_to(MORNING)
    await night.desk.pass_by(timedelta(minutes=20))
    assert sent(simulator) == 1
    await taken_back_and_found_again(night)
    await night.desk.pass_by(timedelta(minutes=20))
    assert sent(simulator) == 1


async def test_what_a_provider_may_have_is_not_told_again(night: Night, redis: Redis) -> None:
    await begin(night)
    order = await night.service.reader.order("shop", "10025")
    assert order
    ((message_id, _),) = order.open_texts[NAME].items()
    (keys,) = night.service.reader.everywhere
    await redis.hset(keys.message(message_id), "bound", "kavenegar")  # its answer never came
    await taken_back_and_found_again(night)
    assert await night.states() == [S.CANCELLED]
