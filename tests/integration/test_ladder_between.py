"""What happens to a text between two rungs of its ladder: news, another phone, a customer's wish, a move, a person."""

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from console_browser import BOSS, ISFAHAN, hire
from ladder_lines import PRICES, ladder
from msgspec.structs import replace
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import Client, StandardShop

from notifier.clock import TEHRAN, StillClock
from notifier.config import Config
from notifier.domain.events import Details, Event, EventType, PaymentMethod
from notifier.domain.ladder import Unreached
from notifier.domain.messages import MessageState
from notifier.practice import standard
from notifier.retention.archive import Archive
from notifier.retention.customer import Customers
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator
from notifier.sms.providers.base import DeliveryStatus
from notifier.sms.resend import resend
from notifier.store import layout, line_counts, work
from notifier.store.moving import Mover
from notifier.store.reading import StoredMessage
from notifier.store.records import as_text
from notifier.store.work import UnitOfWork

S = MessageState
D = DeliveryStatus
CARD = {"method": "online", "amount": 2_400_000, "currency": "IRR"}
TRANSFER = CARD | {"method": "bank_transfer"}
ESSENTIAL: dict[str, Any] = {"essential": True, "order_id": "10025", "source": "shop"}
PHONE = "09121234567"
PAID = "دریافت شد"
NAME = "order_preparing"
OTHER = "09127654321"


@pytest.fixture
def config(make_config: Callable[..., Config], simulator_url: str) -> Config:
    return make_config(**between(simulator_url))


def between(simulator_url: str) -> dict[str, Any]:
    return ladder(simulator_url) | {"sms__wait": {"bale": "15m"}, "sms__price": PRICES}


class Shop:
    """One order of one customer, by webhooks, and its texts."""

    def __init__(self, shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator) -> None:
        self.shop, self.service, self.clock, self.simulator = shop, service, clock, simulator
        self.desk = Desk(service, clock)

    async def event(self, kind: EventType, *, phone: str = PHONE, payment: dict[str, Any] = CARD) -> None:
        self.clock.turn(timedelta(seconds=10))
        payload = standard.event(kind, at=self.clock.now(), order_id="10025")
        payload["data"] |= {"customer": ISFAHAN | {"phone": phone}, "payment": payment}
        answer = await self.shop.post(payload)
        assert answer.status == 202, answer.body

    async def texts(self) -> dict[str, StoredMessage]:
        order = await self.service.reader.order("shop", "10025")
        assert order
        return {one.message.template: one for one in (await self.service.reader.story(order)).messages}

    async def text(self, name: str) -> StoredMessage:
        return (await self.texts())[name]

    async def essential(self) -> StoredMessage:
        (found,) = [one for one in (await self.texts()).values() if one.message.essential]
        return found

    async def settle(self) -> None:
        """Send what is ready, and what waited for its turn behind it."""
        for _ in range(3):
            await self.desk.send()
            self.clock.turn(timedelta(seconds=1))

    def by_bale(self, words: str = "") -> list[str]:
        return [one.receptor for one in self.simulator.bale.messages if words in one.text]

    def by_text(self, words: str = "") -> list[str]:
        """By text or by call: what has these words."""
        return [one.receptor for one in self.simulator.messages if words in one.text]


@pytest.fixture
def shop_day(client: Client, shop: StandardShop, service: Service, clock: StillClock, simulator: Simulator) -> Shop:
    return Shop(shop, service, clock, simulator)


async def report(day: Shop, stored: StoredMessage, status: DeliveryStatus) -> None:
    assert await day.service.sending.receipts.report(stored.provider or "", {stored.provider_id or "": status}) == 1


async def undelivered(day: Shop) -> StoredMessage:
    """The essential text of the order is not on Bale, did not arrive as a text, and waits for the call."""
    day.simulator.bale.absent = {PHONE, OTHER}
    await day.desk.send()
    await report(day, await day.essential(), D.UNDELIVERED)
    waiting = await day.essential()
    assert (waiting.state, waiting.message.route) == (S.QUEUED, ">voice>call")
    return waiting


async def test_what_news_made_pointless_on_one_rung_goes_down_to_no_other(shop_day: Shop) -> None:
    await shop_day.event(EventType.REGISTERED, payment=TRANSFER)
    await shop_day.desk.send()
    told = await shop_day.essential()
    assert (told.state, told.provider) == (S.ACCEPTED, "bale")
    await shop_day.event(EventType.CANCELLED, payment=TRANSFER)
    await shop_day.desk.pass_by(timedelta(minutes=40))
    assert told.message.text not in [one.text for one in shop_day.simulator.messages]
    ended = await shop_day.desk.stored(told.message)
    assert (ended.state, ended.reason) == (S.EXPIRED, "pointless")
    assert len(shop_day.by_bale()) == 2  # that of the beginning, and that it was cancelled
    assert await shop_day.desk.calls("undelivered_sms") == []


async def test_no_person_reads_out_what_news_made_pointless(shop_day: Shop) -> None:
    await shop_day.event(EventType.REGISTERED, payment=TRANSFER)
    told = await undelivered(shop_day)
    await shop_day.desk.send()
    shop_day.clock.turn(timedelta(minutes=5))
    await report(shop_day, await shop_day.essential(), D.UNDELIVERED)
    shop_day.clock.turn(timedelta(minutes=11))
    await shop_day.desk.send()
    last = await shop_day.essential()
    await shop_day.event(EventType.CANCELLED, payment=TRANSFER)
    await report(shop_day, last, D.UNDELIVERED)
    assert (await shop_day.desk.stored(told.message)).state is S.UNDELIVERED
    assert await shop_day.desk.calls("undelivered_sms") == []


async def test_an_order_that_is_cancelled_between_two_rungs(shop_day: Shop) -> None:
    await shop_day.event(EventType.REGISTERED, payment=TRANSFER)
    waiting = await undelivered(shop_day)
    sent = len(shop_day.simulator.messages)
    await shop_day.event(EventType.CANCELLED, payment=TRANSFER)
    await shop_day.desk.send()
    assert (await shop_day.desk.stored(waiting.message)).reason == "pointless"
    assert [one.receptor for one in shop_day.simulator.messages[sent:]] == [PHONE]  # it was cancelled
    assert "لغو" in shop_day.simulator.messages[sent].text


@pytest.mark.parametrize("partitions", [1, 5])
async def test_a_text_taken_back_on_its_way_down_goes_on_where_it_was(shop_day: Shop) -> None:
    shop_day.clock.turn_to(datetime(2026, 11, 23, 23, tzinfo=TEHRAN))
    for kind in (EventType.REGISTERED, EventType.DEPOSIT_CONFIRMED, EventType.PREPARING):
        await shop_day.event(kind, payment=TRANSFER)
    await shop_day.settle()
    shop_day.simulator.bale.absent = {PHONE}
    shop_day.simulator.faults.add(Fault(kind="code", code=418))
    shop_day.clock.turn_to(datetime(2026, 11, 24, 8, tzinfo=TEHRAN))
    await shop_day.settle()
    waiting = await shop_day.text(NAME)
    assert (waiting.state, waiting.message.route) == (S.QUEUED, ">simulator>voice>call")
    await shop_day.event(EventType.DEPOSIT_UNMATCHED, payment=TRANSFER)
    assert (await shop_day.text(NAME)).state is S.CANCELLED
    shop_day.simulator.faults.clear()
    shop_day.simulator.bale.absent = set()
    await shop_day.desk.pass_by(timedelta(minutes=10))
    await shop_day.event(EventType.DEPOSIT_CONFIRMED, payment=TRANSFER)
    assert (await shop_day.text(NAME)).state is S.QUEUED
    await shop_day.desk.pass_by(timedelta(minutes=10))
    again = await shop_day.text(NAME)
    assert (again.state, again.provider) == (S.DELIVERED, "simulator")
    assert [(one.provider, one.why) for one in again.descents] == [("bale", Unreached.ELSEWHERE)]
    assert shop_day.by_text("در حال آماده") == [PHONE]
    assert shop_day.by_bale("در حال آماده") == []


async def test_a_phone_that_is_corrected_between_two_rungs_begins_the_ladder_anew(shop_day: Shop) -> None:
    await shop_day.event(EventType.PAID)
    await shop_day.settle()
    assert shop_day.by_bale(PAID) == [PHONE]
    shop_day.clock.turn(timedelta(minutes=16))
    await shop_day.service.sending.rung_waits.tick()
    assert (await shop_day.essential()).message.route == ">simulator>voice>call"
    await shop_day.event(EventType.PREPARING, phone=OTHER)
    await shop_day.settle()
    told = await shop_day.essential()
    assert (told.state, told.provider, told.message.to) == (S.ACCEPTED, "bale", OTHER)
    assert shop_day.by_bale(PAID) == [PHONE, OTHER]
    assert shop_day.by_text(PAID) == []
    shop_day.clock.turn(timedelta(minutes=16))
    await shop_day.service.sending.rung_waits.tick()
    await shop_day.settle()
    assert (shop_day.by_bale(PAID), shop_day.by_text(PAID)) == ([PHONE, OTHER], [OTHER])


async def test_both_calls_are_made_to_a_phone_that_was_corrected(shop_day: Shop) -> None:
    await shop_day.event(EventType.PAID)
    await undelivered(shop_day)
    await shop_day.settle()
    await report(shop_day, await shop_day.essential(), D.UNDELIVERED)  # one call, and the next is due in ten minutes
    await shop_day.event(EventType.PREPARING, phone=OTHER)
    shop_day.simulator.undeliverable = {OTHER}
    shop_day.simulator.call_outcomes = {OTHER: "no_answer"}
    await shop_day.desk.pass_by(timedelta(minutes=50))
    assert [one for one in shop_day.by_text(PAID) if one == OTHER] == [OTHER] * 3  # a text and two calls
    assert await shop_day.desk.calls("undelivered_sms") == ["10025"]


async def test_what_reached_the_former_phone_has_not_reached_the_customer(shop_day: Shop) -> None:
    await shop_day.event(EventType.PAID)
    shop_day.service.sending.accounts.ladders.waits["simulator"] = timedelta(minutes=10)  # type: ignore[index]
    shop_day.simulator.bale.absent = {PHONE, OTHER}
    await shop_day.settle()
    former = await shop_day.essential()
    shop_day.clock.turn(timedelta(minutes=11))
    await shop_day.service.sending.rung_waits.tick()
    await shop_day.event(EventType.PREPARING, phone=OTHER)
    await shop_day.settle()
    assert shop_day.by_text(PAID) == [PHONE, OTHER]
    await report(shop_day, former, D.DELIVERED)
    told = await shop_day.essential()
    assert (told.state, told.provider) == (S.ACCEPTED, "simulator")
    assert await shop_day.service.sending.receipts.report("simulator", {told.provider_id or "": D.DELIVERED}) == 1
    assert (await shop_day.essential()).state is S.DELIVERED


async def test_a_customer_who_is_erased_between_two_rungs_gets_no_more(shop_day: Shop, tmp_path: Path) -> None:
    await shop_day.event(EventType.PAID)
    await undelivered(shop_day)
    sent = len(shop_day.simulator.messages)
    service = shop_day.service
    archive = Archive(tmp_path / "archive")
    await Customers(service.redis, service.reader, service.clock, archive, timedelta(days=365)).erase(PHONE)
    await shop_day.desk.pass_by(timedelta(minutes=40))
    assert len(shop_day.simulator.messages) == sent
    assert not [key async for key in service.redis.scan_iter("n:*routed*")]


async def test_an_essential_text_whose_time_is_over_between_two_rungs_is_told_by_a_person(shop_day: Shop) -> None:
    desk = shop_day.desk
    shop_day.simulator.bale.absent = {PHONE}
    await shop_day.event(EventType.PAID)
    message = await desk.queue(PHONE, **ESSENTIAL | {"expires_at": shop_day.clock.now() + timedelta(minutes=5)})
    await shop_day.settle()
    await report(shop_day, await desk.stored(message), D.UNDELIVERED)
    shop_day.clock.turn(timedelta(minutes=6))
    await desk.service.sending.expiry.sweep()
    assert await desk.state(message) is S.EXPIRED
    assert shop_day.by_text(message.text) == [message.to]
    assert await desk.calls("undelivered_sms") == ["10025"]


async def test_who_stops_the_texts_between_two_rungs_gets_only_what_is_essential(shop_day: Shop) -> None:
    desk, redis = shop_day.desk, shop_day.service.redis
    plain, needed = await desk.queue(PHONE), await desk.queue(OTHER, **ESSENTIAL)
    shop_day.simulator.bale.absent = {PHONE, OTHER}
    shop_day.simulator.faults.add(Fault(kind="code", code=418))
    await shop_day.settle()
    assert [(await desk.stored(one)).message.route for one in (plain, needed)] == [">simulator>voice>call"] * 2
    for one in (plain, needed):
        await redis.sadd(desk.keys(one).opted_out, one.to)
    shop_day.simulator.faults.clear()
    await desk.pass_by(timedelta(minutes=10))
    assert await desk.states() == [S.CANCELLED, S.DELIVERED]
    assert (await desk.stored(plain)).reason == "opted_out"


async def test_what_was_refused_by_the_last_line_is_sent_again_by_that_one(shop_day: Shop) -> None:
    desk = shop_day.desk
    message = await desk.queue(PHONE)
    shop_day.simulator.bale.absent = {PHONE}
    shop_day.simulator.faults.add(Fault(kind="code", code=411, times=1))
    await shop_day.settle()
    stored = await desk.stored(message)
    assert (stored.state, stored.provider) == (S.FAILED, "simulator")
    shop_day.simulator.bale.absent = set()
    await resend(desk.service.redis, desk.keys(message), stored, now=shop_day.clock.now())
    await shop_day.settle()
    assert (await desk.stored(message)).provider == "simulator"
    assert (shop_day.by_bale(), len(shop_day.by_text())) == ([], 1)


async def test_a_ladder_that_begins_anew_tries_no_rung_twice(shop_day: Shop) -> None:
    """Where the lines that were left to a text are gone, it goes by the ladder of all."""
    desk = shop_day.desk
    message = await desk.queue(PHONE, **ESSENTIAL)
    await desk.send()
    assert len(shop_day.by_bale()) == 1
    shop_day.clock.turn(timedelta(minutes=16))
    await desk.service.sending.rung_waits.tick()
    stored, keys = await desk.stored(message), desk.keys(message)
    unit = UnitOfWork()
    unit.do("HSET", keys.message(message.id), "message", as_text(replace(stored.message, route="")))
    unit.do("HDEL", keys.message(message.id), "route")
    unit.move(message.id, source=keys.routed(stored.message.route), target=keys.outbox)
    await work.commit(desk.service.redis, [unit])
    await shop_day.settle()
    assert (len(shop_day.by_bale()), len(shop_day.by_text())) == (1, 1)
    assert [one.provider for one in (await desk.stored(message)).descents] == ["bale"]


async def test_a_text_between_two_rungs_is_moved_with_its_customer(
    make_config: Callable[..., Config], simulator_url: str, clock: StillClock, simulator: Simulator, redis: Redis
) -> None:
    async with Service(make_config(**between(simulator_url)), clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock)
        simulator.bale.absent = {f"0912{number:07}" for number in range(20)}
        simulator.faults.add(Fault(kind="code", code=418))
        for number in range(20):
            await desk.queue(f"0912{number:07}", essential=True)
        await desk.send()
        assert {(await desk.stored(one)).message.route for one in desk.queued} == {">simulator>voice>call"}
        queued = desk.queued
    await layout.begin_move(redis, 4, clock.now())
    await Mover(redis, 4).move()
    await layout.end_move(redis, 4)
    simulator.faults.clear()
    clock.turn(timedelta(minutes=10))
    wide = make_config(**between(simulator_url), redis__partitions=4)
    async with Service(wide, clock=clock, roles=["web"]) as service:
        desk = Desk(service, clock, queued)
        await desk.pass_by(timedelta(minutes=20))
        assert await desk.states() == [S.DELIVERED] * 20
    assert len(simulator.messages) == 20
    assert simulator.bale.messages == []


async def test_the_figures_count_a_text_once_that_a_rung_left_behind_brought(shop_day: Shop) -> None:
    desk, service = shop_day.desk, shop_day.service
    message = await desk.queue(PHONE, **ESSENTIAL)
    shop_day.simulator.bale.absent = {PHONE}
    service.sending.accounts.ladders.waits["simulator"] = timedelta(minutes=10)  # type: ignore[index]
    await desk.send()
    taken = await desk.stored(message)
    shop_day.clock.turn(timedelta(minutes=11))
    await service.sending.rung_waits.tick()
    await report(shop_day, taken, D.DELIVERED)
    assert await desk.state(message) is S.DELIVERED
    counted = await line_counts.read(service.redis, service.reader.everywhere, shop_day.clock.now().date(), 1)
    assert [(one.line, one.sent, one.reached) for one in line_counts.by_line(counted)] == [("simulator", 1, 1)]
    assert sum(sum(day.sent.values()) for day in counted) == 1


@pytest.mark.parametrize("line", ["bale", "voice"])
async def test_an_alert_about_a_rung_leaves_by_the_texts(shop_day: Shop, line: str) -> None:
    await hire(shop_day.service)
    await shop_day.service.sending.alerts.tell(f"paused:{line}", "خط از کار افتاد.")
    shop_day.simulator.faults.add(Fault(kind="http_error", method="bale/send_message"))
    await shop_day.settle()
    assert shop_day.by_text("خط از کار افتاد.") == [BOSS.phone]
    assert shop_day.by_bale() == []


async def test_a_text_may_have_a_ladder_of_its_own_in_its_header(
    make_config: Callable[..., Config],
    simulator_url: str,
    clock: StillClock,
    simulator: Simulator,
    redis: Redis,
    tmp_path: Path,
) -> None:
    shipped = Path(__file__).parents[2] / "templates"
    folder = tmp_path / "templates"
    shutil.copytree(shipped, folder)
    text = (folder / "payment_succeeded_elsewhere.txt").read_text(encoding="utf-8")
    own = text.replace('audience = "customer"\n', 'audience = "customer"\nladder = ["simulator", "bale", "call"]\n', 1)
    (folder / "payment_succeeded_elsewhere.txt").write_text(own, encoding="utf-8")
    config = make_config(**between(simulator_url), templates__folder=str(folder))
    async with Service(config, clock=clock, roles=["web"]) as service:
        assert ">simulator>bale>call" in service.sending.accounts.routes
        about = Details(phone=PHONE, city="اصفهان", method=PaymentMethod.ONLINE, amount=1_000_000)
        event = Event(id="1", type=EventType.PAID, source="shop", order_id="10025", at=clock.now(), details=about)
        await service.take(event)
        desk = Desk(service, clock)
        await desk.send()
        (one,) = simulator.messages
        assert simulator.bale.messages == []
        await service.sending.receipts.report("simulator", {str(one.messageid): D.BLOCKED})
        await desk.send()
        assert [sent.receptor for sent in simulator.bale.messages] == [PHONE]
        assert len(simulator.messages) == 1
