"""A ladder of lines over real HTTP: who is reached by which rung, and by none twice."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from outbox_driver import Desk
from redis.asyncio import Redis

from notifier.clock import StillClock
from notifier.domain.ladder import Unreached
from notifier.domain.messages import Audience, Message, MessageState
from notifier.service.process import Service
from notifier.simulator import Fault, Simulator, create_app
from notifier.simulator.records import Ripening
from notifier.sms.explain import explain
from notifier.sms.outbox import ClaimedMessage, claim
from notifier.sms.providers.base import DeliveryStatus, Outgoing

S = MessageState
D = DeliveryStatus
PHONE = "09121234567"
ESSENTIAL: dict[str, Any] = {"essential": True, "order_id": "10025", "source": "shop"}
LADDER = ["bale", "kavenegar", "voice", "call"]


class Ladder:
    """A service with three lines at two simulators, and what reached people by each."""

    def __init__(self, desk: Desk, texts: Simulator, calls: Simulator) -> None:
        self.desk, self.texts, self.calls = desk, texts, calls

    @property
    def bale(self) -> Any:
        return self.texts.bale

    def sent(self) -> tuple[int, int, int]:
        """By bale, by text, by call."""
        return len(self.bale.messages), len(self.texts.messages), len(self.calls.messages)

    async def report(self, line: str, place: int, status: DeliveryStatus) -> int:
        """Have a line report what became of a message that it took."""
        at = self.calls if line == "voice" else self.texts
        name = str(at.messages[place].messageid)
        return await self.desk.service.sending.receipts.report(line, {name: status})

    async def whys(self, message: Message) -> list[tuple[str, Unreached]]:
        return [(one.provider, one.why) for one in (await self.desk.stored(message)).descents]


Open = Callable[..., AbstractAsyncContextManager[Ladder]]


@pytest.fixture
def opened(
    make_config: Callable[..., Any],
    clock: StillClock,
    redis: Redis,
    aiohttp_server: Callable[..., Awaitable[TestServer]],
) -> Open:
    @asynccontextmanager
    async def opened(*, ladder: list[str] = LADDER, **settings: Any) -> AsyncIterator[Ladder]:
        texts, calls = Simulator(clock=clock), Simulator(clock=clock)
        at = await aiohttp_server(create_app(texts, callbacks_every=None))
        phones = await aiohttp_server(create_app(calls, callbacks_every=None))
        lines: dict[str, Any] = {
            "bale": {
                "kind": "bale",
                "api_key": "simulator",
                "bot_id": 123,
                "price": 700,
                "base_url": str(at.make_url("/bale/api/v3")),
            },
            "kavenegar": {"api_key": "simulator", "base_url": str(at.make_url("/v1"))},
            "voice": {
                "kind": "kavenegar_voice",
                "api_key": "simulator",
                "price": 4000,
                "base_url": str(phones.make_url("/v1")),
            },
        }
        said = {f"providers__{name}": section for name, section in lines.items()} | {
            "sms__provider": "kavenegar",
            "sms__ladder": ladder,
            "sms__price": {"persian": 2500, "latin": 1500, "lookup": 2500},
        }
        async with Service(make_config(**(said | settings)), clock=clock, roles=["web"]) as service:
            yield Ladder(Desk(service, clock), texts, calls)

    return opened


async def test_who_is_on_bale_gets_it_there_and_nowhere_else(opened: Open) -> None:
    async with opened() as ladder:
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        await ladder.desk.pass_by(timedelta(hours=50), step=timedelta(hours=1))
        assert await ladder.desk.state(message) is S.ACCEPTED
        assert ladder.sent() == (1, 0, 0)


@pytest.mark.parametrize("essential", [True, False])
async def test_who_is_not_on_bale_is_texted_at_once(opened: Open, essential: bool) -> None:
    async with opened() as ladder:
        ladder.bale.absent = {PHONE}
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL | {"essential": essential})
        await ladder.desk.send()
        stored = await ladder.desk.stored(message)
        assert (stored.state, stored.provider) == (S.ACCEPTED, "kavenegar")
        assert await ladder.whys(message) == [("bale", Unreached.ELSEWHERE)]
        assert stored.descents[0].code == 17
        assert ladder.sent() == (0, 1, 0)


async def test_who_is_not_on_bale_is_not_asked_about_for_days(opened: Open, clock: StillClock, redis: Redis) -> None:
    async with opened() as ladder:
        ladder.bale.absent = {PHONE}
        await ladder.desk.queue(to=PHONE)
        await ladder.desk.send()
        key = ladder.desk.keys(ladder.desk.queued[0]).absent(PHONE)
        assert 6 * 24 * 3600 < await redis.ttl(key) <= 7 * 24 * 3600
        ladder.texts.faults.add(Fault(kind="drop", method="bale/send_message"))
        second = await ladder.desk.queue(to=PHONE)
        await ladder.desk.send()
        assert await ladder.whys(second) == [("bale", Unreached.KNOWN_ELSEWHERE)]
        assert await ladder.desk.state(second) is S.ACCEPTED
        assert ladder.texts.faults.in_force  # nobody asked
        ladder.texts.faults.clear()
        await redis.delete(key)  # the days are over, and the customer has an account now
        ladder.bale.absent = set()
        await ladder.desk.queue(to=PHONE)
        await ladder.desk.send()
        assert ladder.sent() == (1, 2, 0)


@pytest.mark.parametrize(
    ("status", "why"),
    [(D.UNDELIVERED, Unreached.UNDELIVERED), (D.BLOCKED, Unreached.BLOCKED), (D.FAILED, Unreached.UNDELIVERED)],
)
async def test_what_was_reported_not_to_arrive_is_read_out_and_then_told_by_a_person(
    opened: Open, status: DeliveryStatus, why: Unreached
) -> None:
    async with opened() as ladder:
        ladder.bale.absent = {PHONE}
        message = await ladder.desk.queue(to=PHONE, text="سفارش ۱۰۰۲۵ پرداخت شد.", **ESSENTIAL)
        await ladder.desk.send()
        assert await ladder.report("kavenegar", 0, status) == 1
        assert await ladder.desk.state(message) is S.QUEUED
        assert await ladder.report("kavenegar", 0, status) == 1  # once more, which changes nothing
        await ladder.desk.send()
        assert ladder.sent() == (0, 1, 1)
        await ladder.report("voice", 0, D.UNDELIVERED)
        await ladder.desk.send()
        assert ladder.sent() == (0, 1, 1)  # who did not pick up is left alone for a while
        await ladder.desk.pass_by(timedelta(minutes=11))
        assert ladder.sent() == (0, 1, 2)
        assert await ladder.desk.calls("undelivered_sms") == []
        await ladder.report("voice", 1, D.UNDELIVERED)
        await ladder.desk.pass_by(timedelta(minutes=30))
        assert ladder.sent() == (0, 1, 2)
        assert await ladder.desk.state(message) is S.UNDELIVERED
        assert await ladder.whys(message) == [
            ("bale", Unreached.ELSEWHERE),
            ("kavenegar", why),
            ("voice", Unreached.UNDELIVERED),
        ]
        assert await ladder.desk.calls("undelivered_sms") == ["10025"]
        (call,) = [one async for one in _calls(ladder)]
        reason = call.call.reasons[0]
        assert reason.words == "سفارش ۱۰۰۲۵ پرداخت شد."
        assert [one.partition("،")[0] for one in reason.tried] == ["بله", "پیامک", "تماس گویا", "تماس گویا"]


async def _calls(ladder: Ladder) -> AsyncIterator[Any]:
    reader = ladder.desk.service.reader
    sets = [(keys, keys.calls(state)) for keys in reader.everywhere for state in ("scheduled", "due")]
    for stored in await reader.calls((await reader.page(sets, after=None, size=10)).members):
        yield stored


async def test_what_is_not_essential_ends_with_the_texts(opened: Open) -> None:
    async with opened() as ladder:
        ladder.bale.absent = {PHONE}
        message = await ladder.desk.queue(to=PHONE, order_id="10025", source="shop")
        await ladder.desk.send()
        await ladder.report("kavenegar", 0, D.UNDELIVERED)
        await ladder.desk.pass_by(timedelta(minutes=30))
        assert await ladder.desk.state(message) is S.UNDELIVERED
        assert ladder.sent() == (0, 1, 0)
        assert await ladder.desk.calls("undelivered_sms") == []


async def test_nobody_is_read_out_to_at_night(opened: Open, clock: StillClock) -> None:
    async with opened() as ladder:
        zone = clock.now().tzinfo
        clock.turn(datetime(2026, 11, 23, 23, 30, tzinfo=zone) - clock.now())
        await ladder.desk.queue(to=PHONE, keeps_quiet_hours=False, **ESSENTIAL)
        ladder.bale.absent = {PHONE}
        await ladder.desk.send()
        await ladder.report("kavenegar", 0, D.UNDELIVERED)
        await ladder.desk.pass_by(timedelta(hours=8), step=timedelta(minutes=10))
        assert ladder.sent() == (0, 1, 0)
        await ladder.desk.pass_by(timedelta(hours=2), step=timedelta(minutes=10))
        assert ladder.sent() == (0, 1, 1)


@pytest.mark.parametrize("essential", [True, False])
async def test_bale_says_nothing_and_after_its_time_the_next_rung_has_it(opened: Open, essential: bool) -> None:
    async with opened(sms__wait={"bale": "10m"}) as ladder:
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL | {"essential": essential})
        await ladder.desk.send()
        await ladder.desk.pass_by(timedelta(minutes=9))
        assert ladder.sent() == (1, 0, 0)
        await ladder.desk.pass_by(timedelta(minutes=6))
        assert ladder.sent() == ((1, 1, 0) if essential else (1, 0, 0))
        if essential:
            assert await ladder.whys(message) == [("bale", Unreached.NO_REPORT)]
        await ladder.desk.pass_by(timedelta(hours=1))
        assert ladder.sent()[0] == 1


async def test_a_wait_may_be_of_a_channel_and_of_a_line_that_reports(opened: Open) -> None:
    async with opened(ladder=["kavenegar", "voice", "call"], sms__wait={"sms": "10m"}) as ladder:
        kept = await ladder.desk.queue(to="09120000001", **ESSENTIAL)
        lost = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        by_phone = {one.receptor: place for place, one in enumerate(ladder.texts.messages)}
        await ladder.report("kavenegar", by_phone["09120000001"], D.DELIVERED)
        await ladder.desk.service.sending.rung_waits.tick()
        ladder.desk.clock.turn(timedelta(minutes=11))
        await ladder.desk.service.sending.rung_waits.tick()
        await ladder.desk.send()
        assert await ladder.desk.state(kept) is S.DELIVERED
        assert await ladder.whys(lost) == [("kavenegar", Unreached.NO_REPORT)]
        assert ladder.sent() == (0, 2, 1)


async def test_no_report_of_the_last_line_is_told_by_a_person(opened: Open) -> None:
    async with opened(ladder=["bale", "call"], sms__wait={"bale": "10m"}) as ladder:
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        await ladder.desk.pass_by(timedelta(minutes=20))
        assert await ladder.desk.state(message) is S.ACCEPTED
        assert await ladder.desk.calls("undelivered_sms") == ["10025"]
        await ladder.desk.pass_by(timedelta(hours=1))
        assert await ladder.desk.calls("undelivered_sms") == ["10025"]


async def test_a_ladder_without_a_person_ends_with_its_last_line(opened: Open) -> None:
    async with opened(ladder=["bale", "kavenegar"]) as ladder:
        ladder.bale.absent = {PHONE}
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        await ladder.report("kavenegar", 0, D.UNDELIVERED)
        assert await ladder.desk.state(message) is S.UNDELIVERED
        assert await ladder.desk.calls("undelivered_sms") == []


@pytest.mark.parametrize("begun", ["queued", "accepted"])
async def test_a_rung_that_was_given_up_reports_late_that_it_arrived(opened: Open, begun: str) -> None:
    async with opened(ladder=["kavenegar", "voice", "call"], sms__wait={"kavenegar": "10m"}) as ladder:
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        ladder.desk.clock.turn(timedelta(minutes=11))
        await ladder.desk.service.sending.rung_waits.tick()
        assert await ladder.desk.state(message) is S.QUEUED
        if begun == "accepted":
            await ladder.desk.send()
            assert await ladder.desk.state(message) is S.ACCEPTED
        assert await ladder.report("kavenegar", 0, D.DELIVERED) == 1
        assert await ladder.report("kavenegar", 0, D.DELIVERED) == 1
        stored = await ladder.desk.stored(message)
        assert stored.state is S.DELIVERED
        assert stored.descents[0].arrived is not None
        if begun == "accepted":
            await ladder.report("voice", 0, D.UNDELIVERED)
        await ladder.desk.pass_by(timedelta(hours=1))
        assert await ladder.desk.state(message) is S.DELIVERED
        assert ladder.sent() == (0, 1, 1 if begun == "accepted" else 0)
        assert await ladder.desk.calls("undelivered_sms") == []


async def test_a_late_report_is_asked_for_where_nobody_calls_us(opened: Open) -> None:
    async with opened(ladder=["kavenegar", "voice", "call"], sms__wait={"kavenegar": "2m"}) as ladder:
        ladder.texts.ripen_after = Ripening(settled=timedelta(minutes=20))
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        ladder.desk.clock.turn(timedelta(minutes=3))
        await ladder.desk.service.sending.rung_waits.tick()
        await ladder.desk.send()
        assert ladder.sent() == (0, 1, 1)
        ladder.desk.clock.turn(timedelta(minutes=30))
        await ladder.desk.service.sending.receipts.poll()
        assert (await ladder.desk.stored(message)).descents[0].arrived is not None


async def test_a_late_refusal_of_a_rung_that_was_given_up_changes_nothing(opened: Open) -> None:
    async with opened(ladder=["kavenegar", "voice", "call"], sms__wait={"kavenegar": "10m"}) as ladder:
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        ladder.desk.clock.turn(timedelta(minutes=11))
        await ladder.desk.service.sending.rung_waits.tick()
        await ladder.desk.send()
        for _ in range(2):
            await ladder.report("kavenegar", 0, D.UNDELIVERED)
        stored = await ladder.desk.stored(message)
        assert (stored.state, stored.provider, len(stored.descents)) == (S.ACCEPTED, "voice", 1)


async def test_a_key_of_bale_that_is_taken_back_stops_no_text(opened: Open) -> None:
    async with opened() as ladder:
        ladder.bale.api_key = "another"
        for number in range(5):
            await ladder.desk.queue(to=f"0912000000{number}")
        await ladder.desk.send()
        assert await ladder.desk.states() == [S.ACCEPTED] * 5
        assert ladder.sent() == (0, 5, 0)
        assert any("bale" in alert.decode() for alert in await ladder.desk.alerts())


async def test_bale_is_down_for_an_hour(opened: Open) -> None:
    async with opened(sms__wait={"bale": "5m"}) as ladder:
        ladder.texts.faults.add(Fault(kind="http_error", status=503, method="bale/send_message", times=10**6))
        for number in range(6):
            await ladder.desk.queue(to=f"0912000000{number}", **ESSENTIAL)
        await ladder.desk.send()
        await ladder.desk.pass_by(timedelta(hours=1))
        assert await ladder.desk.states() == [S.DELIVERED] * 6
        assert ladder.sent() == (0, 6, 0)
        ladder.texts.faults.clear()
        await ladder.desk.pass_by(timedelta(minutes=20))
        await ladder.desk.queue(to="09120000009")
        await ladder.desk.send()
        assert ladder.sent() == (1, 6, 0)


async def test_a_lost_answer_is_never_sent_twice_by_the_same_rung(opened: Open) -> None:
    async with opened(sms__wait={"bale": "10m"}) as ladder:
        ladder.texts.faults.add(Fault(kind="drop", method="bale/send_message", accepted=True, times=10**6))
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        other = await ladder.desk.queue(to="09120000001")
        await ladder.desk.send()
        await ladder.desk.pass_by(timedelta(minutes=30))
        assert len([one for one in ladder.bale.messages if one.receptor == PHONE]) == 1
        assert await ladder.whys(message) == [("bale", Unreached.UNKNOWN)]
        assert [one.receptor for one in ladder.texts.messages] == [PHONE]
        assert await ladder.desk.state(other) in (S.QUEUED, S.UNKNOWN)  # one copy is enough of what is not essential


async def test_a_ladder_of_its_own(opened: Open) -> None:
    async with opened(ladder=["kavenegar", "call"]) as ladder:
        await ladder.desk.service.sending.routes.begin()
        accounts = ladder.desk.service.sending.accounts
        accounts.routes.add(">kavenegar>call")
        message = await ladder.desk.queue(to=PHONE, route=">kavenegar>call", **ESSENTIAL)
        await ladder.desk.send()
        assert await ladder.desk.state(message) is S.ACCEPTED


async def test_staff_are_texted_whatever_the_ladder(opened: Open) -> None:
    async with opened() as ladder:
        message = await ladder.desk.queue(to=PHONE, audience=Audience.STAFF)
        await ladder.desk.send()
        stored = await ladder.desk.stored(message)
        assert (stored.state, stored.provider, stored.descents) == (S.ACCEPTED, "kavenegar", [])


async def test_the_story_tells_each_rung(opened: Open) -> None:
    async with opened() as ladder:
        ladder.bale.absent = {PHONE}
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        await ladder.desk.send()
        await ladder.report("kavenegar", 0, D.BLOCKED)
        await ladder.desk.send()
        story = "\n".join(explain(await ladder.desk.stored(message)))
        assert "bale" in story
        assert "has nobody with this number" in story
        assert "the next rung" in story


@pytest.mark.parametrize("sent", [True, False])
async def test_a_worker_that_dies_on_the_second_rung_sends_by_it_once(opened: Open, sent: bool) -> None:
    """It had the text in hand, and had it taken by the line or not: whoever takes over says it under the same id."""
    async with opened() as ladder:
        ladder.bale.absent = {PHONE}
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        service, now = ladder.desk.service, ladder.desk.clock.now()
        bale, texts, _ = service.sending.accounts.each
        taken = await _claim(ladder, bale.name, "")
        await service.sender.dispatch.send(bale, await bale.standing(), taken)
        assert await ladder.desk.state(message) is S.QUEUED
        (one,) = await _claim(ladder, texts.name, ">kavenegar>voice>call")
        assert one.first == now
        if sent:
            await texts.provider.send([Outgoing(id=int(message.id), to=PHONE, text=message.text)])
        ladder.desk.clock.turn(timedelta(minutes=2))
        await ladder.desk.send()
        assert ladder.sent() == (0, 1, 0)
        assert await ladder.desk.state(message) in (S.ACCEPTED, S.DELIVERED)
        assert await ladder.whys(message) == [("bale", Unreached.ELSEWHERE)]


async def test_a_worker_that_dies_before_it_writes_down_an_answer_asks_once_more(opened: Open) -> None:
    async with opened() as ladder:
        message = await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        bale = ladder.desk.service.sending.accounts.each[0]
        (one,) = await _claim(ladder, bale.name, "")
        await bale.provider.send([Outgoing(id=int(message.id), to=PHONE, text=message.text)])
        assert one.message.id == message.id
        ladder.desk.clock.turn(timedelta(minutes=2))
        await ladder.desk.send()
        assert ladder.sent() == (1, 0, 0)
        assert await ladder.desk.state(message) is S.ACCEPTED


async def _claim(ladder: Ladder, line: str, route: str) -> list[ClaimedMessage]:
    service, desk = ladder.desk.service, ladder.desk
    return await claim(
        service.redis,
        desk.keys(desk.queued[0]),
        line,
        bound=False,
        route=route,
        now=desk.clock.now(),
        lease=timedelta(seconds=60),
        count=1,
    )


async def test_what_a_ladder_left_goes_on_when_the_ladder_is_gone(
    opened: Open, clock: StillClock, redis: Redis
) -> None:
    async with opened() as ladder:
        ladder.bale.absent = {PHONE}
        await ladder.desk.queue(to=PHONE, **ESSENTIAL)
        bale = ladder.desk.service.sending.accounts.each[0]
        await ladder.desk.service.sender.dispatch.send(bale, await bale.standing(), await _claim(ladder, "bale", ""))
        message = ladder.desk.queued[0]
    async with opened(ladder=["bale", "kavenegar"]) as changed:
        await changed.desk.service.sending.routes.tick()
        await changed.desk.send()
        stored = await changed.desk.stored(message)
        assert (stored.state, stored.provider) == (S.ACCEPTED, "kavenegar")
        assert changed.sent() == (0, 1, 0)


async def test_money_that_is_spent_holds_the_next_rung_too(opened: Open) -> None:
    limits = {"rial_day": 3000, "number_hour": 0, "number_day": 0, "number_day_essential": 0}
    async with opened(ladder=["kavenegar", "voice", "call"], sms__limits=limits) as ladder:
        message = await ladder.desk.queue(to=PHONE, text="سلام", **ESSENTIAL)
        await ladder.desk.send()
        await ladder.report("kavenegar", 0, D.UNDELIVERED)
        await ladder.desk.send()  # a call is taken to cost 4000 rial
        assert (await ladder.desk.stored(message)).reason == "rial_day"
        assert ladder.sent() == (0, 1, 0)
