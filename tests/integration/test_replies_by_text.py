"""What customers write back to texts that ask something, over HTTP and from the simulator's line."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from outbox_driver import Desk
from redis.asyncio import Redis
from shops import ApiUser, Client, StandardShop, standard_fixture

from notifier.clock import StillClock
from notifier.domain.text_answers import ReplyRules
from notifier.observability import counters
from notifier.service.process import Service
from notifier.simulator import Simulator
from notifier.store import daily
from notifier.store.keys import Keys

PHONE = "09121234567"
PATH = "/callbacks/kavenegar/test-callback-token/inbound"
ORDER = "91001"
SLOT = {"date": "2026-11-25", "from": "16:00", "to": "19:00"}

Say = Callable[..., Awaitable[None]]


@pytest.fixture
def desk(service: Service, clock: StillClock) -> Desk:
    return Desk(service, clock)


@pytest.fixture
def say(client: Client, simulator: Simulator) -> Say:
    """The customer writes to the line, and the provider hands it over."""
    simulator.inbound_callback_url = str(client.make_url(PATH))

    async def said(text: str, *, sender: str = PHONE) -> None:
        await simulator.receive_from_customer(sender, text)

    return said


class Story:
    """An order whose news the shop posts, and whose texts leave at once."""

    def __init__(self, shop: StandardShop, desk: Desk, api: ApiUser, clock: StillClock) -> None:
        self.shop, self.desk, self.api, self.clock = shop, desk, api, clock

    async def happens(self, kind: str, *, order: str = ORDER, **data: Any) -> None:
        payload = standard_fixture("order.registered__tehran_cash")
        registered = payload["data"] | {"customer": payload["data"]["customer"] | {"phone": PHONE}}
        known = registered if kind == "order.registered" else {}
        answer = await self.shop.post(
            {"type": kind, "timestamp": self.clock.now().isoformat(), "data": known | data | {"order_id": order}}
        )
        assert answer.status == 202, answer.body
        await self.desk.send()
        self.clock.turn(timedelta(minutes=5))

    async def events(self, order: str = ORDER) -> list[str]:
        lines = (await self.api.get(f"/orders/{order}")).body["timeline"]
        return [line["what"] for line in lines if line["kind"] == "event"]

    async def shown(self, order: str = ORDER) -> dict[str, Any]:
        return dict((await self.api.get(f"/orders/{order}")).body)

    async def open_calls(self) -> set[str]:
        return {
            call["purpose"] for call in await self.api.items("/calls") if call["state"] not in ("done", "cancelled")
        }


@pytest.fixture
async def story(shop: StandardShop, desk: Desk, api: ApiUser, clock: StillClock) -> Story:
    return Story(shop, desk, api, clock)


@pytest.mark.parametrize("text", ["1", "۱", "١", "بله", "تاييد", "باشه ممنون"])
async def test_a_cash_order_is_confirmed(story: Story, say: Say, text: str) -> None:
    await story.happens("order.registered")
    await say(text)
    assert await story.events() == ["order.registered", "order.confirmed"]
    assert await story.desk.calls("callback") == []
    lines = (await story.shown())["timeline"]
    assert [line["extra"]["text"] for line in lines if line["kind"] == "inbound"] == [text]


async def test_another_time_keeps_the_one_that_stands_and_is_phoned_about(story: Story, say: Say) -> None:
    await story.happens("order.registered")
    await story.happens("delivery.agreed", delivery=SLOT)
    await say("۲")
    assert (await story.events())[-1] == "order.callback_requested"
    shown = await story.shown()
    assert (shown["delivery"]["date"], shown["delivery"]["from"]) == ("2026-11-25", "16:00")
    assert await story.desk.calls("callback") == [ORDER]
    (call,) = [one for one in await story.api.items("/calls") if one["purpose"] == "callback"]
    found = await story.desk.service.reader.call(call["id"])
    assert found is not None
    assert [one.words for one in found.call.reasons if one.words] == ["زمان دیگری برای تحویل می‌خواهد."]


async def test_the_later_answer_stands(story: Story, say: Say) -> None:
    await story.happens("order.registered")
    await story.happens("delivery.agreed", delivery=SLOT)
    for text, open_call in (("1", False), ("2", True), ("1", False), ("2", True), ("نه", True), ("بله", False)):
        await say(text)
        story.clock.turn(timedelta(minutes=1))
        assert ("callback" in await story.open_calls()) is open_call, text


async def test_a_mark_after_the_delivery(story: Story, say: Say, redis: Redis) -> None:
    await story.happens("order.registered")
    await story.happens("order.delivered")
    marks = counters.MARKS.labels(5)._value.get()
    await say("۵")
    assert (await story.events())[-1] == "order.rated"
    assert counters.MARKS.labels(5)._value.get() == marks + 1
    counted: Any = await redis.hgetall(Keys(0).day(f"{story.clock.now():%Y-%m-%d}"))  # type: ignore[misc]
    assert daily.read(counted).marks == {5: 1}
    assert await story.desk.calls("satisfaction") == []


async def test_a_low_mark_is_phoned_about_and_a_better_one_later_is_not(story: Story, say: Say, redis: Redis) -> None:
    await story.happens("order.registered")
    await story.happens("order.delivered")
    await say("۲ از ۵")
    assert await story.desk.calls("satisfaction") == [ORDER]
    (call,) = [one for one in await story.api.items("/calls") if one["purpose"] == "satisfaction"]
    shown = (await story.api.get(f"/calls/{call['id']}")).body
    assert "نمرهٔ مشتری: ۲ از ۵" in shown["brief"]
    story.clock.turn(timedelta(minutes=1))
    await say("4")
    assert "satisfaction" not in await story.open_calls()
    counted: Any = await redis.hgetall(Keys(0).day(f"{story.clock.now():%Y-%m-%d}"))  # type: ignore[misc]
    assert +daily.read(counted).marks == {4: 1}


async def test_the_same_text_handed_over_again_counts_once(
    story: Story, client: Client, service: Service, redis: Redis
) -> None:
    await story.happens("order.registered")
    await story.happens("order.delivered")
    fields = {"from": PHONE, "to": "10004346", "message": "1", "messageid": "77"}
    for _ in range(3):
        async with client.post(PATH, data=fields) as answer:
            assert answer.status == 200
        await redis.delete(Keys(0).seen(" inbound", "77"))  # as where the process died before it was known
    assert (await story.events()).count("order.rated") == 1
    assert await story.desk.calls("satisfaction") == [ORDER]


@pytest.mark.parametrize("text", ["۱۱", "لغو۱۱", "STOP"])
async def test_words_that_stop_texts_win(story: Story, say: Say, redis: Redis, text: str) -> None:
    await story.happens("order.registered")
    await say(text)
    assert await redis.sismember(Keys(0).opted_out, PHONE)
    assert await story.events() == ["order.registered"]


async def test_an_answer_to_nothing_is_for_a_person(story: Story, say: Say) -> None:
    await say("1")
    assert await story.desk.calls("callback") == [""]


async def test_an_answer_after_too_long_is_for_a_person(story: Story, say: Say) -> None:
    await story.happens("order.registered")
    story.clock.turn(timedelta(days=3, minutes=1))
    await say("1")
    assert await story.events() == ["order.registered"]
    assert await story.desk.calls("callback") == [ORDER]


async def test_an_answer_before_the_text_has_left_is_for_a_person(story: Story, say: Say, shop: StandardShop) -> None:
    payload = standard_fixture("order.registered__tehran_cash")
    payload["data"]["customer"]["phone"] = PHONE
    order = (await shop.post(payload)).body["order_id"]
    await say("1")
    assert await story.events(order) == ["order.registered"]


@pytest.mark.parametrize("text", ["1", "2", "بله"])
async def test_an_answer_about_a_cancelled_order_is_for_a_person(story: Story, say: Say, text: str) -> None:
    await story.happens("order.registered")
    await story.shop.post(
        {"type": "order.cancelled", "timestamp": story.clock.now().isoformat(), "data": {"order_id": ORDER}}
    )
    await say(text)
    assert await story.events() == ["order.registered", "order.cancelled"]
    assert await story.desk.calls("callback") == [ORDER]


async def test_a_time_that_was_changed_meanwhile_is_not_confirmed(story: Story, say: Say) -> None:
    await story.happens("order.registered")
    await story.happens("delivery.agreed", delivery=SLOT)
    changed = {"order_id": ORDER, "delivery": SLOT | {"date": "2026-11-26"}}
    await story.shop.post(
        {"type": "delivery.changed", "timestamp": story.clock.now().isoformat(), "data": changed}
    )  # its text has not left yet
    await say("1")
    assert "order.confirmed" not in await story.events()
    assert await story.desk.calls("callback") == [ORDER]


async def test_of_two_orders_the_one_whose_text_asked_last(story: Story, say: Say) -> None:
    await story.happens("order.registered", order="91001")
    await story.happens("order.registered", order="91002")
    await story.happens("delivery.agreed", order="91001", delivery=SLOT)
    await say("1")
    assert (await story.events("91001"))[-1] == "order.confirmed"
    assert "order.confirmed" not in await story.events("91002")


@pytest.mark.parametrize("text", ["3", "بله ولی ساعت ۵ بیایید", "؟"])
async def test_what_is_not_understood_is_for_a_person(story: Story, say: Say, text: str) -> None:
    await story.happens("order.registered")
    await say(text)
    assert await story.events() == ["order.registered"]
    assert await story.desk.calls("callback") == [ORDER]


async def test_where_replies_are_not_enabled_all_is_for_a_person(story: Story, service: Service) -> None:
    await story.happens("order.registered")
    inbox = replace(service.sending.inbox, rules=ReplyRules(enabled=False))
    await inbox.receive("1", PHONE, "1")
    assert await story.events() == ["order.registered"]
    assert await story.desk.calls("callback") == [ORDER]
